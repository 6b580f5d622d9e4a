"""Named reads of disputes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from operational.payments.disputes.errors import DisputeNotFound
from operational.payments.disputes.models import Dispute, EvidencePack
from operational.payments.disputes.rules import Told
from operational.payments.disputes.states import (
    ANSWERABLE,
    INQUIRIES,
    LOST,
    OF_NEWS,
    AnswerStatus,
    Stage,
)
from operational.payments.models import PaymentEvent
from operational.payments.states import News

_INQUIRIES = [str(stage) for stage in INQUIRIES]
_ANSWERABLE = [str(stage) for stage in ANSWERABLE]
_LOST = [str(stage) for stage in LOST]


@dataclass(frozen=True, slots=True)
class History:
    """What a client's disputes say of them."""

    open_count: int
    """Not decided yet, inquiries included."""
    chargeback_count: int
    """Ever announced or taken, whoever won; inquiries left out."""
    lost_count: int
    last_opened_at: datetime | None

    @property
    def has_open_dispute(self) -> bool:
        return self.open_count > 0


def history(session: Session, client_id: UUID) -> History:
    """All a client's disputes in numbers."""
    found = session.execute(
        select(
            func.count().filter(Dispute.ended_at.is_(None)),
            func.count().filter(Dispute.stage.not_in(_INQUIRIES)),
            func.count().filter(Dispute.stage.in_(_LOST)),
            func.max(Dispute.opened_at),
        ).where(Dispute.client_id == client_id)
    ).one()
    return History(*found)


def by_reference(reference: str) -> Select[Dispute]:
    return select(Dispute).where(Dispute.reference == reference)


def get(session: Session, reference: str) -> Dispute:
    """The dispute with this reference.

    Raises:
        DisputeNotFound.
    """
    found = session.scalar(by_reference(reference))
    if found is None:
        raise DisputeNotFound(f"There is no dispute {reference}.")
    return found


def matching(stage: str | None = None) -> Select[Dispute]:
    """Disputes of everybody, of one stage if said; in no order."""
    found = select(Dispute)
    return found if stage is None else found.where(Dispute.stage == stage)


def unanswered() -> Select[Dispute]:
    """Those whose bank waits for us."""
    return select(Dispute).where(
        Dispute.stage.in_(_ANSWERABLE),
        Dispute.answer_status.is_(None) | (Dispute.answer_status == AnswerStatus.REFUSED),
    )


def by_deadline() -> ColumnElement[datetime | None]:
    """The order in which they must be answered."""
    return Dispute.due_at.asc().nulls_last()


def story(session: Session, dispute: Dispute) -> list[tuple[Stage, PaymentEvent]]:
    """What the provider told, in the order in which it happened, with the stage each speaks of."""
    events = sorted(session.scalars(events_of(dispute)), key=lambda one: one.occurred_at)
    return [(told.stage, event) for event in events if (told := told_of(event))]


def of_payment(payment_id: UUID) -> Select[Dispute]:
    return select(Dispute).where(Dispute.payment_id == payment_id).order_by(Dispute.opened_at)


def of_client(client_id: UUID) -> Select[Dispute]:
    """The newest first."""
    return select(Dispute).where(Dispute.client_id == client_id).order_by(Dispute.opened_at.desc())


def events_of(dispute: Dispute) -> Select[PaymentEvent]:
    """Everything the provider told of it, as it came."""
    return (
        select(PaymentEvent)
        .where(
            PaymentEvent.payment_id == dispute.payment_id,
            PaymentEvent.operation_id == dispute.psp_dispute_id,
        )
        .order_by(PaymentEvent.recorded_at, PaymentEvent.id)
    )


def packs_of(dispute_id: UUID) -> Select[EvidencePack]:
    """The newest first."""
    return (
        select(EvidencePack)
        .where(EvidencePack.dispute_id == dispute_id)
        .order_by(EvidencePack.made_at.desc(), EvidencePack.id.desc())
    )


def told_of(event: PaymentEvent) -> Told | None:
    """What an event says of a dispute; None if it is of none."""
    said = event.details.get("dispute") or {}
    stage = said.get("stage") or OF_NEWS.get(News(event.news))
    if stage is None:
        return None
    due_at = said.get("due_at")
    return Told(
        stage=Stage(stage),
        amount_minor=event.amount_minor,
        occurred_at=event.occurred_at,
        key=event.external_id,
        reason=said.get("reason_code") or event.details.get("reason"),
        network_reason=said.get("network_reason"),
        due_at=datetime.fromisoformat(due_at) if due_at else None,
    )
