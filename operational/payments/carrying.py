"""Asking a PSP for a payment page, and the next PSP if that one fails."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.messaging.answers import Done, Outcome, Refused, Unanswered
from operational.messaging.models import OutboxMessage
from operational.payments import attempts, health, service
from operational.payments.models import Payment
from operational.payments.psp import Created, Order, Psp, PspRefused
from operational.payments.states import AttemptOutcome, PaymentStatus

WORKER = Actor.system("payments")
TRIES_PER_PSP = 3
"""A client is waiting in front of the page; then the next PSP is asked.

Leaving a PSP that may have opened a page is safe: nobody was ever shown it.
"""
NO_ANSWER = "no answer"


class Barred(Refused):
    """Not asked: it was switched off, or its breaker opened, since the route was decided."""


@dataclass(frozen=True, slots=True)
class CreatePayment:
    """Carries `psp.create_payment`; see `messaging.outbox.Carrier`."""

    engine: Engine
    psps: Mapping[str, Psp]
    return_url: str
    """Where the browser goes after paying; `{reference}` stands for the payment's."""

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:  # noqa: ARG002 - part of the Protocol
        if message.attempts > TRIES_PER_PSP:
            return Refused(NO_ANSWER)
        payload = message.payload
        found = self.psps[payload["psp"]].find_payment(payload["reference"], None, None)
        return _done(found.created) if found and found.created.redirect_url else None

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome:  # noqa: ARG002 - part of the Protocol
        payload = message.payload
        barred = self._bar(payload)
        if barred:
            return barred
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

    def _bar(self, payload: Mapping[str, Any]) -> Barred | None:
        """A payment waits in the queue while others are answered; look again before it is sent."""
        with db.transaction(self.engine) as session:
            why = health.bar(
                session, UUID(payload["payment_id"]), payload["psp"], payload["method"]
            )
        return Barred(why) if why else None

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        payment = session.get_one(
            Payment, UUID(message.payload["payment_id"]), with_for_update=True
        )
        match outcome:
            case Done(facts):
                _heard(session, payment, AttemptOutcome.OPENED, None, now)
                _open(session, payment, Created(**facts), now)
            case Refused(reason):
                _heard(session, payment, _became(outcome), reason, now)
                _fall_over(session, payment, reason, now)
            case Unanswered():
                pass


def _became(refused: Refused) -> AttemptOutcome:
    if isinstance(refused, Barred):
        return AttemptOutcome.SKIPPED
    return AttemptOutcome.UNANSWERED if refused.reason == NO_ANSWER else AttemptOutcome.REFUSED


def _heard(
    session: Session, payment: Payment, outcome: AttemptOutcome, reason: str | None, now: datetime
) -> None:
    """Note the answer, and let it move the PSP's breaker."""
    attempt = attempts.answer(session, payment, outcome, now=now, reason=reason)
    if attempt is not None:
        health.weigh(session, attempt, now=now)


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
    """Ask the next PSP of the route that payments may go to now, or give up."""
    if payment.status != PaymentStatus.CREATED:
        return
    failed, barred = payment.psp, list[str]()
    while payment.fallback_psps:
        payment.psp, *payment.fallback_psps = payment.fallback_psps
        why = health.bar(session, payment.id, payment.psp, payment.method)
        if why is None:
            break
        barred.append(f"{payment.psp} {why}")
    else:
        payment.psp = failed
        service.fail(session, payment, "; ".join([reason, *barred]), now=now)
        return
    service.ask_psp(session, payment, now=now)
    audit.record(
        session,
        Tag.DEPOSIT_ADVANCE,
        subject=payment.id,
        actor=WORKER,
        now=now,
        reason="; ".join([reason, *barred]),
        before={"psp": failed},
        after={"psp": payment.psp},
    )
