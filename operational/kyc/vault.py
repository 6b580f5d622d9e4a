"""The vault: documents encrypted on disk, one key per client, wrapped by a master key.

AES-256-GCM throughout. The name of what is sealed is authenticated with it, so that a file moved
to another client or another document does not open. Without a client's key file, that client's
documents are gone for good: this is how they are shredded.
"""

import base64
import os
import secrets
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from operational.kit import secret
from operational.kit.settings import Settings
from operational.kyc.errors import DocumentUnreadable

_NONCE_BYTES = 12
_KEY_BITS = 256

ORIGINAL = "original"
"""What the client handed in, byte for byte; evidence."""
RENDITION = "rendition"
"""What a reviewer is shown: pictures without metadata."""


class Vault:
    """Documents under one folder. Opening it makes the master key if there is none."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.root / "documents"
        master = settings.root / "keys" / "document_master"
        if not master.exists():
            secret.write(master, _text(AESGCM.generate_key(_KEY_BITS)))
        self._master = AESGCM(_bytes(master.read_text()))

    def store(self, client_id: UUID, document_id: UUID, what: str, content: bytes) -> None:
        """Encrypt and write; on disk before it returns. A rolled-back upload leaves a stray file."""
        path = self._path(client_id, document_id, what)
        draft = path.with_suffix(".draft")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._key(client_id).encrypt(nonce, content, _name(client_id, document_id, what))
        with draft.open("wb") as file:
            file.write(nonce + sealed)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def open(self, client_id: UUID, document_id: UUID, what: str) -> bytes:
        """Read and decrypt.

        Raises:
            DocumentUnreadable: it is not there, was altered or moved, or the key is gone.
        """
        try:
            sealed = self._path(client_id, document_id, what).read_bytes()
            nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            key = self._key(client_id, is_new=False)
            return key.decrypt(nonce, body, _name(client_id, document_id, what))
        except (OSError, InvalidTag, ValueError) as error:
            raise DocumentUnreadable(f"document {document_id} does not open") from error

    def shred(self, client_id: UUID) -> None:
        """Forget the client's key; what is left of the documents is noise."""
        self._key_path(client_id).unlink(missing_ok=True)

    def _key(self, client_id: UUID, *, is_new: bool = True) -> AESGCM:
        path = self._key_path(client_id)
        if is_new and not path.exists():
            nonce = secrets.token_bytes(_NONCE_BYTES)
            key = AESGCM.generate_key(_KEY_BITS)
            secret.write(path, _text(nonce + self._master.encrypt(nonce, key, client_id.bytes)))
        wrapped = _bytes(path.read_text())
        nonce, body = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        return AESGCM(self._master.decrypt(nonce, body, client_id.bytes))

    def _key_path(self, client_id: UUID) -> Path:
        return self._folder / str(client_id) / "key"

    def _path(self, client_id: UUID, document_id: UUID, what: str) -> Path:
        # Our own ids only: no name a client chose ever becomes part of a path.
        return self._folder / str(client_id) / f"{document_id}.{what}"


def _name(client_id: UUID, document_id: UUID, what: str) -> bytes:
    return f"{client_id}|{document_id}|{what}".encode()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
