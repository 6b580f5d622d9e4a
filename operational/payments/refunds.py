"""Deposits given back because staff say so: one person asks, another agrees to exactly that."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import four_eyes
from operational.access import service as access
from operational.access.matrix import Permission
from operational.clients import service as clients
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden
from operational.kit.money import Money
from operational.ledger import queries as books
from operational.ledger import service as ledger
from operational.ledger.errors import InsufficientFunds
from operational.payments import queries
from operational.payments.errors import PaymentNotFound
from operational.payments.models import Payment
from operational.payments.withdrawals import payouts
from operational.payments.withdrawals import queries as paid_out
from operational.payments.withdrawals.errors import NothingLeftToRefund

KIND = "refund"
"""Of these approvals among those of other domains."""
LIFE = timedelta(days=3)


def ask(
    session: Session, reference: str, amount: Money, *, reason: str, actor: Actor, now: datetime
) -> Any:
    """Ask for a deposit to be given back, in part or whole. It is held once another person agreed.

    Returns:
        The approval that waits.

    Raises:
        Forbidden: without `refunds.ask`, or for oneself.
        PaymentNotFound.
        InvalidInput: no reason given.
        NothingLeftToRefund: more than is left of the deposit.
        InsufficientFunds: the client's wallet does not have it.
        Conflict: the same is waiting already.
    """
    access.require(actor, Permission.REFUNDS_ASK)
    payment = session.scalar(queries.by_reference(reference))
    if payment is None:
        raise PaymentNotFound(f"There is no payment {reference}.")
    _check_not_own(session, payment, actor)
    left = paid_out.left_of(session, payment) if payment.succeeded_at else 0
    if amount.currency != payment.currency or not 0 < amount.minor <= left:
        raise NothingLeftToRefund(f"{Money(left, payment.currency)} is left of it to give back.")
    wallet = ledger.client_wallet(session, payment.client_id, payment.currency)
    if books.available(session, wallet) < amount:
        raise InsufficientFunds("The client's wallet does not have it.")
    payload = {"payment": payment.reference, "psp": payment.psp, "amount": str(amount)}
    return four_eyes.ask(
        session, KIND, payment.id, payload, reason=reason, actor=actor, now=now, life=LIFE
    )


def decide(
    session: Session, approval_id: UUID, *, agree: bool, shown: str, actor: Actor, now: datetime
) -> Any:
    """Agree or refuse as the second person; agreeing sends exactly what was asked for.

    Returns:
        The approval, decided.

    Raises:
        Forbidden: without `refunds.approve`, or for oneself.
        NotFound, SecondPersonNeeded, AlreadyDecided, ApprovalExpired, Stale.
        NothingLeftToRefund, InsufficientFunds: what was there is gone meanwhile.
    """
    access.require(actor, Permission.REFUNDS_APPROVE)
    payment = session.get_one(Payment, four_eyes.subject_of(session, approval_id, KIND))
    _check_not_own(session, payment, actor)
    approval = four_eyes.waiting(session, approval_id, KIND, actor=actor)
    four_eyes.settle(session, approval, agree=agree, actor=actor, now=now, shown=shown)
    if agree:
        text, currency = approval.payload["amount"].split(" ")
        payouts.start_refund(session, payment.id, Money.parse(text, currency), actor=actor, now=now)
    return approval


def _check_not_own(session: Session, payment: Payment, actor: Actor) -> None:
    """Lock the client, who must be somebody else than the actor."""
    if str(clients.locked(session, payment.client_id).user_id) == actor.id:
        raise Forbidden("Nobody gives back their own deposit.")
