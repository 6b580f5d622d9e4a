"""What there is to an identity case: the papers, every check since, and what each reason rests on."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from operational.kyc import checks, mrz, queries
from operational.kyc.models import Check, Document
from operational.review.models import Case

CHECKS_SHOWN_MAX = 50

Part = dict[str, Any]


def about(session: Session, case: Case) -> Part:
    """Documents and checks, newest first, and for each reason the facts behind it."""
    run = session.scalars(queries.checks(case.client_id).limit(CHECKS_SHOWN_MAX)).all()
    return {
        "documents": [
            _document(document) for document in session.scalars(queries.documents(case.client_id))
        ],
        "checks": [_check(check) for check in run],
        "grounds": _grounds(run),
    }


def _document(document: Document) -> Part:
    return {
        "id": document.id,
        "kind": document.kind,
        "file_name": document.file_name,
        "media_type": document.media_type,
        "sha256": document.sha256,
        "mrz": document.mrz,
        "printed": _printed(document),
        "document_number": document.document_number,
        "expires_on": document.expires_on,
        "uploaded_at": document.uploaded_at,
    }


def _printed(document: Document) -> Part | None:
    """Read as on the day it came: what was shown of a paper does not change with the calendar."""
    try:
        zone = mrz.parse(document.mrz or "", today=document.uploaded_at.date())
    except mrz.MrzUnreadable:
        return None
    return checks.printed(zone)


def _check(check: Check) -> Part:
    return {
        "checked_at": check.checked_at,
        "outcome": check.outcome,
        "reasons": [reason["code"] for reason in check.reasons if not reason.get("is_gone")],
        "profile": check.compared["profile"],
        "decision_id": check.decision_id,
    }


def _grounds(run: Iterable[Check]) -> Part:
    """Of each reason, from the newest check that found it: what its rule saw, and the details."""
    grounds: Part = {}
    for check in run:
        for reason in check.reasons:
            if not reason.get("is_gone"):
                ground = {"checked_at": check.checked_at, **_ground(check, reason.get("saw", {}))}
                grounds.setdefault(reason["code"], ground)
    return grounds


def _ground(check: Check, saw: Part) -> Part:
    facts, compared = check.facts, check.compared
    details: Part = {"saw": saw}
    if "screening_percent" in saw:
        details["hits"] = compared["hits"]
    if "mrz" in saw and facts["mrz_faults"]:
        details["faults"] = facts["mrz_faults"]
    if saw.keys() & {"name_match_percent", "birth_date_match"}:
        details["compared"] = {name: compared[name] for name in ("profile", "printed")}
    shared = facts.get("shared_with", {})
    others = {name: shared[name] for name in shared if f"{name}_count" in saw}
    return details | ({"shared_with": others} if others else {})
