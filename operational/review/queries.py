"""Named reads of the review queue."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from operational.review.errors import CaseNotFound
from operational.review.models import Case
from operational.review.states import CaseStatus


def get(session: Session, case_id: UUID) -> Case:
    """The case with this id.

    Raises:
        CaseNotFound.
    """
    found = session.get(Case, case_id)
    if found is None:
        raise CaseNotFound(f"case {case_id} does not exist")
    return found


def by_reference(reference: str) -> Select[Case]:
    return select(Case).where(Case.reference == reference)


def open_cases() -> Select[Case]:
    """What waits for a person; in no order."""
    return select(Case).where(Case.status == CaseStatus.OPEN)


def open_case_of(kind: str, subject_id: UUID) -> Select[Case]:
    """The open case about one subject; at most one."""
    return select(Case).where(
        Case.kind == kind, Case.subject_id == subject_id, Case.status == CaseStatus.OPEN
    )


def cases_of_client(client_id: UUID) -> Select[Case]:
    """Every case of one client, newest first."""
    return (
        select(Case)
        .where(Case.client_id == client_id)
        .order_by(Case.opened_at.desc(), Case.id.desc())
    )


def cases_about(kind: str, subject_id: UUID) -> Select[Case]:
    """Every case about one subject, oldest first."""
    return (
        select(Case)
        .where(Case.kind == kind, Case.subject_id == subject_id)
        .order_by(Case.opened_at, Case.id)
    )


def decided_cases() -> Select[Case]:
    """What was decided; in no order."""
    return select(Case).where(Case.status != CaseStatus.OPEN)
