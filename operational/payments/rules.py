"""What a payment is, given everything we were told about it; and who may pay in how much."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from operational.kit.money import Money, exponent
from operational.payments.states import RANKS, PaymentStatus

DEPOSIT_MIN_MAJOR = 10
DEPOSIT_MAX_MAJOR = 50_000
DEPOSIT_DAY_MAX_MAJOR = 100_000

# What a unit of a currency is worth against the dollar, to the nearest power of ten. Limits are
# coarse on purpose: they stop typing errors, the routing table and reviews stop the rest.
_SCALE = {"CLP": 1000, "HUF": 100, "IDR": 10_000, "INR": 100, "JPY": 100, "KES": 100, "KRW": 1000}
_SCALE |= {"NGN": 1000, "PHP": 100, "THB": 10, "CZK": 10, "VND": 10_000}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing the PSP told us. Two with one operation and status are one."""

    status: PaymentStatus
    operation_id: str
    amount_minor: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved between the PSP and us: positive came in."""

    kind: str
    op_key: str
    amount_minor: int
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a payment stands: its status, and all money it has moved, in posting order."""

    status: PaymentStatus
    movements: tuple[Movement, ...]


class Impossible(ValueError):
    """What we were told cannot all be true."""


_RETURNS = {
    PaymentStatus.REFUNDED: "refund",
    PaymentStatus.CHARGED_BACK: "chargeback",
    PaymentStatus.CHARGEBACK_WON: "chargeback_won",
}


def judge(payment_id: str, amount_minor: int, told: Collection[Told]) -> Verdict:
    """Decide on the set of things told, so that neither order nor repetition can matter.

    What is given back waits for the capture: it alone proves that there was something to give.

    Raises:
        Impossible: captured twice, more refunded than captured, or two chargebacks.
    """
    ordered = sorted(told, key=lambda one: (RANKS[one.status], one.occurred_at, one.operation_id))
    captures = [one for one in ordered if one.status is PaymentStatus.SUCCEEDED]
    if not captures:
        proven = [one.status for one in ordered if one.status not in _RETURNS]
        return Verdict(proven[-1] if proven else PaymentStatus.CREATED, ())

    if len({one.operation_id for one in captures}) > 1:
        raise Impossible("it was captured twice, as two payments of the provider")
    deposit = Movement("deposit", f"deposit:{payment_id}", amount_minor, captures[0].occurred_at)
    returns = list(_returns(payment_id, ordered))
    _check(returns, amount_minor)
    return Verdict(ordered[-1].status, (deposit, *returns))


def _returns(payment_id: str, ordered: Iterable[Told]) -> Iterable[Movement]:
    seen = set()
    for one in ordered:
        kind = _RETURNS.get(one.status)
        op_key = f"{kind}:{payment_id}:{one.operation_id}"
        if kind is None or op_key in seen:
            continue
        seen.add(op_key)
        sign = 1 if one.status is PaymentStatus.CHARGEBACK_WON else -1
        yield Movement(kind, op_key, sign * one.amount_minor, one.occurred_at)


def _check(returns: Collection[Movement], amount_minor: int) -> None:
    refunded = -sum(one.amount_minor for one in returns if one.kind == "refund")
    if refunded > amount_minor:
        raise Impossible(f"{refunded} was refunded of {amount_minor} captured")
    if sum(one.kind == "chargeback" for one in returns) > 1:
        raise Impossible("it was charged back twice")
    if any(-one.amount_minor > amount_minor for one in returns):
        raise Impossible("more was charged back than captured")


@dataclass(frozen=True, slots=True)
class DepositFacts:
    """What decides whether a client may pay in."""

    is_verified: bool
    amount: Money
    asked_today: Money
    """Not failed, within 24 hours, in the same currency, without this one."""


def refusals(facts: DepositFacts) -> list[str]:
    """Why not, as stable codes; nothing when the deposit may be asked for."""
    limit = _limits(facts.amount.currency)
    reasons = []
    if not facts.is_verified:
        reasons.append("not_verified")
    if not limit.low <= facts.amount <= limit.high:
        reasons.append("amount_out_of_limits")
    if limit.day < facts.asked_today + facts.amount:
        reasons.append("daily_limit_reached")
    return reasons


@dataclass(frozen=True, slots=True)
class Limits:
    """Smallest and largest deposit, and the most in 24 hours."""

    low: Money
    high: Money
    day: Money


def _limits(currency: str) -> Limits:
    unit = _SCALE.get(currency, 1) * 10 ** exponent(currency)
    low, high, day = (
        Money(major * unit, currency)
        for major in (DEPOSIT_MIN_MAJOR, DEPOSIT_MAX_MAJOR, DEPOSIT_DAY_MAX_MAJOR)
    )
    return Limits(low, high, day)
