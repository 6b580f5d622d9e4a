"""The checkpoint: a signed root over one batch of rows, chained to the one before."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature

from operational.audit.keys import PublicKeys, Signer
from operational.audit.leaf import canonical, moment

CHECKPOINTS_NAME = "checkpoints.jsonl"

FORMAT = "kingpost audit checkpoint 1"
"""Signed along, so that a signature given for anything else never passes for a checkpoint's."""

NOTHING = bytes(32)
"""What the first checkpoint names as the hash of its predecessor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Rows `first_seq` to `last_seq` have the Merkle root `root`; signed by the sealer."""

    first_seq: int
    last_seq: int
    root: bytes
    previous: bytes
    signed_at: datetime
    key_id: str
    signature: bytes = b""

    def signed_by(self, signer: Signer) -> "Checkpoint":
        assert signer.key_id == self.key_id
        return replace(self, signature=signer.sign(self.body()))

    def stands(self, keys: PublicKeys) -> bool:
        """Is the signature that of its key, and its key one of `keys`?"""
        if self.key_id not in keys:
            return False
        try:
            keys[self.key_id].verify(self.signature, self.body())
        except InvalidSignature:
            return False
        return True

    def body(self) -> bytes:
        """What is signed."""
        return canonical({"format": FORMAT} | self._texts()).encode()

    def digest(self) -> bytes:
        """What the next checkpoint names as `previous`."""
        return sha256(self.body() + self.signature).digest()

    def to_line(self) -> str:
        return canonical(self._texts() | {"signature": self.signature.hex()})

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """Read one line of a checkpoints file.

        Raises:
            ValueError: it is no checkpoint, or not in its one spelling.
        """
        try:
            found = json.loads(line)
            checkpoint = cls(
                first_seq=int(found["first_seq"]),
                last_seq=int(found["last_seq"]),
                root=bytes.fromhex(found["root"]),
                previous=bytes.fromhex(found["previous"]),
                signed_at=datetime.fromisoformat(found["signed_at"]),
                key_id=str(found["key_id"]),
                signature=bytes.fromhex(found["signature"]),
            )
            spelling = checkpoint.to_line().encode()
        except (KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError(f"no checkpoint: {error}") from error
        if spelling != line:
            raise ValueError("not in the one spelling of a checkpoint")
        return checkpoint

    def _texts(self) -> dict[str, str | int]:
        return {
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "root": self.root.hex(),
            "previous": self.previous.hex(),
            "signed_at": moment(self.signed_at),
            "key_id": self.key_id,
        }
