"""Audit records found by what people know: names and references instead of ids."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from operational.access import queries as access
from operational.clients import queries as clients
from operational.partners import queries as partners
from operational.payments import queries as payments
from operational.platforms import queries as platforms
from operational.review import queries as review

_BY_REFERENCE: dict[str, Callable[[str], Select[Any]]] = {
    "A": platforms.account_by_reference,
    "C": clients.by_reference,
    "D": payments.by_reference,
    "P": partners.by_reference,
    "R": review.by_reference,
    "T": platforms.transfer_by_reference,
}


def actors(session: Session, text: str) -> list[str] | None:
    """Who is meant by a name, an e-mail, a client's or partner's reference or an id; all by nothing."""
    if not text:
        return None
    named = [str(user_id) for user_id in session.scalars(access.users_named(text))]
    row = _of_reference(session, text)
    return [text, *named, *([str(row.user_id)] if hasattr(row, "user_id") else [])]


def subjects(session: Session, text: str) -> list[str] | None:
    """What is meant by a reference, a name, an e-mail or an id; all by nothing."""
    if not text:
        return None
    row = _of_reference(session, text)
    ids = [str(row.id)] if row is not None else []
    return [*(actors(session, text) or []), *ids]


def _of_reference(session: Session, text: str) -> Any:
    query = _BY_REFERENCE.get(text[:1].upper()) if text[1:2] == "-" else None
    return session.scalar(query(text.upper())) if query else None
