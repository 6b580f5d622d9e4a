"""What a viewer of a case may see. Pure: a payload and roles in, a masked payload out."""

import hashlib
import json
from typing import Any

from operational.access import masks
from operational.access.matrix import Permission, permissions

IDENTITY_FILE = frozenset({"decision", "documents", "checks", "changes"})
"""Parts of a payload that only those see who may open a client's identity file."""


def masked(payload: dict[str, Any], roles: frozenset[str]) -> dict[str, Any]:
    """The payload as these roles may see it."""
    if Permission.KYC_READ not in permissions(roles):
        payload = {key: part for key, part in payload.items() if key not in IDENTITY_FILE}
    return masks.masked(payload, roles)


def digest(payload: dict[str, Any]) -> bytes:
    """SHA-256 of exactly what was shown."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()
