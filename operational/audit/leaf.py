"""The leaf: one hash over every field of an event, in one spelling."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from operational.audit import merkle
from operational.kit.money import Money

FORMAT = b"kingpost audit leaf 1"
"""Hashed first, so that a later set of fields can never pass for this one."""

TEXTS_BEFORE = (
    "id",
    "at",
    "actor_id",
    "actor_name",
    "role",
    "session_id",
    "ip",
    "verb",
    "subject_kind",
    "subject_id",
    "reason",
)
DOCUMENTS = ("before", "after")
TEXTS_AFTER = ("rule_version", "decision_id", "evidence_id", "request_id", "pii_commitment")
FIELDS = TEXTS_BEFORE + DOCUMENTS + TEXTS_AFTER
"""Every field under the hash, in the order it is hashed."""

Frame = Callable[[bytes | None], bytes]


def length_prefixed(field: bytes | None) -> bytes:
    """Four bytes of length, then the field; an absent one is not an empty one.

    Without lengths "ann" + "admin" and "anna" + "dmin" are the same leaf.
    """
    if field is None:
        return b"\xff\xff\xff\xff"
    return len(field).to_bytes(4, "big") + field


def leaf(event: Mapping[str, Any], frame: Frame = length_prefixed) -> bytes:
    """The leaf of an event whose values are plain: texts or nothing, and two JSON documents.

    Raises:
        KeyError: a field is missing.
        AttributeError: a field is no text.
    """
    content = [frame(FORMAT)]
    for name in FIELDS:
        value = event[name]
        if value is not None:
            value = (canonical(value) if name in DOCUMENTS else value).encode()
        content.append(frame(value))
    return merkle.leaf_hash(b"".join(content))


def canonical(document: Any) -> str:
    """JSON with one spelling: keys sorted, no spaces, no escapes that need not be."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def plain(value: Any) -> Any:
    """A value as JSON without floats: times in UTC, amounts and ids as text.

    Raises:
        TypeError: a float, whose spelling differs between writers, or anything without a text form.
    """
    match value:
        case None | bool() | int():
            return value
        case datetime():
            return moment(value)
        case str() | UUID() | date() | Decimal() | Money():
            return str(value)
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case set() | frozenset():
            return sorted((plain(item) for item in value), key=canonical)
    raise TypeError(f"an audit record cannot hold {type(value).__name__} {value!r}")


def moment(at: datetime) -> str:
    """A time in UTC to the microsecond, which is what PostgreSQL keeps."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
