"""UUIDv7 inside (RFC 9562, sortable by time), human references outside."""

import secrets
import time
from uuid import UUID

# Crockford's base 32 without the letters people confuse.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def uuid7() -> UUID:
    """A new identifier. The standard library has it only from Python 3.14.

    The twelve bits after the milliseconds are a fraction of one (RFC 9562, 6.2, method 3), so that
    two ids one process makes a microsecond apart sort as they were made.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = (rest << 12) // 1_000_000
    stamp = (milliseconds & (2**48 - 1)) << 16 | 0x7 << 12 | fraction
    return UUID(int=stamp << 64 | 0x2 << 62 | secrets.randbits(62))


def reference(prefix: str) -> str:
    """A reference people can read out: ``D-7K3MQ0TR`` is a deposit. 40 random bits."""
    return f"{prefix}-" + "".join(secrets.choice(_ALPHABET) for _ in range(8))
