"""What holds a case open, and what a viewer of it may see. Pure."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from operational.access import masks
from operational.access.matrix import Permission, permissions
from operational.review.states import ClearedBy

Reason = dict[str, Any]
"""`code`, `sentence`, who may clear it (`cleared_by`), and what the rule saw (`saw`)."""

IDENTITY_FILE = frozenset({"decision", "documents", "checks", "grounds"})
"""Parts of an identity case that only those see who may open a client's identity file."""


def needs_person(reasons: Sequence[Reason]) -> bool:
    """Whether any of these is for a person to clear; so is one that does not say."""
    return any(map(_is_for_person, reasons))


def carried(before: Sequence[Reason], found: Sequence[Reason]) -> list[Reason]:
    """The reasons found now, and those found before that only a person may clear."""
    codes = {reason["code"] for reason in found}
    kept = [
        {**reason, "is_gone": True}
        for reason in before
        if _is_for_person(reason) and reason["code"] not in codes
    ]
    return [*found, *kept]


def masked(payload: dict[str, Any], roles: frozenset[str]) -> dict[str, Any]:
    """The payload as these roles may see it."""
    if payload["kind"] == "kyc" and Permission.KYC_READ not in permissions(roles):
        payload = {key: part for key, part in payload.items() if key not in IDENTITY_FILE}
    return masks.masked(payload, roles)


def digest(payload: dict[str, Any]) -> bytes:
    """SHA-256 of exactly what was shown."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


def _is_for_person(reason: Reason) -> bool:
    return reason.get("cleared_by") != ClearedBy.PAPERS
