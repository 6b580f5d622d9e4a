"""Who may pay in how, and how much: facts in, at most one refusal out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from operational.kit.money import Money, exponent


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to pay in, for one client in one currency, and how much."""

    method: str
    low: Money
    high: Money
    day: Money
    """Within 24 hours by this method."""
    month: Money
    """Within 30 days."""


def offers(outcome: Mapping[str, Any], currency: str) -> list[Offer]:
    """What the table of methods puts out: its limits are whole units, ours exact minor units."""
    minor = outcome["unit"] * 10 ** exponent(currency)
    return [
        Offer(
            row["method"],
            *(Money(row[name] * minor, currency) for name in ("min", "max", "day", "month")),
        )
        for row in outcome["methods"]
    ]


@dataclass(frozen=True, slots=True)
class DepositFacts:
    """What decides whether a client may pay in."""

    is_verified: bool
    amount: Money
    method: str
    offers: Sequence[Offer]
    asked_day: Money
    """By this method and currency, not failed, within 24 hours, without this one."""
    asked_month: Money
    """Likewise within 30 days."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a deposit is not possible: a stable code, the field at fault, and what to do."""

    code: str
    field: str | None
    sentence: str


def refusal(facts: DepositFacts) -> Refusal | None:
    """Why not; None when the deposit may be asked for."""
    if not facts.is_verified:
        sentence = "Deposits open as soon as your identity is verified."
        return Refusal("not_verified", None, sentence)
    offer = next((one for one in facts.offers if one.method == facts.method), None)
    if offer is None:
        return Refusal("method_not_offered", "method", _others(facts))
    if not offer.low <= facts.amount <= offer.high:
        sentence = f"One deposit by {_named(offer.method)} is from {offer.low} to {offer.high}."
        return Refusal("amount_out_of_limits", "amount", sentence)
    for code, words, limit, asked in (
        ("daily_limit_reached", "24 hours", offer.day, facts.asked_day),
        ("monthly_limit_reached", "30 days", offer.month, facts.asked_month),
    ):
        if limit < asked + facts.amount:
            return Refusal(code, "amount", _left(offer, words, limit, asked))
    return None


def _others(facts: DepositFacts) -> str:
    names = " or ".join(_named(offer.method) for offer in facts.offers)
    todo = f"choose {names}" if names else "try another currency"
    currency = facts.amount.currency
    return f"Paying by {_named(facts.method)} in {currency} is not offered to you; {todo}."


def _left(offer: Offer, words: str, limit: Money, asked: Money) -> str:
    """What is left of a limit, if it is enough for a deposit at all."""
    left = Money(max(limit.minor - asked.minor, 0), limit.currency)
    whole = f"By {_named(offer.method)} you can pay in {limit} within {words}"
    if left < offer.low:
        return f"{whole}, which is reached; choose another method or wait."
    return f"{whole}; enter at most {min(left, offer.high)}."


def _named(method: str) -> str:
    return {"ideal": "iDEAL", "paypal": "PayPal"}.get(method, method.replace("_", " "))
