"""Named reads of withdrawals, payouts and destinations."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from operational.payments import rules as deposit_rules
from operational.payments.models import Payment, PaymentEvent, PspSwitch
from operational.payments.states import News, PayoutNews
from operational.payments.withdrawals import rules
from operational.payments.withdrawals.errors import (
    DestinationNotFound,
    PayoutNotFound,
    WithdrawalNotFound,
)
from operational.payments.withdrawals.models import (
    Destination,
    Payout,
    PayoutEvent,
    Vote,
    Withdrawal,
)
from operational.payments.withdrawals.states import (
    HOLDING,
    UNDECIDED,
    DestinationStatus,
    PayoutStatus,
    WithdrawalStatus,
)

NOT_MEANT = (WithdrawalStatus.REFUSED, WithdrawalStatus.CANCELLED)
"""Withdrawals that count for no limit."""


def withdrawal(session: Session, reference: str) -> Withdrawal:
    """The withdrawal of this reference.

    Raises:
        WithdrawalNotFound.
    """
    found = session.scalar(select(Withdrawal).where(Withdrawal.reference == reference.upper()))
    if found is None:
        raise WithdrawalNotFound(f"There is no withdrawal {reference}.")
    return found


def own(session: Session, client_id: UUID, reference: str) -> Withdrawal:
    """A client's own withdrawal.

    Raises:
        WithdrawalNotFound: there is none, or it is somebody else's.
    """
    found = withdrawal(session, reference)
    if found.client_id != client_id:
        raise WithdrawalNotFound(f"There is no withdrawal {reference}.")
    return found


def locked(session: Session, withdrawal_id: UUID) -> Withdrawal:
    return session.get_one(Withdrawal, withdrawal_id, with_for_update=True)


def of_client(client_id: UUID, limit: int = 100) -> Select[Withdrawal]:
    """The newest withdrawals of one client."""
    return (
        select(Withdrawal)
        .where(Withdrawal.client_id == client_id)
        .order_by(Withdrawal.requested_at.desc(), Withdrawal.id.desc())
        .limit(limit)
    )


def matching(text: str = "", status: str | None = None) -> Select[Withdrawal]:
    """Withdrawals of everybody, of one reference (its own, a payout's, a PSP's) or status; in no order."""
    found, wanted = select(Withdrawal), text.strip()
    if wanted:
        named = select(Payout.withdrawal_id).where(
            or_(Payout.reference == wanted.upper(), Payout.psp_payout_id == wanted)
        )
        found = found.where(or_(Withdrawal.reference == wanted.upper(), Withdrawal.id.in_(named)))
    return found if status is None else found.where(Withdrawal.status == status)


def counts(session: Session) -> dict[str, int]:
    """How many withdrawals stand in each status."""
    found = select(Withdrawal.status, func.count()).group_by(Withdrawal.status)
    return {status: count for status, count in session.execute(found)}  # noqa: C416 - a row is no pair to dict()


def payouts_of(withdrawal_id: UUID) -> Select[Payout]:
    """The payouts of a withdrawal in the order they were made."""
    return select(Payout).where(Payout.withdrawal_id == withdrawal_id).order_by(Payout.id)


def legs_of(session: Session, withdrawal_id: UUID) -> Sequence[Payout]:
    """The payouts of a withdrawal that no other has replaced."""
    return legs_by_withdrawal(session, [withdrawal_id])[withdrawal_id]


def legs_by_withdrawal(
    session: Session, withdrawal_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Payout]]:
    """The same of many; nothing for one that has none."""
    later, legs = aliased(Payout), defaultdict[UUID, list[Payout]](list)
    found = select(Payout).where(
        Payout.withdrawal_id.in_(withdrawal_ids), ~exists().where(later.replaces_id == Payout.id)
    )
    for leg in session.scalars(found.order_by(Payout.id)):
        assert leg.withdrawal_id is not None, "it was asked for by its withdrawal"
        legs[leg.withdrawal_id].append(leg)
    return legs


def votes_of(withdrawal_id: UUID) -> Select[Vote]:
    return select(Vote).where(Vote.withdrawal_id == withdrawal_id).order_by(Vote.id)


def payout_by_reference(session: Session, reference: str) -> Payout | None:
    return session.scalar(select(Payout).where(Payout.reference == reference))


def payout_by_psp_id(session: Session, psp: str, psp_payout_id: str) -> Payout | None:
    return session.scalar(
        select(Payout).where(Payout.psp == psp, Payout.psp_payout_id == psp_payout_id)
    )


def payouts_of_payment(payment_id: UUID) -> Select[Payout]:
    """What was, or is to be, given back of one deposit by us."""
    return select(Payout).where(Payout.payment_id == payment_id).order_by(Payout.id)


def locked_payout(session: Session, payout_id: UUID) -> Payout:
    """A payout, locked; its withdrawal before it, as everybody who changes both.

    Raises:
        PayoutNotFound.
    """
    found = session.get(Payout, payout_id)
    if found is None:
        raise PayoutNotFound(f"There is no payout {payout_id}.")
    if found.withdrawal_id is not None:
        locked(session, found.withdrawal_id)
    return session.get_one(Payout, payout_id, with_for_update=True)


def told_of(session: Session, payout_id: UUID) -> list[rules.Told]:
    """Everything the PSP told of a payout, in the form `rules.judge` takes."""
    return [
        rules.Told(
            PayoutNews(event.news), event.operation_id, event.amount_minor, event.occurred_at
        )
        for event in session.scalars(events_of([payout_id]))
    ]


def events_of(payout_ids: Collection[UUID]) -> Select[PayoutEvent]:
    """Everything told of some payouts, as it came."""
    return (
        select(PayoutEvent)
        .where(PayoutEvent.payout_id.in_(payout_ids))
        .order_by(PayoutEvent.recorded_at, PayoutEvent.id)
    )


def silent(
    psps: Collection[str], now: datetime, older_than: timedelta, limit: int
) -> Select[Payout]:
    """Payouts the PSP should have told us more about by now, those asked longest ago first."""
    return (
        select(Payout)
        .where(Payout.status.in_(UNDECIDED), Payout.psp.in_(list(psps)))
        .where(Payout.queued_at <= now - older_than)
        .where(or_(Payout.polled_at.is_(None), Payout.polled_at <= now - older_than))
        .order_by(Payout.polled_at.nulls_first(), Payout.queued_at)
        .limit(limit)
    )


def sources_of(session: Session, client_id: UUID, currency: str) -> list[tuple[Payment, int]]:
    """A client's deposits that something is left of, oldest first, and how much.

    A disputed deposit has nothing left: its PSP gives nothing of it back. What we gave back counts
    from the moment we mean to; what somebody gave back at the PSP from when we are told.
    """
    deposits = session.scalars(
        select(Payment)
        .where(Payment.client_id == client_id, Payment.currency == currency)
        .where(Payment.succeeded_at.is_not(None))
        .order_by(Payment.succeeded_at, Payment.id)
    ).all()
    return [
        (deposit, left)
        for deposit, left in zip(deposits, _left(session, deposits), strict=True)
        if left > 0
    ]


def left_of(session: Session, deposit: Payment) -> int:
    """What may still be given back of one deposit, in minor units."""
    return _left(session, [deposit])[0]


def _left(session: Session, deposits: Sequence[Payment]) -> list[int]:
    ids = [deposit.id for deposit in deposits]
    told: dict[UUID, list[PaymentEvent]] = defaultdict(list)
    for event in session.scalars(select(PaymentEvent).where(PaymentEvent.payment_id.in_(ids))):
        told[event.payment_id].append(event)
    ours: dict[UUID, list[Payout]] = defaultdict(list)
    for payout in session.scalars(select(Payout).where(Payout.payment_id.in_(ids))):
        if payout.payment_id is not None:
            ours[payout.payment_id].append(payout)
    return [_left_of(deposit, told[deposit.id], ours[deposit.id]) for deposit in deposits]


def _left_of(deposit: Payment, told: Sequence[PaymentEvent], ours: Sequence[Payout]) -> int:
    verdict = deposit_rules.judge(
        str(deposit.id),
        deposit.amount_minor,
        [
            deposit_rules.Told(
                News(event.news), event.operation_id, event.amount_minor, event.occurred_at
            )
            for event in told
        ],
        deposit.agreed_minor,
    )
    if any(movement.kind not in _GIVEN_BACK | {"deposit"} for movement in verdict.movements):
        return 0
    known = {payout.psp_payout_id for payout in ours if payout.psp_payout_id}
    elsewhere = sum(
        -movement.amount_minor
        for movement in verdict.movements
        if movement.kind in _GIVEN_BACK and movement.operation_id not in known
    )
    meant = sum(payout.amount_minor for payout in ours if payout.status in _COUNTED)
    return verdict.taken_minor - elsewhere - meant


_GIVEN_BACK = {"refund", "refund_failed"}
_COUNTED = HOLDING | {PayoutStatus.PAID}


@dataclass(frozen=True, slots=True)
class History:
    """What a client has asked for before, refused and cancelled ones left out."""

    day_count: int
    week_count: int
    month_count: int
    day_usd: int
    week_usd: int
    month_usd: int
    paid_count: int
    largest_usd: int


def history_of(session: Session, client_id: UUID, now: datetime) -> History:
    counted = _counted(now)
    found = session.execute(
        select(*counted.values()).where(
            Withdrawal.client_id == client_id, Withdrawal.status.not_in(NOT_MEANT)
        )
    ).one()
    values: list[int] = [int(value) for value in cast("tuple[int, ...]", tuple(found))]
    return History(**dict(zip(counted, values, strict=True)))


def _counted(now: datetime) -> dict[str, ColumnElement[Any]]:
    columns: dict[str, ColumnElement[Any]] = {}
    for name, days in (("day", 1), ("week", 7), ("month", 30)):
        is_recent = Withdrawal.requested_at > now - timedelta(days=days)
        columns[f"{name}_count"] = func.count().filter(is_recent)
        columns[f"{name}_usd"] = func.coalesce(func.sum(Withdrawal.amount_usd).filter(is_recent), 0)
    is_paid = Withdrawal.status == WithdrawalStatus.PAID
    columns["paid_count"] = func.count().filter(is_paid)
    largest = func.max(Withdrawal.amount_usd).filter(is_paid)
    return columns | {"largest_usd": func.coalesce(largest, 0)}


def asked_around(session: Session, withdrawal: Withdrawal) -> int:
    """Dollars asked for by its client within a day of a withdrawal, before or after, with it."""
    apart = timedelta(days=1)
    total = session.scalar(
        select(func.sum(Withdrawal.amount_usd))
        .where(Withdrawal.client_id == withdrawal.client_id)
        .where(Withdrawal.status.not_in(NOT_MEANT))
        .where(Withdrawal.requested_at > withdrawal.requested_at - apart)
        .where(Withdrawal.requested_at < withdrawal.requested_at + apart)
    )
    return int(total or 0)


def switched_off(session: Session, method: str) -> frozenset[str]:
    """PSPs that a person has switched off, for this method or altogether."""
    off = select(PspSwitch.psp).where(
        PspSwitch.on_at.is_(None), PspSwitch.method.in_([method, ANY_METHOD])
    )
    return frozenset(session.scalars(off))


ANY_METHOD = "any"


def destination(session: Session, destination_id: UUID) -> Destination:
    """The destination with this id.

    Raises:
        DestinationNotFound.
    """
    found = session.get(Destination, destination_id)
    if found is None:
        raise DestinationNotFound(f"There is no destination {destination_id}.")
    return found


def locked_destination(session: Session, destination_id: UUID) -> Destination:
    destination(session, destination_id)
    return session.get_one(Destination, destination_id, with_for_update=True)


def destinations_of(client_id: UUID) -> Select[Destination]:
    """A client's destinations, newest first; removed ones left out."""
    return (
        select(Destination)
        .where(Destination.client_id == client_id)
        .where(Destination.status != DestinationStatus.REMOVED)
        .order_by(Destination.added_at.desc(), Destination.id.desc())
    )


def usable_destinations(client_id: UUID, now: datetime) -> Select[Destination]:
    """Those money may go to now, the one approved last first."""
    return (
        select(Destination)
        .where(Destination.client_id == client_id)
        .where(Destination.status == DestinationStatus.APPROVED, Destination.usable_from <= now)
        .order_by(Destination.decided_at.desc(), Destination.id)
    )


def destinations(status: str | None = None) -> Select[Destination]:
    """Destinations of everybody; in no order."""
    found = select(Destination)
    return found if status is None else found.where(Destination.status == status)


def paid_count(session: Session, destination_id: UUID) -> int:
    """How often money has arrived there."""
    return (
        session.scalar(
            select(func.count()).where(
                Payout.destination_id == destination_id, Payout.status == PayoutStatus.PAID
            )
        )
        or 0
    )
