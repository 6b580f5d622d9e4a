"""Named reads of adjustments."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from operational.payments.adjustments.errors import AdjustmentNotFound
from operational.payments.adjustments.models import Adjustment
from operational.payments.adjustments.states import AdjustmentStatus

_COUNTED = (AdjustmentStatus.WAITING, AdjustmentStatus.POSTED)


def by_reference(reference: str) -> Select[Adjustment]:
    return select(Adjustment).where(Adjustment.reference == reference.upper())


def get(session: Session, reference: str) -> Adjustment:
    """The adjustment with this reference.

    Raises:
        AdjustmentNotFound.
    """
    found = session.scalar(by_reference(reference))
    if found is None:
        raise AdjustmentNotFound(f"There is no adjustment {reference}.")
    return found


def undone(session: Session, reversal: Adjustment) -> Adjustment | None:
    """What a reversal puts right."""
    return session.get(Adjustment, reversal.reverses_id) if reversal.reverses_id else None


def matching(status: str | None = None) -> Select[Adjustment]:
    """Adjustments of everybody, of one status if said; in no order."""
    found = select(Adjustment)
    return found if status is None else found.where(Adjustment.status == status)


def waiting() -> Select[Adjustment]:
    """What waits for a second person."""
    return matching(AdjustmentStatus.WAITING)


def late(asked_before: datetime) -> Select[Adjustment]:
    """What nobody decided in time."""
    return waiting().where(Adjustment.asked_at <= asked_before)


def reversal_of(adjustment_id: UUID) -> Select[Adjustment]:
    """What was asked for to put it right, refused and expired left out."""
    return select(Adjustment).where(
        Adjustment.reverses_id == adjustment_id, Adjustment.status.in_(_COUNTED)
    )


def client_usd(session: Session, client_id: UUID, since: datetime) -> int:
    """What all adjustments of a client since then are worth together, given and taken alike."""
    return _worth(session, Adjustment.client_id == client_id, since)


def asker_usd(session: Session, asked_by: UUID, since: datetime) -> int:
    """Likewise of all that one person asked for."""
    return _worth(session, Adjustment.asked_by == asked_by, since)


def _worth(session: Session, whose: ColumnElement[bool], since: datetime) -> int:
    found = session.scalar(
        select(func.sum(Adjustment.amount_usd)).where(
            whose, Adjustment.asked_at > since, Adjustment.status.in_(_COUNTED)
        )
    )
    return int(found or 0)
