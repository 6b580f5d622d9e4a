"""The facts about one client that the KYC table decides on.

A fact is whole numbers and plain words only; what is not known is said in a word of its own, for a
comparison with nothing would match no row and let the client pass.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import phonenumbers
from sqlalchemy.orm import Session

from operational.clients import queries as clients
from operational.clients import rules as people
from operational.kyc import mrz, names, queries
from operational.kyc.models import Document
from operational.kyc.mrz import Mrz
from operational.kyc.screening import Subject
from operational.kyc.states import DocumentKind

Facts = dict[str, Any]
SHARED_SHOWN_MAX = 10
"""Of the clients who share something; a reviewer looks at a few, the count is whole."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a check is decided on, and the personal details behind it, which the facts leave out."""

    facts: Facts
    compared: dict[str, Any]


def gather(session: Session, client_id: UUID, *, now: datetime) -> Gathered:
    """Everything about a client with a complete profile, as of `now`."""
    client = clients.get(session, client_id)
    assert client.birth_date is not None, "the profile is complete before the check"
    documents = list(session.scalars(queries.documents(client_id)))
    identity = session.scalar(queries.identity_documents(client_id).limit(1))
    zone = _zone(identity, now.date())
    full_name = f"{client.first_name} {client.last_name}".strip()
    subject = Subject(full_name, client.birth_date, (client.country,))
    hits = queries.screening_index(session).search(subject)
    facts = {
        "country": client.country,
        "age_years": people.age_on(client.birth_date, now.date()),
        "profile": "complete" if client.phone else "incomplete",
        **_completeness(documents),
        **_document(identity, zone, now.date()),
        **_identity(zone, full_name, client.birth_date),
        **_others(session, client_id, documents),
        "phone_country": _same(_phone_country(client.phone), client.country),
        "ip_country": _same(client.ip_country, client.country),
        **_screening(session, hits),
        "document_ids": [str(document.id) for document in documents],
    }
    profile = {
        "first_name": client.first_name,
        "last_name": client.last_name,
        "birth_date": client.birth_date.isoformat(),
        "country": client.country,
        "phone": client.phone,
    }
    compared = {"profile": profile, "printed": zone and printed(zone), "hits": hits}
    return Gathered(facts, compared)


def printed(zone: Mrz) -> dict[str, Any]:
    """Who the document says its holder is."""
    return {
        "name": f"{zone.given_names} {zone.surname}".strip(),
        "birth_date": zone.birth_date.isoformat() if zone.birth_date else None,
    }


def _zone(document: Document | None, today: date) -> Mrz | None:
    if document is None or document.mrz is None:
        return None
    try:
        return mrz.parse(document.mrz, today=today)
    except mrz.MrzUnreadable:
        return None


def _completeness(documents: list[Document]) -> Facts:
    kinds = {document.kind for document in documents}
    has_identity = kinds & {DocumentKind.PASSPORT, DocumentKind.ID_CARD}
    return {
        "identity_document": "present" if has_identity else "missing",
        "address_document": "present" if DocumentKind.PROOF_OF_ADDRESS in kinds else "missing",
    }


def _document(document: Document | None, zone: Mrz | None, today: date) -> Facts:
    expires_on = zone.expires_on if zone else None
    if document is None or document.mrz is None:
        state = "missing"
    elif zone is None:
        state = "unreadable"
    else:
        state = "valid" if zone.is_valid else "invalid"
    return {
        "mrz": state,
        "mrz_faults": list(zone.faults) if zone else [],
        "document_expiry": "known" if expires_on else "unknown",
        "document_days_left": (expires_on - today).days if expires_on else 0,
        "nationality": zone.nationality if zone else "unknown",
    }


def _identity(zone: Mrz | None, full_name: str, birth_date: date) -> Facts:
    if zone is None:
        return {"name_match_percent": 0, "birth_date_match": "unknown"}
    printed = f"{zone.given_names} {zone.surname}"
    birth_matches = zone.birth_date == birth_date
    return {
        "name_match_percent": names.similarity(full_name, printed),
        "birth_date_match": "same" if birth_matches else "differs",
    }


def _others(session: Session, client_id: UUID, documents: list[Document]) -> Facts:
    """How many other clients share something with this one, and who they are."""
    numbers = [document.document_number for document in documents if document.document_number]
    hashes = [document.sha256 for document in documents]
    with_document = queries.others_with_document(client_id, numbers)
    with_file = queries.others_with_file(client_id, hashes)
    signals = {
        **clients.duplicates(session, clients.get(session, client_id)),
        "same_document": list(session.scalars(with_document)),
        "same_file": list(session.scalars(with_file)),
    }
    others = {found for ids in signals.values() for found in ids}
    references = {other.id: other.reference for other in session.scalars(clients.by_ids(others))}
    return {
        **{f"{signal}_count": len(ids) for signal, ids in signals.items()},
        "shared_with": {
            signal: sorted(references[found] for found in ids)[:SHARED_SHOWN_MAX]
            for signal, ids in signals.items()
            if ids
        },
    }


def _screening(session: Session, hits: list[dict[str, Any]]) -> Facts:
    lists = [
        {"name": found.name, "version": found.version} for found in session.scalars(queries.lists())
    ]
    return {
        "screening_lists": lists,
        "screening_lists_count": len(lists),
        "screening_percent": hits[0]["percent"] if hits else 0,
    }


def _phone_country(phone: str | None) -> str | None:
    return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) if phone else None


def _same(found: str | None, residence: str) -> str:
    if found is None:
        return "unknown"
    return "same" if found == residence else "other"
