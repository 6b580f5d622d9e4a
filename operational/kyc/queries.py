"""Named reads of documents, checks and screening lists."""

from collections.abc import Sequence
from threading import Lock
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from operational.kyc.models import Check, Document, ScreeningEntry, ScreeningList
from operational.kyc.screening import Entry, Index
from operational.kyc.states import IDENTITY


def documents(client_id: UUID) -> Select[Document]:
    """Everything a client handed in, newest first."""
    return (
        select(Document)
        .where(Document.client_id == client_id)
        .order_by(Document.uploaded_at.desc(), Document.id.desc())
    )


def identity_documents(client_id: UUID) -> Select[Document]:
    """Passports and identity cards, newest first."""
    return documents(client_id).where(Document.kind.in_(IDENTITY))


def checks(client_id: UUID) -> Select[Check]:
    """Every run of the checks on a client, newest first."""
    return (
        select(Check)
        .where(Check.client_id == client_id)
        .order_by(Check.checked_at.desc(), Check.id.desc())
    )


def others_with_document(client_id: UUID, numbers: Sequence[str]) -> Select[UUID]:
    """Other clients who handed in a document of one of these numbers."""
    return (
        select(Document.client_id)
        .where(Document.document_number.in_(numbers), Document.client_id != client_id)
        .distinct()
    )


def others_with_file(client_id: UUID, hashes: Sequence[str]) -> Select[UUID]:
    """Other clients who handed in one of these very files."""
    return (
        select(Document.client_id)
        .where(Document.sha256.in_(hashes), Document.client_id != client_id)
        .distinct()
    )


def lists() -> Select[ScreeningList]:
    """The lists in force."""
    return select(ScreeningList).order_by(ScreeningList.name)


def entries_in_force() -> Select[ScreeningEntry]:
    """Every name on every list's version in force."""
    return select(ScreeningEntry).join(
        ScreeningList,
        (ScreeningList.name == ScreeningEntry.list_name)
        & (ScreeningList.version == ScreeningEntry.list_version),
    )


_indexes: dict[tuple[tuple[UUID, str], ...], Index] = {}
_indexes_lock = Lock()
_INDEXES_MAX = 2


def screening_index(session: Session) -> Index:
    """The lists in force, ready to be searched; built once per process and state of the lists."""
    state = tuple((found.id, found.version) for found in session.scalars(lists()))
    with _indexes_lock:
        if state not in _indexes:
            while len(_indexes) >= _INDEXES_MAX:
                del _indexes[next(iter(_indexes))]
            _indexes[state] = Index(_entry(row) for row in session.scalars(entries_in_force()))
        return _indexes[state]


def _entry(row: ScreeningEntry) -> Entry:
    return Entry(
        row.list_name,
        row.external_id,
        row.name,
        row.birth_year,
        tuple(row.countries),
        row.programme,
    )
