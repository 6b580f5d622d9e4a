"""Passwords: what may be one, and how it is hashed (Argon2id)."""

import re
from collections.abc import Iterable
from functools import cache
from threading import BoundedSemaphore
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from operational.access.errors import PasswordWeak

PasswordHash = NewType("PasswordHash", str)

LENGTH_MIN = 8
LENGTH_MAX = 1024
"""Checked before hashing, so that a ten-megabyte password costs nothing."""

# OWASP's second set; measured at 69 ms a hash on our two-core machine.
_HASHER = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
# Four at once hold 184 MB; more would let a crowd at the door take the machine's memory.
_SEATS = BoundedSemaphore(4)

BRAND = "kingpost"
_WORD_MIN = 4
"""Shorter words, such as a family name Li, stand in many a good password by chance."""


def check_strength(password: str, *about: str, field: str = "password") -> None:
    """Refuse what is too short, too long, on everybody's list, or little more than a known word.

    Args:
        password: as typed.
        about: what others know of the person: e-mail, name.
        field: where the sentence is shown.

    Raises:
        PasswordWeak: with that sentence.
    """
    if len(password) < LENGTH_MIN:
        raise PasswordWeak(f"Use at least {LENGTH_MIN} characters; 15 or more are better.", field)
    if len(password) > LENGTH_MAX:
        raise PasswordWeak(f"Use at most {LENGTH_MAX} characters.", field)
    plain = password.lower()
    if plain in _common() or len(set(plain)) == 1:
        raise PasswordWeak(
            "This password is on every list of stolen passwords. Choose another.", field
        )
    for word in _known(about):
        if len(plain.replace(word, "")) < LENGTH_MIN and word in plain:
            raise PasswordWeak(f"“{word}” is easily guessed of you. Add more to it.", field)


@cache
def _common() -> frozenset[str]:
    """The 30 000 passwords most often stolen; loaded only where one is chosen."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - a tenth of a second

    return frozenset(FREQUENCY_LISTS["passwords"])


def _known(about: Iterable[str]) -> list[str]:
    words = re.split(r"[\W_]+", " ".join(about).lower())
    return [BRAND, *(word for word in words if len(word) >= _WORD_MIN)]


def hash_password(password: str) -> PasswordHash:
    with _SEATS:
        return PasswordHash(_HASHER.hash(password))


def is_right(password: str, stored: str | None) -> bool:
    """Compare with a stored hash. Without one the same time is spent, so that nobody can tell."""
    if len(password) > LENGTH_MAX:
        return False
    with _SEATS:
        try:
            return _HASHER.verify(stored or _NOBODY, password) and stored is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with other costs than today's."""
    return _HASHER.check_needs_rehash(stored)


_NOBODY = hash_password("nobody's password")
