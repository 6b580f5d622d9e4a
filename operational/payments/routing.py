"""Which PSP is asked for a deposit, and which next: by decision table, over what they did lately."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.kit.money import Money
from operational.payments import attempts, errors, health
from operational.payments.attempts import Rate
from operational.payments.health import Health
from operational.payments.psp.connect import PROVIDERS
from operational.rules import service as decisions
from operational.rules import tables

PRIOR_BP = 8_500
PRIOR_ATTEMPTS = 100
"""What is believed of a PSP before it was seen: as if 100 attempts had succeeded at 85 %.

Two of three successes are then 84 %, not 67 %, and 200 of 300 are 71 %.
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be paid in, as the table sees it."""

    method: str
    country: str
    amount: Money
    unit: int
    """How many of the currency are about a dollar."""


@dataclass(frozen=True, slots=True)
class Route:
    """Whom to ask, in this order, and the decision that says so."""

    psps: list[str]
    is_probe: bool
    """The first is only tried: its breaker is half open."""
    decision_id: UUID


def route(session: Session, payment_id: UUID, wish: Wish, *, now: datetime) -> Route:
    """Decide whom to ask for one payment; the facts, the rates among them, are kept with it.

    Raises:
        NoPspOffers: nobody takes it, or everybody who does is switched off or broken.
    """
    standing = health.of(session, PROVIDERS, wish.method, now=now)
    rates = attempts.rates(session, PROVIDERS, wish.method, now=now)
    decision = decisions.decide(
        session,
        tables.PSP_ROUTING,
        _facts(wish, standing, rates),
        subject=("payment", str(payment_id)),
        now=now,
    )
    takers = _in_order(decision.outcome)
    if not takers:
        named = wish.method.replace("_", " ")
        raise errors.NoPspOffers(
            f"Nobody takes {named} payments in {wish.amount.currency} from {wish.country} now.",
            field="method",
        )
    is_probe = takers[0]["health"] == Health.PROBE
    if is_probe:
        health.claim(session, payment_id, takers[0]["psp"], wish.method, now=now)
    return Route([taker["psp"] for taker in takers], is_probe, decision.id)


def is_taken(session: Session, wish: Wish, *, now: datetime) -> bool:
    """Whether somebody would take such a payment now. It asks nobody and keeps nothing."""
    standing = health.seen(session, PROVIDERS, wish.method, now=now)
    facts = _facts(wish, standing, {})
    return bool(decisions.would_decide(session, tables.PSP_ROUTING, facts)["takers"])


def _facts(wish: Wish, standing: Mapping[str, Health], rates: Mapping[str, Rate]) -> dict[str, Any]:
    """One line for each PSP: what is to be paid, how it stands, how it did."""
    wanted = {
        "method": wish.method,
        "country": wish.country,
        "currency": wish.amount.currency,
        "amount": str(wish.amount.major),
        "unit": wish.unit,
    }
    return {
        "psps": [_line(psp, standing[psp], rates.get(psp, Rate())) | wanted for psp in standing]
    }


def _line(psp: str, standing: Health, rate: Rate) -> dict[str, Any]:
    return {
        "psp": psp,
        "health": standing.value,
        "decided_count": rate.decided,
        "paid_count": rate.paid,
        "success_bp": success_bp(rate.paid, rate.decided),
    }


def _in_order(outcome: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The takers, most points first. One that may only be probed is first or not asked at all."""
    takers: Collection[dict[str, Any]] = outcome["takers"]
    ordered = sorted(takers, key=lambda taker: (-taker["points"], taker["psp"]))
    return [
        taker
        for place, taker in enumerate(ordered)
        if place == 0 or taker["health"] != Health.PROBE
    ]


def success_bp(paid: int, decided: int) -> int:
    """The success rate to believe in, in hundredths of a percent: few attempts move it little."""
    return (10_000 * paid + PRIOR_ATTEMPTS * PRIOR_BP) // (decided + PRIOR_ATTEMPTS)
