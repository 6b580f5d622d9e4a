"""A verdict on a payment becomes money in the books."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.ledger import queries as books
from operational.ledger import service as ledger
from operational.ledger.service import Leg
from operational.payments import attempts
from operational.payments.models import Payment, PaymentEvent
from operational.payments.rules import Movement, Verdict, shares
from operational.payments.states import OPEN, RANKS, News, PaymentStatus

WORKER = Actor.system("payments")

_LOCK_DEBT = text("select pg_advisory_xact_lock(3, hashtext(:name))")

_TAGS = {
    News.PENDING: Tag.DEPOSIT_ADVANCE,
    News.AUTHORISED: Tag.DEPOSIT_ADVANCE,
    News.FAILED: Tag.DEPOSIT_FAIL,
    News.SUCCEEDED: Tag.DEPOSIT_SUCCEED,
    News.ARRIVED: Tag.DEPOSIT_SUCCEED,
}
"""All other news is of money that went back, or came back from there."""


def bring(
    session: Session,
    payment: Payment,
    verdict: Verdict,
    event: PaymentEvent,
    *,
    payouts: Collection[str | None],
    now: datetime,
) -> None:
    """Post what the verdict says and the books do not have yet, and set the status.

    Before the capture the status only moves up: it may be ahead of what the PSP told. Refunds that
    are payouts of ours, named by the PSP's ids of them, are booked with those: money is held for them.

    Raises:
        InsufficientFunds: the wallet was emptied meanwhile; another try finds a debt instead.
    """
    before = payment.status
    posted = [
        _post(session, payment, movement)
        for movement in verdict.movements
        if movement.operation_id not in payouts
    ]
    if verdict.movements or RANKS[verdict.status] > RANKS[before]:
        _move(payment, verdict, event.details.get("reason"), now)
        attempts.end(session, payment, now=now)
    event.is_applied = payment.status != before or any(posted)

    tag = _TAGS.get(News(event.news), Tag.DEPOSIT_RETURN)
    audit.record(
        session,
        tag if event.is_applied else Tag.DEPOSIT_EVENT_IGNORE,
        subject=payment.id,
        actor=WORKER,
        now=now,
        reason=event.details.get("reason"),
        before={"status": before},
        after={"status": payment.status, "event": event.external_id},
    )


def _move(payment: Payment, verdict: Verdict, reason: str | None, now: datetime) -> None:
    payment.status = verdict.status
    if verdict.movements:
        payment.succeeded_at = verdict.movements[0].effective_at
        payment.arrived_minor = verdict.taken_minor
    payment.failure_reason = None
    if verdict.status is PaymentStatus.FAILED:
        payment.failure_reason = "not captured" if verdict.movements else reason or "refused"
    payment.ended_at = None if verdict.status in OPEN else payment.ended_at or now


def _post(session: Session, payment: Payment, movement: Movement) -> bool:
    """Post one movement, unless it is in the books. True if it was not."""
    if books.journal_of(session, movement.op_key) is not None:
        return False
    moved = Money(movement.amount_minor, payment.currency)
    clearing = ledger.control_account(session, f"psp:{payment.psp}", "asset", payment.currency)
    ledger.post(
        session,
        movement.op_key,
        kind=movement.kind,
        legs=[Leg(clearing, -moved), *client_legs(session, payment.client_id, moved)],
        effective_at=movement.effective_at,
        actor=WORKER,
        meta={"payment": payment.reference, "psp": payment.psp},
    )
    return True


def client_legs(session: Session, client_id: UUID, moved: Money) -> list[Leg]:
    """The client's side of the journal: the wallet, and the client's debt where there is one."""
    wallet = ledger.client_wallet(session, client_id, moved.currency)
    name = debt_name(client_id)
    if moved.minor > 0 and books.control_balance(session, name, moved.currency).minor == 0:
        return [Leg(wallet, moved)]

    lock_debt(session, client_id)
    to_wallet, to_debt = shares(
        moved.minor,
        available_minor=books.available(session, wallet).minor,
        owed_minor=-books.control_balance(session, name, moved.currency).minor,
    )
    debt = ledger.control_account(session, name, "asset", moved.currency)
    parts = ((wallet, to_wallet), (debt, to_debt))
    return [Leg(account, Money(minor, moved.currency)) for account, minor in parts if minor]


def debt_name(client_id: UUID) -> str:
    """The house's account of what a client owes it."""
    return f"client_debt:{client_id}"


def lock_debt(session: Session, client_id: UUID) -> None:
    """The debt is read and then written; one at a time per client."""
    session.execute(_LOCK_DEBT, {"name": debt_name(client_id)})
