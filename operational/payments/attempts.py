"""What became of asking each PSP for each payment: kept once, counted by routing, breakers and pages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    and_,
    column,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational.kit import ids
from operational.payments.models import Attempt, Breaker, Payment
from operational.payments.states import DECIDED, AttemptOutcome, BreakerState, PaymentStatus

RATE_WINDOW = timedelta(hours=6)
RATE_ATTEMPTS_MAX = 500
"""The newest ones say enough, and cost the same to read however busy the hub is."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How a PSP did lately: attempts that were decided, and those of them that paid."""

    decided: int = 0
    paid: int = 0


def begin(session: Session, payment: Payment, *, is_probe: bool, now: datetime) -> None:
    """Note that the payment's PSP is to be asked. A command replayed is the same attempt."""
    row = insert(Attempt).values(
        id=ids.uuid7(),
        payment_id=payment.id,
        psp=payment.psp,
        method=payment.method,
        country=payment.country,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        is_probe=is_probe,
        asked_at=now,
    )
    session.execute(row.on_conflict_do_nothing())


def answer(
    session: Session,
    payment: Payment,
    outcome: AttemptOutcome,
    *,
    now: datetime,
    reason: str | None = None,
) -> Attempt | None:
    """Note what the PSP answered, once; None if it had answered before."""
    return session.scalar(
        update(Attempt)
        .where(Attempt.payment_id == payment.id, Attempt.psp == payment.psp)
        .where(Attempt.outcome == AttemptOutcome.ASKED)
        .values(outcome=outcome, reason=reason, answered_at=now)
        .returning(Attempt)
    )


def end(session: Session, payment: Payment, *, now: datetime) -> None:
    """Note whether the client paid, as far as the payment's status tells. A late success wins."""
    if payment.status == PaymentStatus.FAILED:
        _end(session, payment, AttemptOutcome.DECLINED, now)
    elif payment.succeeded_at is not None:
        _end(session, payment, AttemptOutcome.PAID, now)


def abandon(session: Session, payment: Payment, *, now: datetime) -> None:
    """Note that the client left the page."""
    _end(session, payment, AttemptOutcome.ABANDONED, now)


def _end(session: Session, payment: Payment, outcome: AttemptOutcome, now: datetime) -> None:
    session.execute(
        update(Attempt)
        .where(Attempt.payment_id == payment.id, Attempt.psp == payment.psp)
        .where(Attempt.outcome.notin_([outcome, AttemptOutcome.PAID]))
        # A callback may be faster than the answer to our own question.
        .values(outcome=outcome, ended_at=now, answered_at=func.coalesce(Attempt.answered_at, now))
    )


def rates(
    session: Session, psps: Collection[str], method: str, *, now: datetime
) -> dict[str, Rate]:
    """How each PSP did lately with one method. An outage its breaker has closed over is forgotten."""
    wanted = literal(list(psps), ARRAY(String))
    rows = func.unnest(wanted).table_valued(column("name", String))
    name: ColumnElement[str] = rows.c.name
    is_closed = and_(
        Breaker.psp == name, Breaker.method == method, Breaker.state == BreakerState.CLOSED
    )
    newest = (
        select(Attempt.outcome)
        .where(Attempt.psp == name, Attempt.method == method)
        .where(Attempt.asked_at >= func.greatest(now - RATE_WINDOW, Breaker.since))
        .order_by(Attempt.asked_at.desc())
        .limit(RATE_ATTEMPTS_MAX)
        .correlate(rows, Breaker)
        .lateral()
    )
    counted = (
        select(
            name,
            func.count().filter(newest.c.outcome.in_(DECIDED)),
            func.count().filter(newest.c.outcome == AttemptOutcome.PAID),
        )
        .select_from(rows)
        .outerjoin(Breaker, is_closed)
        .join(newest, true())
        .group_by(name)
    )
    return {row[0]: Rate(row[1], row[2]) for row in session.execute(counted)}
