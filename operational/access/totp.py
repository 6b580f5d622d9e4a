"""One-time codes of staff (RFC 6238): the secret encrypted at rest, each code used once."""

import hashlib
import secrets
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from uuid import UUID

import pyotp
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from operational.kit import secret
from operational.kit.settings import Settings

STEP_SECONDS = 30
_NONCE_BYTES = 12
_ISSUER = "Kingpost"


class FieldKey:
    """The key that encrypts secrets in columns: AES-256-GCM, bound to the row they belong to."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.fingerprint = hashlib.sha256(b"fingerprint" + key).digest()
        """A key of its own for telling equal secrets apart from others without opening them."""

    @classmethod
    def of(cls, settings: Settings) -> "FieldKey":
        """The hub's key, made at first need in a file only its owner can read."""
        path: Path = settings.root / "keys" / "field_key"
        if not path.exists():
            secret.write(path, AESGCM.generate_key(256).hex())
        return cls(bytes.fromhex(path.read_text()))

    def seal(self, plain: str, row: UUID) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain.encode(), row.bytes)

    def open(self, sealed: bytes, row: UUID) -> str:
        """Raises `cryptography.exceptions.InvalidTag` for another row's or a changed secret."""
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return self._cipher.decrypt(nonce, content, row.bytes).decode()


def new_secret() -> str:
    """160 random bits in base 32, as authenticator apps want them."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, email: str) -> str:
    """What the QR code of an authenticator app says."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=_ISSUER)


def code_at(secret: str, now: datetime) -> str:
    """The code an authenticator shows at `now`; the demo's logins and the tests use it."""
    return pyotp.TOTP(secret).at(now)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code this is: the current one, or the one before for slow fingers."""
    current = int(now.timestamp()) // STEP_SECONDS
    generator = pyotp.TOTP(secret)
    for step in (current, current - 1):
        if compare_digest(generator.generate_otp(step).encode(), code.encode()):
            return step
    return None
