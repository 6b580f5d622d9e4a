"""The signing key, held by the sealer alone, and the public keys an outsider verifies with."""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from operational.kit.settings import Settings

PublicKeys = dict[str, Ed25519PublicKey]
"""By key id."""

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)


class KeyUnusable(Exception):
    """A file holds no Ed25519 key. The message names it."""


@dataclass(frozen=True)
class Signer:
    """An Ed25519 key pair."""

    private: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> Self:
        return cls(Ed25519PrivateKey.generate())

    @property
    def key_id(self) -> str:
        return key_id(self.private.public_key())

    @property
    def public(self) -> PublicKeys:
        return {self.key_id: self.private.public_key()}

    def sign(self, body: bytes) -> bytes:
        return self.private.sign(body)

    def private_pem(self) -> str:
        pem = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem.decode()

    def public_pem(self) -> str:
        public = self.private.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_path(settings: Settings) -> Path:
    return settings.root / "keys" / "audit_ed25519"


def public_path(settings: Settings) -> Path:
    return settings.root / "keys" / "audit_ed25519.pub"


def key_id(public: Ed25519PublicKey) -> str:
    """Sixteen hex digits: the start of the SHA-256 of the raw public key."""
    return sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def read_private(path: Path) -> Signer:
    """The signing key.

    Raises:
        KeyUnusable: the file holds something else.
    """
    private = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyUnusable(f"{path} is no Ed25519 key")
    return Signer(private)


def read_public(path: Path) -> PublicKeys:
    """Every public key of a file; a log that outlived its key is verified with both.

    Raises:
        KeyUnusable: the file holds none, or one of another kind.
    """
    found: PublicKeys = {}
    for block in _PEM.findall(path.read_text()):
        public = load_pem_public_key(block.encode())
        if not isinstance(public, Ed25519PublicKey):
            raise KeyUnusable(f"{path} holds a key that is not Ed25519")
        found[key_id(public)] = public
    if not found:
        raise KeyUnusable(f"{path} holds no public key")
    return found
