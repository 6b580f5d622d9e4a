"""The verbs of payouts: hold the money, let it go, try another way, give up."""

import base64
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import queries as clients
from operational.clients import service as client_verbs
from operational.kit import ids
from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.messaging import outbox
from operational.payments.models import Payment
from operational.payments.withdrawals import queries, rules
from operational.payments.withdrawals.errors import NoPspPays, NothingLeftToRefund
from operational.payments.withdrawals.models import Destination, Payout, Withdrawal
from operational.payments.withdrawals.states import TRANSITIONS, PayoutStatus, WithdrawalStatus
from operational.rules import service as decisions
from operational.rules import tables

SEND_PAYOUT = "psp.send_payout"
WORKER = Actor.system("payments")

_ENDED = frozenset(TRANSITIONS) - {WithdrawalStatus.REVIEW, WithdrawalStatus.APPROVED}


def hold_key(payout: Payout) -> str:
    """The name of the money held for a payout, and of the journal that settles it."""
    return f"payout:{payout.id}"


def give_back(
    session: Session,
    deposit: Payment,
    amount_minor: int,
    *,
    withdrawal_id: UUID | None,
    now: datetime,
    actor: Actor = WORKER,
) -> Payout:
    """Plan to give a deposit back, in part or whole, at its own PSP. The money is held.

    Raises:
        InsufficientFunds.
    """
    payout = Payout(
        id=ids.uuid7(),
        reference=ids.reference("P"),
        client_id=deposit.client_id,
        withdrawal_id=withdrawal_id,
        payment_id=deposit.id,
        psp=deposit.psp,
        fallback_psps=[],
        method=deposit.method,
        country=deposit.country,
        amount_minor=amount_minor,
        currency=deposit.currency,
        status=PayoutStatus.PLANNED,
        planned_at=now,
    )
    return _hold(session, payout, actor=actor, now=now)


def transfer(
    session: Session,
    destination: Destination,
    amount: Money,
    *,
    withdrawal_id: UUID | None,
    now: datetime,
    country: str,
    replaces: Payout | None = None,
    actor: Actor = WORKER,
) -> Payout:
    """Plan to pay a destination, through the best of those who do. The money is held.

    Raises:
        NoPspPays, InsufficientFunds.
    """
    payout_id = ids.uuid7()
    psps = routes(session, payout_id, destination.method, country, amount, now=now)
    payout = Payout(
        id=payout_id,
        reference=ids.reference("P"),
        client_id=destination.client_id,
        withdrawal_id=withdrawal_id,
        destination_id=destination.id,
        replaces_id=replaces and replaces.id,
        psp=psps[0],
        fallback_psps=psps[1:],
        method=destination.method,
        country=country,
        amount_minor=amount.minor,
        currency=amount.currency,
        status=PayoutStatus.PLANNED,
        planned_at=now,
    )
    return _hold(session, payout, actor=actor, now=now)


def routes(
    session: Session, payout_id: UUID, method: str, country: str, amount: Money, *, now: datetime
) -> list[str]:
    """Who pays there, the best first; never one that is switched off.

    Raises:
        NoPspPays.
    """
    routing = decisions.decide(
        session,
        tables.PAYOUT_ROUTING,
        {
            "method": method,
            "country": country,
            "currency": amount.currency,
            "amount": str(amount.major),
        },
        subject=("payout", str(payout_id)),
        now=now,
    )
    off = queries.switched_off(session, method)
    psps = [psp for psp in routing.outcome["psps"] if psp not in off]
    if not psps:
        why = "Whoever could pay is switched off." if off else routing.outcome["reason"]
        raise NoPspPays(why)
    return psps


def _hold(session: Session, payout: Payout, *, now: datetime, actor: Actor = WORKER) -> Payout:
    session.add(payout)
    session.flush()
    amount = Money(payout.amount_minor, payout.currency)
    wallet = ledger.client_wallet(session, payout.client_id, payout.currency)
    ledger.hold(session, hold_key(payout), wallet, amount)
    _record(session, Tag.PAYOUT_PLAN, payout, actor=actor, now=now)
    return payout


def release(session: Session, payout: Payout, *, now: datetime, actor: Actor = WORKER) -> None:
    """Let a planned payout go: the outbox carries it to its PSP."""
    assert payout.status == PayoutStatus.PLANNED, f"{payout.reference} is {payout.status}"
    payout.status = PayoutStatus.QUEUED
    payout.queued_at = now
    deposit = session.get_one(Payment, payout.payment_id) if payout.payment_id else None
    target = session.get_one(Destination, payout.destination_id) if payout.destination_id else None
    client = clients.get(session, payout.client_id)
    outbox.put(
        session,
        SEND_PAYOUT,
        aggregate=f"payout:{payout.id}",
        payload={
            "payout_id": str(payout.id),
            "psp": payout.psp,
            "reference": payout.reference,
            "amount_minor": payout.amount_minor,
            "currency": payout.currency,
            "method": payout.method,
            "country": payout.country,
            "holder_name": target.holder_name
            if target
            else f"{client.first_name} {client.last_name}".strip(),
            "source_payment_id": deposit.psp_payment_id if deposit else None,
            # Encrypted, as it lies in its own table.
            "destination_id": str(target.id) if target else None,
            "details": base64.b64encode(target.details).decode() if target else None,
        },
        now=now,
    )
    _record(session, Tag.PAYOUT_QUEUE, payout, actor=actor, now=now)


def cancel(session: Session, payout: Payout, *, actor: Actor, now: datetime) -> None:
    """Take back what nobody has let go yet, and free its money."""
    assert payout.status == PayoutStatus.PLANNED, f"{payout.reference} is {payout.status}"
    ledger.void_hold(session, hold_key(payout))
    payout.status = PayoutStatus.CANCELLED
    payout.ended_at = now
    _record(session, Tag.PAYOUT_CANCEL, payout, actor=actor, now=now)


def start_refund(
    session: Session, payment_id: UUID, amount: Money, *, actor: Actor, now: datetime
) -> Payout:
    """Give a deposit back because staff say so. The caller checked who may, and why.

    Raises:
        NothingLeftToRefund: more than is left of it.
        InsufficientFunds: the client's wallet does not have it.
    """
    deposit = session.get_one(Payment, payment_id)
    # As a withdrawal does: nobody else takes from the same deposits meanwhile.
    client_verbs.locked(session, deposit.client_id)
    left = queries.left_of(session, deposit) if deposit.succeeded_at else 0
    if amount.currency != deposit.currency or not 0 < amount.minor <= left:
        raise NothingLeftToRefund(f"{Money(left, deposit.currency)} is left of it to give back.")
    payout = give_back(session, deposit, amount.minor, withdrawal_id=None, actor=actor, now=now)
    release(session, payout, actor=actor, now=now)
    return payout


def fail(session: Session, payout: Payout, reason: str, *, now: datetime) -> Payout | None:
    """It was not paid: the next way is tried with another payout, or the money is free again."""
    ledger.void_hold(session, hold_key(payout))
    payout.status = PayoutStatus.FAILED
    payout.failure_reason = reason
    payout.ended_at = now
    session.flush()
    _record(session, Tag.PAYOUT_FAIL, payout, now=now, reason=reason)
    successor = _successor(session, payout, now=now)
    if successor is not None:
        release(session, successor, now=now)
    settle(session, payout.withdrawal_id, now=now)
    return successor


def _successor(session: Session, failed: Payout, *, now: datetime) -> Payout | None:
    """The same money another way: the next PSP, or, where a deposit takes nothing back, a destination."""
    amount = Money(failed.amount_minor, failed.currency)
    off = queries.switched_off(session, failed.method)
    if left := [psp for psp in failed.fallback_psps if psp not in off]:
        psp, *rest = left
        return _hold(session, _again(failed, psp, rest, now), now=now)
    if failed.payment_id is None or failed.withdrawal_id is None:
        return None
    usable = session.scalar(queries.usable_destinations(failed.client_id, now).limit(1))
    if usable is None:
        return None
    try:
        return transfer(
            session,
            usable,
            amount,
            withdrawal_id=failed.withdrawal_id,
            country=failed.country,
            replaces=failed,
            now=now,
        )
    except NoPspPays:
        return None


def _again(failed: Payout, psp: str, rest: list[str], now: datetime) -> Payout:
    return Payout(
        id=ids.uuid7(),
        reference=ids.reference("P"),
        client_id=failed.client_id,
        withdrawal_id=failed.withdrawal_id,
        destination_id=failed.destination_id,
        replaces_id=failed.id,
        psp=psp,
        fallback_psps=rest,
        method=failed.method,
        country=failed.country,
        amount_minor=failed.amount_minor,
        currency=failed.currency,
        status=PayoutStatus.PLANNED,
        planned_at=now,
    )


def settle(session: Session, withdrawal_id: UUID | None, *, now: datetime) -> None:
    """Bring a withdrawal where its payouts are. One refused or cancelled stays so."""
    if withdrawal_id is None:
        return
    withdrawal = queries.locked(session, withdrawal_id)
    before = WithdrawalStatus(withdrawal.status)
    session.flush()
    legs: Sequence[Payout] = queries.legs_of(session, withdrawal_id)
    after = rules.standing(leg.status for leg in legs)
    if after == before or after not in TRANSITIONS[before]:
        return
    withdrawal.status = after
    withdrawal.ended_at = now if after in _ENDED else None
    record_withdrawal(session, Tag.WITHDRAWAL_ADVANCE, withdrawal, before, now=now)


def record_withdrawal(
    session: Session,
    tag: Tag,
    withdrawal: Withdrawal,
    before: str,
    *,
    now: datetime,
    actor: Actor = WORKER,
    reason: str | None = None,
    evidence_id: UUID | None = None,
) -> None:
    audit.record(
        session,
        tag,
        subject=withdrawal.id,
        actor=actor,
        now=now,
        reason=reason,
        before={"status": str(before)},
        after={"status": str(withdrawal.status), "reference": withdrawal.reference},
        decision_id=withdrawal.decision_id,
        evidence_id=evidence_id,
    )


def _record(
    session: Session,
    tag: Tag,
    payout: Payout,
    *,
    now: datetime,
    actor: Actor = WORKER,
    reason: str | None = None,
) -> None:
    audit.record(
        session,
        tag,
        subject=payout.id,
        actor=actor,
        now=now,
        reason=reason,
        after={
            "reference": payout.reference,
            "psp": payout.psp,
            "amount": str(Money(payout.amount_minor, payout.currency)),
            "status": str(payout.status),
        },
    )
