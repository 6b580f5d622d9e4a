"""What a payout is, given everything we were told about it; how a withdrawal is split. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from uuid import UUID

from operational.kit.money import Money
from operational.payments.rules import Impossible, Movement
from operational.payments.states import PayoutNews
from operational.payments.withdrawals.states import HOLDING, PayoutStatus, WithdrawalStatus

WITHDRAWAL_MIN_USD = 10
"""Smaller ones cost more than they are worth; the whole of a smaller balance may leave."""

# Units to a dollar, to two digits. Limits need no more, and a decision must not depend on the minute.
_PER_DOLLAR: dict[str, str] = {
    "AED": "3.7", "AUD": "1.5", "BHD": "0.38", "BRL": "5.4", "BTC": "0.000011", "CAD": "1.4",
    "CHF": "0.81", "CLP": "950", "CNY": "7.2", "CZK": "21", "DKK": "6.4", "ETH": "0.00033",
    "EUR": "0.86", "GBP": "0.75", "HKD": "7.8", "HUF": "335", "IDR": "16000", "INR": "88",
    "JOD": "0.71", "JPY": "150", "KES": "130", "KRW": "1400", "KWD": "0.31", "MXN": "18",
    "MYR": "4.2", "NGN": "1500", "NOK": "10", "NZD": "1.7", "OMR": "0.38", "PHP": "58",
    "PLN": "3.7", "RON": "4.4", "SEK": "9.5", "SGD": "1.3", "THB": "32", "TND": "2.9",
    "TRY": "42", "USC": "100", "USD": "1", "USDC": "1", "USDT": "1", "VND": "26000", "ZAR": "17",
}  # fmt: skip


def usd(amount: Money) -> int:
    """What an amount is worth in whole dollars, rounded up: nothing is worth zero."""
    dollars = amount.major / Decimal(_PER_DOLLAR[amount.currency])
    return int(dollars.to_integral_value(ROUND_CEILING))


@dataclass(frozen=True, slots=True)
class Told:
    """One thing the PSP told us of a payout. Two with one operation and news are one."""

    news: PayoutNews
    operation_id: str
    amount_minor: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a payout stands by what was told, if anything was, and all money it has moved."""

    status: PayoutStatus | None
    movements: tuple[Movement, ...]


def judge(payout_id: UUID, amount_minor: int, told: Collection[Told]) -> Verdict:
    """Decide on the set of things told, so that neither order nor repetition can matter.

    What came back before anybody said it had left waits for that: only then has money moved, twice.

    Raises:
        Impossible: paid twice, or more came back than left.
    """
    ordered = sorted(told, key=lambda one: (one.occurred_at, one.operation_id))
    paid = {one.operation_id: one for one in reversed(ordered) if one.news is PayoutNews.PAID}
    back = {one.operation_id: one for one in reversed(ordered) if one.news is PayoutNews.RETURNED}
    if len(paid) > 1:
        raise Impossible("it was paid twice, as two operations of the provider")
    if sum(one.amount_minor for one in back.values()) > amount_minor:
        raise Impossible("more came back than was paid")
    if not paid:
        return Verdict(_unpaid({one.news for one in ordered}), ())

    [left] = paid.values()
    out = Movement("payout", f"payout:{payout_id}", -amount_minor, left.occurred_at)
    returns = tuple(
        Movement(
            "payout_returned",
            f"payout_returned:{payout_id}:{one.operation_id}",
            one.amount_minor,
            one.occurred_at,
        )
        for one in sorted(back.values(), key=lambda one: (one.occurred_at, one.operation_id))
    )
    return Verdict(PayoutStatus.RETURNED if back else PayoutStatus.PAID, (out, *returns))


def _unpaid(told: Collection[PayoutNews]) -> PayoutStatus | None:
    if PayoutNews.RETURNED in told or PayoutNews.FAILED in told:
        return PayoutStatus.FAILED
    return PayoutStatus.SENT if PayoutNews.SENT in told else None


def standing(legs: Iterable[str]) -> WithdrawalStatus:
    """Where a withdrawal that was let go stands, by its payouts; those replaced do not count."""
    statuses = {PayoutStatus(status) for status in legs}
    if statuses & HOLDING:
        return WithdrawalStatus.APPROVED
    if statuses == {PayoutStatus.PAID}:
        return WithdrawalStatus.PAID
    if PayoutStatus.PAID in statuses:
        return WithdrawalStatus.PARTLY_PAID
    is_back = PayoutStatus.RETURNED in statuses
    return WithdrawalStatus.RETURNED if is_back else WithdrawalStatus.FAILED


@dataclass(frozen=True, slots=True)
class Source:
    """A deposit that money may go back to, and how much of it."""

    payment_id: UUID
    psp: str
    method: str
    left_minor: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a withdrawal: back to one deposit, or, without one, to a destination."""

    amount_minor: int
    source: Source | None


def split(amount_minor: int, sources: Sequence[Source]) -> list[Part]:
    """Return to source: the oldest deposit first, each at most what is left of it, then the rest."""
    parts, wanted = [], amount_minor
    for source in sources:
        given = min(source.left_minor, wanted)
        if given > 0:
            parts.append(Part(given, source))
            wanted -= given
    if wanted:
        parts.append(Part(wanted, None))
    return parts
