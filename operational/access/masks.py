"""Who sees which personal field in full. Pure; pages, answers and evidence all ask here."""

from collections.abc import Mapping
from typing import Any

from operational.access.matrix import Permission, permissions

SHOWN_WITH: Mapping[str, Permission] = {
    "first_name": Permission.CLIENTS_READ,
    "last_name": Permission.CLIENTS_READ,
    "email": Permission.CLIENTS_CONTACT,
    "phone": Permission.CLIENTS_CONTACT,
    "birth_date": Permission.KYC_READ,
    "document_number": Permission.KYC_READ,
    "mrz": Permission.KYC_READ,
    "file_name": Permission.KYC_READ,
}
"""The permission that shows a field of this name; whoever lacks it sees a mask."""

_SHOWN = 2


def masked(document: Mapping[str, Any], roles: frozenset[str]) -> dict[str, Any]:
    """The document as these roles may see it, personal fields at any depth masked."""
    held = permissions(roles)
    hidden = frozenset(name for name, needed in SHOWN_WITH.items() if needed not in held)
    return {key: _masked(key, value, hidden) for key, value in document.items()}


def mask(text: str) -> str:
    """``Lena.Weber`` becomes ``Le******er``; what is short shows nothing."""
    if len(text) <= 2 * _SHOWN + 1:
        return "*" * len(text)
    return text[:_SHOWN] + "*" * (len(text) - 2 * _SHOWN) + text[-_SHOWN:]


def _masked(key: str, value: Any, hidden: frozenset[str]) -> Any:
    match value:
        case None:
            return None
        case dict():
            return {inner: _masked(inner, part, hidden) for inner, part in value.items()}
        case list():
            return [_masked(key, part, hidden) for part in value]
        case _ if key in hidden:
            return mask(str(value))
        case _:
            return value
