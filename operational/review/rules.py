"""What a viewer of a case may see. Pure: a payload and roles in, a masked payload out."""

import hashlib
import json
from typing import Any

from operational.access.matrix import Permission, permissions

PERSONAL = frozenset({"first_name", "last_name", "birth_date", "email", "phone", "document_number"})
"""Fields that only those see in full who may open a client's identity file."""

_SHOWN = 2


def masked(payload: dict[str, Any], roles: frozenset[str]) -> dict[str, Any]:
    """The payload as these roles may see it: first two and last two signs of personal fields."""
    if Permission.KYC_READ in permissions(roles):
        return payload
    return {key: _masked_field(key, value) for key, value in payload.items()}


def digest(payload: dict[str, Any]) -> bytes:
    """SHA-256 of exactly what was shown."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


def _masked_field(key: str, value: Any) -> Any:
    match value:
        case dict():
            return {inner: _masked_field(inner, part) for inner, part in value.items()}
        case list():
            return [_masked_field(key, part) for part in value]
        case str() if key in PERSONAL:
            return mask(value)
        case _:
            return value


def mask(text: str) -> str:
    """``Lena.Weber`` becomes ``Le******er``; what is short shows nothing."""
    if len(text) <= 2 * _SHOWN + 1:
        return "*" * len(text)
    return text[:_SHOWN] + "*" * (len(text) - 2 * _SHOWN) + text[-_SHOWN:]
