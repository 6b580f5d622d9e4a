"""The Merkle tree hash of RFC 6962, section 2.1."""

from collections.abc import Sequence
from hashlib import sha256


def leaf_hash(content: bytes) -> bytes:
    """SHA-256(0x00 || content). The prefix keeps a leaf from passing for a node."""
    return sha256(b"\x00" + content).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, in their order; of none, the hash of the empty string.

    Pairing level by level and carrying an odd last node up unchanged gives the same tree as the
    RFC's split at the largest power of two, in one pass and without recursion.
    """
    if not leaves:
        return sha256().digest()
    level = list(leaves)
    while len(level) > 1:
        parents = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            parents.append(level[-1])
        level = parents
    return level[0]
