"""The verbs of withdrawals: ask for one, take it back, decide on one that stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import service as clients
from operational.clients.states import Stage
from operational.kit import ids
from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.ledger import queries as books
from operational.ledger import service as ledger
from operational.ledger.errors import InsufficientFunds
from operational.payments import booking
from operational.payments.errors import AmountOutOfLimits, NotVerified
from operational.payments.models import Payment
from operational.payments.psp.connect import gives_back
from operational.payments.withdrawals import destinations, facts, payouts, queries, rules
from operational.payments.withdrawals.errors import DestinationNeeded, WithdrawalDecided
from operational.payments.withdrawals.models import Destination, Payout, Withdrawal
from operational.payments.withdrawals.rules import Part, Source
from operational.payments.withdrawals.states import PayoutStatus, WithdrawalStatus
from operational.review import service as review
from operational.review.rules import Reason
from operational.rules import queries as rule_queries
from operational.rules import service as decisions
from operational.rules import tables

CASE_KIND = "withdrawal"
TWO = 2
_RULES = Actor.system("rules")


@dataclass(frozen=True, slots=True)
class Available:
    """What a client may take out of one wallet, and why it is not more."""

    wallet: Money
    """Posted, less what is held for something else."""
    debt: Money
    """Owed to us, after a chargeback; it is kept back."""
    withdrawable: Money


def available(session: Session, client_id: UUID, currency: str) -> Available:
    """What may be taken out now. Money on a trading account is moved to the wallet first."""
    wallet = books.available(session, ledger.client_wallet(session, client_id, currency))
    owed = books.control_balance(session, booking.debt_name(client_id), currency)
    debt = Money(max(-owed.minor, 0), currency)
    return Available(wallet, debt, Money(max(wallet.minor - debt.minor, 0), currency))


def plan(session: Session, client_id: UUID, amount: Money) -> list[Part]:
    """How an amount would go back to where it came from, and what would be left for elsewhere."""
    sources = [
        Source(deposit.id, deposit.psp, deposit.method, left)
        for deposit, left in queries.sources_of(session, client_id, amount.currency)
        if gives_back(deposit.psp)
    ]
    return rules.split(amount.minor, sources)


def request_withdrawal(
    session: Session,
    client_id: UUID,
    amount: Money,
    *,
    destination_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Withdrawal:
    """Hold the money and let the table decide: paid at once, stopped with every reason, or refused.

    Args:
        session: the transaction.
        client_id: whose wallet.
        amount: what leaves it.
        destination_id: where that goes which no deposit takes back.
        actor: the client, with the session of the device.
        now: when.

    Raises:
        Forbidden, ClientNotFound: the actor may not, or not for this client.
        NotVerified, AmountOutOfLimits, InsufficientFunds.
        DestinationNeeded, DestinationNotFound, DestinationNotReady, NoPspPays.
    """
    # The client's row is locked: two withdrawals at once cannot both take from one deposit, nor
    # both fit under one limit.
    client = clients.own(session, client_id, Permission.PAYMENTS_WITHDRAW, actor=actor)
    if client.stage != Stage.VERIFIED:
        raise NotVerified("Only a verified client may take money out.")
    _check_amount(session, client_id, amount)
    target = (
        destinations.usable(session, client_id, destination_id, now=now) if destination_id else None
    )
    parts = plan(session, client_id, amount)
    rest = [part for part in parts if part.source is None]
    if rest and target is None:
        left = Money(rest[0].amount_minor, amount.currency)
        raise DestinationNeeded(
            f"{left} of it cannot go back to where it came from. Name a destination for it.",
            field="destination_id",
        )

    by_rule = _RULES.within(actor)
    withdrawal = _decided(
        session, client_id, amount, parts, target if rest else None, actor=actor, now=now
    )
    if withdrawal.status != WithdrawalStatus.REFUSED:
        _set_aside(session, withdrawal, parts, target, client.country, actor=by_rule, now=now)
    _record_request(session, withdrawal, actor=actor, now=now)
    if withdrawal.status == WithdrawalStatus.APPROVED:
        release(session, withdrawal, actor=by_rule, now=now)
    elif withdrawal.status == WithdrawalStatus.REVIEW:
        _stop(session, withdrawal, actor=by_rule, now=now)
    return withdrawal


def _check_amount(session: Session, client_id: UUID, amount: Money) -> None:
    within = available(session, client_id, amount.currency).withdrawable
    if amount.minor <= 0 or within < amount:
        raise InsufficientFunds(f"{within} can be taken out.", field="amount")
    if rules.usd(amount) < rules.WITHDRAWAL_MIN_USD and amount != within:
        raise AmountOutOfLimits(
            f"Take out at least {rules.WITHDRAWAL_MIN_USD} USD's worth, or all there is.",
            field="amount",
        )


def _decided(
    session: Session,
    client_id: UUID,
    amount: Money,
    parts: Sequence[Part],
    target: Destination | None,
    *,
    actor: Actor,
    now: datetime,
) -> Withdrawal:
    """The withdrawal as the table wants it."""
    withdrawal_id = ids.uuid7()
    gathered = facts.gather(session, client_id, amount, parts, target, actor=actor, now=now)
    decision = decisions.decide(
        session,
        tables.WITHDRAWAL,
        gathered,
        subject=("withdrawal", str(withdrawal_id)),
        now=now,
    )
    is_large = gathered["day_usd"] > decision.outcome["two_persons_above_usd"]
    status = _OUTCOMES[decision.outcome["outcome"]]
    is_open = status == WithdrawalStatus.REVIEW
    withdrawal = Withdrawal(
        id=withdrawal_id,
        reference=ids.reference("W"),
        client_id=client_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        amount_usd=gathered["amount_usd"],
        status=status,
        decision_id=decision.id,
        votes_needed=TWO if is_large else 1,
        session_id=actor.session_id,
        ip=actor.ip,
        requested_at=now,
        decided_at=None if is_open else now,
        ended_at=now if status == WithdrawalStatus.REFUSED else None,
    )
    session.add(withdrawal)
    session.flush()
    return withdrawal


_OUTCOMES = {
    "approve": WithdrawalStatus.APPROVED,
    "review": WithdrawalStatus.REVIEW,
    "refuse": WithdrawalStatus.REFUSED,
}


def _set_aside(
    session: Session,
    withdrawal: Withdrawal,
    parts: Sequence[Part],
    target: Destination | None,
    country: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """A payout for every part, and money held for each."""
    for part in parts:
        if part.source is not None:
            deposit = session.get_one(Payment, part.source.payment_id)
            payouts.give_back(
                session,
                deposit,
                part.amount_minor,
                withdrawal_id=withdrawal.id,
                actor=actor,
                now=now,
            )
        else:
            assert target is not None, "what goes elsewhere has a destination"
            payouts.transfer(
                session,
                target,
                Money(part.amount_minor, withdrawal.currency),
                withdrawal_id=withdrawal.id,
                country=country,
                actor=actor,
                now=now,
            )


def release(session: Session, withdrawal: Withdrawal, *, actor: Actor, now: datetime) -> None:
    """Let every payout that waits go."""
    for payout in _planned(session, withdrawal):
        payouts.release(session, payout, actor=actor, now=now)


def _planned(session: Session, withdrawal: Withdrawal) -> list[Payout]:
    legs = session.scalars(queries.payouts_of(withdrawal.id))
    return [leg for leg in legs if leg.status == PayoutStatus.PLANNED]


def _stop(session: Session, withdrawal: Withdrawal, *, actor: Actor, now: datetime) -> None:
    decision = rule_queries.get(session, withdrawal.decision_id)
    review.open_case(
        session,
        kind=CASE_KIND,
        subject_id=withdrawal.id,
        client_id=withdrawal.client_id,
        reasons=reasons_of(decision.outcome, decision.trace),
        decision_id=decision.id,
        actor=actor,
        now=now,
    )


def reasons_of(outcome: dict[str, Any], trace: dict[str, Any]) -> list[Reason]:
    """The table's reasons, each with what its row looked at."""
    rows = trace["steps"][0]["rows"]
    return [
        {**reason, "saw": row["saw"]} for reason, row in zip(outcome["reasons"], rows, strict=True)
    ]


def cancel(session: Session, withdrawal_id: UUID, *, actor: Actor, now: datetime) -> Withdrawal:
    """Take a withdrawal back while it waits for a person; its money is free again.

    Raises:
        Forbidden, ClientNotFound: the actor may not, or not for this client.
        WithdrawalDecided: it was let go, refused or cancelled.
    """
    client_id = session.get_one(Withdrawal, withdrawal_id).client_id
    clients.own(session, client_id, Permission.PAYMENTS_WITHDRAW, actor=actor)
    withdrawal = queries.locked(session, withdrawal_id)
    if withdrawal.status != WithdrawalStatus.REVIEW:
        raise WithdrawalDecided(f"{withdrawal.reference} is {withdrawal.status}.")

    end(session, withdrawal, WithdrawalStatus.CANCELLED, actor=actor, now=now)
    review.abandon(
        session, CASE_KIND, withdrawal.id, note="The client took it back.", actor=actor, now=now
    )

    payouts.record_withdrawal(
        session,
        Tag.WITHDRAWAL_CANCEL,
        withdrawal,
        WithdrawalStatus.REVIEW,
        actor=actor,
        now=now,
    )
    return withdrawal


def end(
    session: Session,
    withdrawal: Withdrawal,
    status: WithdrawalStatus,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Free the money of what nobody let go."""
    for payout in _planned(session, withdrawal):
        payouts.cancel(session, payout, actor=actor, now=now)
    withdrawal.status = status
    withdrawal.ended_at = now
    withdrawal.decided_at = withdrawal.decided_at or now


def _record_request(
    session: Session, withdrawal: Withdrawal, *, actor: Actor, now: datetime
) -> None:
    decision = rule_queries.get(session, withdrawal.decision_id)
    after = {
        "reference": withdrawal.reference,
        "amount": str(Money(withdrawal.amount_minor, withdrawal.currency)),
        "reasons": [reason["code"] for reason in decision.outcome["reasons"]],
    }
    audit.record(
        session,
        Tag.WITHDRAWAL_REQUEST,
        subject=withdrawal.id,
        actor=actor,
        now=now,
        after=after,
        decision_id=decision.id,
    )
    if withdrawal.status != WithdrawalStatus.REVIEW:
        is_approved = withdrawal.status == WithdrawalStatus.APPROVED
        audit.record(
            session,
            Tag.WITHDRAWAL_APPROVE if is_approved else Tag.WITHDRAWAL_REFUSE,
            subject=withdrawal.id,
            actor=_RULES.within(actor),
            now=now,
            reason=decision.outcome["reason"],
            rule_version=decisions.named(session, decision),
            decision_id=decision.id,
        )
