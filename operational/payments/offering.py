"""What a client may pay in with, and how much: the table of methods over the client's history."""

from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from operational.clients.states import Stage
from operational.kit.money import Money
from operational.payments import errors, queries, routing
from operational.payments.limits import DepositFacts, Offer, offers, refusal
from operational.payments.routing import Wish
from operational.rules import service as decisions
from operational.rules import tables

DAY, MONTH = timedelta(days=1), timedelta(days=30)

_REFUSALS = {
    error.code: error
    for error in (
        errors.NotVerified,
        errors.MethodNotOffered,
        errors.AmountOutOfLimits,
        errors.DailyLimitReached,
        errors.MonthlyLimitReached,
    )
}


class Payer(Protocol):
    """A client, as far as it matters here."""

    @property
    def id(self) -> UUID: ...
    @property
    def country(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def verified_at(self) -> datetime | None: ...


def offered(session: Session, payer: Payer, currency: str, *, now: datetime) -> list[Offer]:
    """The methods the table allows this client in this currency, that some PSP would take now."""
    facts = _facts(session, payer, currency, now)
    outcome = decisions.would_decide(session, tables.DEPOSIT_METHODS, facts)
    return [
        offer
        for offer in offers(outcome, currency)
        if routing.is_taken(
            session, Wish(offer.method, payer.country, offer.low, outcome["unit"]), now=now
        )
    ]


def allow(
    session: Session, payment_id: UUID, payer: Payer, amount: Money, method: str, *, now: datetime
) -> Wish:
    """Hold a deposit against what the client is offered; the decision is kept with the payment.

    Raises:
        NotVerified, MethodNotOffered, AmountOutOfLimits, DailyLimitReached, MonthlyLimitReached.
    """
    currency = amount.currency
    decision = decisions.decide(
        session,
        tables.DEPOSIT_METHODS,
        _facts(session, payer, currency, now),
        subject=("payment", str(payment_id)),
        now=now,
    )
    day, month = (
        Money(queries.asked_minor(session, payer.id, method, currency, now - span), currency)
        for span in (DAY, MONTH)
    )
    refused = refusal(
        DepositFacts(
            is_verified=payer.stage == Stage.VERIFIED,
            amount=amount,
            method=method,
            offers=offers(decision.outcome, currency),
            asked_day=day,
            asked_month=month,
        )
    )
    if refused:
        raise _REFUSALS[refused.code](refused.sentence, field=refused.field)
    return Wish(method, payer.country, amount, decision.outcome["unit"])


def _facts(session: Session, payer: Payer, currency: str, now: datetime) -> dict[str, Any]:
    history = queries.history_of(session, payer.id)
    return {
        "country": payer.country,
        "currency": currency,
        "verified_days": (now - payer.verified_at).days if payer.verified_at else 0,
        "paid_count": history.paid,
        "disputed_count": history.disputed,
    }
