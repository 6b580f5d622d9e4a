"""How each PSP does: rates, speed and their course, from the attempts themselves."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from operational.payments.models import Attempt, Breaker, PspSwitch
from operational.payments.states import DECIDED, FAULTS, AttemptOutcome
from operational.rules import queries as decisions

SPANS = {
    "15 min": timedelta(minutes=15),
    "1 h": timedelta(hours=1),
    "24 h": timedelta(hours=24),
}
DAY = SPANS["24 h"]
SLOT = timedelta(minutes=30)
CHANGES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Tally:
    """Attempts of one span of time."""

    asked: int
    decided: int
    paid: int
    faults: int
    """Refused or unanswered."""

    @property
    def success_percent(self) -> int | None:
        """Of those decided; abandoned pages say nothing of the PSP. None before any is."""
        return 100 * self.paid // self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Performance:
    """One method at one PSP."""

    psp: str
    method: str
    tallies: dict[str, Tally]
    """By the name of the span."""
    seconds_to_pay: int | None
    """Half of those who paid within a day took less, from the open page to the money."""
    course: Sequence[Tally | None]
    """Half-hours of the last day, the oldest first; None where nothing was asked."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a breaker or a switch."""

    at: datetime
    psp: str
    method: str
    became: str
    by: str
    reason: str
    decision_id: UUID | None = None


def performances(session: Session, *, now: datetime) -> list[Performance]:
    """Every method at every PSP that was asked within a day."""
    course = _courses(session, now)
    return [
        Performance(
            row.psp,
            row.method,
            {
                name: Tally(*(getattr(row, f"{what}_{index}") for what in _COUNTED))
                for index, name in enumerate(SPANS)
            },
            None if row.seconds is None else int(row.seconds),
            course[row.psp, row.method],
        )
        for row in session.execute(_spans(now))
    ]


_COUNTED: dict[str, ColumnElement[bool]] = {
    "asked": Attempt.outcome != AttemptOutcome.SKIPPED,
    "decided": Attempt.outcome.in_(DECIDED),
    "paid": Attempt.outcome == AttemptOutcome.PAID,
    "faults": Attempt.outcome.in_(FAULTS),
}


def _spans(now: datetime) -> Select[*tuple[object, ...]]:
    counts = [
        func.count().filter(condition, Attempt.asked_at > now - span).label(f"{what}_{index}")
        for index, span in enumerate(SPANS.values())
        for what, condition in _COUNTED.items()
    ]
    took = func.extract("epoch", Attempt.ended_at - Attempt.answered_at)
    median = func.percentile_disc(0.5).within_group(took)
    return (
        select(
            Attempt.psp,
            Attempt.method,
            *counts,
            median.filter(Attempt.outcome == AttemptOutcome.PAID).label("seconds"),
        )
        .where(Attempt.asked_at > now - DAY)
        .group_by(Attempt.psp, Attempt.method)
        .order_by(Attempt.psp, Attempt.method)
    )


def _courses(session: Session, now: datetime) -> dict[tuple[str, str], list[Tally | None]]:
    slot = func.floor(func.extract("epoch", now - Attempt.asked_at) / SLOT.total_seconds())
    counts: list[Any] = [func.count().filter(condition) for condition in _COUNTED.values()]
    found = session.execute(
        select(Attempt.psp, Attempt.method, slot.label("slot"), *counts)
        .where(Attempt.asked_at > now - DAY, Attempt.asked_at <= now)
        .group_by(Attempt.psp, Attempt.method, slot)
    )
    slots = DAY // SLOT
    courses: dict[tuple[str, str], list[Tally | None]] = defaultdict(lambda: [None] * slots)
    for row in found:
        courses[row.psp, row.method][slots - 1 - int(row.slot)] = Tally(*row[3:])
    return courses


def changes(session: Session) -> list[Change]:
    """What breakers did by rule and persons by hand, the newest first."""
    breakers = {str(one.id): one for one in session.scalars(select(Breaker))}
    moved = decisions.decisions_on("breaker", breakers, CHANGES_SHOWN)
    by_rule = [
        Change(
            decision.decided_at,
            breakers[decision.subject_id].psp,
            breakers[decision.subject_id].method,
            decision.outcome["becomes"],
            f"{decision.trace['table']}@{decision.trace['version']}",
            decision.outcome["reason"],
            decision.id,
        )
        for decision in session.scalars(moved)
    ]
    switches = session.scalars(
        select(PspSwitch).order_by(PspSwitch.off_at.desc()).limit(CHANGES_SHOWN)
    )
    by_hand = [change for switch in switches for change in _by_hand(switch)]
    found = sorted(by_rule + by_hand, key=lambda change: change.at, reverse=True)
    return found[:CHANGES_SHOWN]


def _by_hand(switch: PspSwitch) -> list[Change]:
    off = Change(switch.off_at, switch.psp, switch.method, "off", switch.off_by, switch.reason)
    if switch.on_at is None or switch.on_by is None:
        return [off]
    reason = switch.on_reason or ""
    return [off, Change(switch.on_at, switch.psp, switch.method, "on", switch.on_by, reason)]
