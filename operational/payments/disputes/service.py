"""The verbs of disputes: hear of one, answer it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import ids
from operational.kit.actor import Actor
from operational.payments.disputes import queries, rules
from operational.payments.disputes.models import Dispute
from operational.payments.disputes.rules import Standing
from operational.payments.models import Payment, PaymentEvent

WORKER = Actor.system("disputes")


def follow(session: Session, payment: Payment, event: PaymentEvent, *, now: datetime) -> bool:
    """Bring the dispute an event is about where all that was told of it leads.

    The caller holds the payment's lock. True if the event told something new of a dispute.
    """
    if queries.told_of(event) is None:
        return False
    dispute = session.scalar(
        select(Dispute)
        .where(Dispute.psp == event.psp, Dispute.psp_dispute_id == event.operation_id)
        .with_for_update()
    )
    standing = rules.judge(_told(session, payment, event))
    before = _seen(dispute) if dispute else None
    if dispute is None:
        dispute = Dispute(
            reference=ids.reference("X"),
            payment_id=payment.id,
            client_id=payment.client_id,
            psp=event.psp,
            psp_dispute_id=event.operation_id,
            currency=event.currency,
        )
    _stand(dispute, standing)
    session.add(dispute)
    session.flush()

    after = _seen(dispute)
    if after == before:
        return False
    audit.record(
        session,
        Tag.DISPUTE_ADVANCE if before else Tag.DISPUTE_OPEN,
        subject=dispute.id,
        actor=WORKER,
        now=now,
        before=before,
        after=after | {"event": event.external_id},
    )
    return True


def _told(session: Session, payment: Payment, event: PaymentEvent) -> list[rules.Told]:
    found = session.scalars(
        select(PaymentEvent).where(
            PaymentEvent.payment_id == payment.id,
            PaymentEvent.operation_id == event.operation_id,
        )
    )
    return [told for one in found if (told := queries.told_of(one))]


def _stand(dispute: Dispute, standing: Standing) -> None:
    dispute.stage = standing.stage
    dispute.amount_minor = standing.amount_minor
    dispute.reason = standing.reason
    dispute.network_reason = standing.network_reason
    dispute.due_at = standing.due_at
    dispute.opened_at = standing.opened_at
    dispute.staged_at = standing.staged_at
    dispute.ended_at = None if standing.is_open else standing.staged_at


def _seen(dispute: Dispute) -> dict[str, object]:
    return {
        "stage": str(dispute.stage),
        "amount_minor": dispute.amount_minor,
        "due_at": dispute.due_at and dispute.due_at.isoformat(),
    }
