"""Asking a PSP for a payment page, and the next PSP if that one fails."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.messaging.answers import Done, Outcome, Refused, Unanswered
from operational.messaging.models import OutboxMessage
from operational.payments import service
from operational.payments.models import Payment
from operational.payments.psp import Created, Order, Psp, PspRefused
from operational.payments.states import PaymentStatus

WORKER = Actor.system("payments")
TRIES_PER_PSP = 3
"""A client is waiting in front of the page; then the next PSP is asked.

Leaving a PSP that may have opened a page is safe: nobody was ever shown it.
"""


@dataclass(frozen=True, slots=True)
class CreatePayment:
    """Carries `psp.create_payment`; see `messaging.outbox.Carrier`."""

    psps: Mapping[str, Psp]
    return_url: str
    """Where the browser goes after paying; `{reference}` stands for the payment's."""

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:  # noqa: ARG002 - part of the Protocol
        if message.attempts > TRIES_PER_PSP:
            return Refused("no answer")
        payload = message.payload
        found = self.psps[payload["psp"]].find_payment(payload["reference"], None, None)
        return _done(found.created) if found and found.created.redirect_url else None

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome:  # noqa: ARG002 - part of the Protocol
        payload = message.payload
        order = Order(
            reference=payload["reference"],
            amount=Money(payload["amount_minor"], payload["currency"]),
            method=payload["method"],
            return_url=self.return_url.format(reference=payload["reference"]),
            country=payload["country"],
        )
        try:
            return _done(self.psps[payload["psp"]].create_payment(order))
        except PspRefused as refusal:
            return Refused(str(refusal))

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        payment = session.get_one(
            Payment, UUID(message.payload["payment_id"]), with_for_update=True
        )
        match outcome:
            case Done(facts):
                _open(session, payment, Created(**facts), now)
            case Refused(reason):
                _fall_over(session, payment, reason, now)
            case Unanswered():
                pass


def _done(created: Created) -> Done:
    return Done(asdict(created))


def _open(session: Session, payment: Payment, created: Created, now: datetime) -> None:
    """Show the client the page. A callback may have been faster, then the status stays."""
    before = payment.status
    payment.redirect_url = created.redirect_url
    payment.psp_session_id = created.session_id
    payment.psp_payment_id = payment.psp_payment_id or created.psp_payment_id
    if before == PaymentStatus.CREATED:
        payment.status = PaymentStatus.PENDING
    audit.record(
        session,
        Tag.DEPOSIT_ADVANCE,
        subject=payment.id,
        actor=WORKER,
        now=now,
        before={"status": before},
        after={"status": payment.status, "psp": payment.psp},
    )


def _fall_over(session: Session, payment: Payment, reason: str, now: datetime) -> None:
    """Ask the next PSP of the route, or give up."""
    if payment.status != PaymentStatus.CREATED:
        return
    if not payment.fallback_psps:
        service.fail(session, payment, reason, now=now)
        return
    failed = payment.psp
    payment.psp, *payment.fallback_psps = payment.fallback_psps
    service.ask_psp(session, payment, now=now)
    audit.record(
        session,
        Tag.DEPOSIT_ADVANCE,
        subject=payment.id,
        actor=WORKER,
        now=now,
        reason=reason,
        before={"psp": failed},
        after={"psp": payment.psp},
    )
