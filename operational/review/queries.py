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


def open_cases(*, kind: str | None = None, limit: int = 200) -> Select[Case]:
    """What waits for a person, oldest first."""
    found = (
        select(Case)
        .where(Case.status == CaseStatus.OPEN)
        .order_by(Case.opened_at, Case.id)
        .limit(limit)
    )
    return found if kind is None else found.where(Case.kind == kind)


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


def decided_cases(*, limit: int = 200) -> Select[Case]:
    """What people decided lately, newest first."""
    return (
        select(Case)
        .where(Case.status != CaseStatus.OPEN)
        .order_by(Case.decided_at.desc(), Case.id.desc())
        .limit(limit)
    )
