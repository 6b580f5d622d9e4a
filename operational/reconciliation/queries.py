"""Named reads of breaks and of daily reports."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from operational.reconciliation.errors import BreakNotFound, ReportNotFound
from operational.reconciliation.models import (
    BankAccount,
    BreakEvent,
    BreakItem,
    DailyReport,
    Intake,
    MatchedLine,
    Resolution,
)
from operational.reconciliation.states import AGES, LIVE, Action, ReportStatus, age_days, bucket

_LIVE = [status.value for status in LIVE]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which breaks are wanted; what is None or empty asks for all."""

    status: str = "live"
    """One status, `live` for all that are not closed, or `all`."""
    leg: str = ""
    kind: str = ""
    counterpart: str = ""
    owner: str = ""
    """A user's id, or `nobody`."""
    age: str = ""
    """A bucket of `states.AGES`."""
    text: str = ""
    """A reference: the break's own, ours, or the other side's."""


@dataclass(frozen=True, slots=True)
class Total:
    """Open breaks of one currency and age bucket."""

    currency: str
    age: str
    count: int
    value_minor: int
    """The differences without their signs."""


def get(session: Session, break_id: UUID) -> BreakItem:
    """The break with this id.

    Raises:
        BreakNotFound.
    """
    return _found(session.get(BreakItem, break_id))


def locked(session: Session, break_id: UUID) -> BreakItem:
    """The same, for this transaction to change.

    Raises:
        BreakNotFound.
    """
    return _found(session.get(BreakItem, break_id, with_for_update=True))


def by_reference(session: Session, reference: str) -> BreakItem:
    """The break people call so.

    Raises:
        BreakNotFound.
    """
    return _found(session.scalar(select(BreakItem).where(BreakItem.reference == reference)))


def _found(item: BreakItem | None) -> BreakItem:
    if item is None:
        raise BreakNotFound("There is no such break.")
    return item


def live() -> Select[BreakItem]:
    """Every break that is not closed; in no order."""
    return select(BreakItem).where(BreakItem.closed_at.is_(None))


def unowned() -> Select[BreakItem]:
    """Those that are nobody's yet."""
    return live().where(BreakItem.owner_id.is_(None))


def matching(filters: Filters, now: datetime) -> Select[BreakItem]:
    """The breaks that pass every filter; in no order."""
    return select(BreakItem).where(*_conditions(filters, now))


def _conditions(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.status == "live":
        found.append(BreakItem.closed_at.is_(None))
    elif filters.status != "all":
        found.append(BreakItem.status == filters.status)
    for column, wanted in (
        (BreakItem.leg, filters.leg),
        (BreakItem.kind, filters.kind),
        (BreakItem.counterpart, filters.counterpart),
    ):
        if wanted:
            found.append(column == wanted)
    if filters.owner == "nobody":
        found.append(BreakItem.owner_id.is_(None))
    elif filters.owner:
        found.append(BreakItem.owner_id == UUID(filters.owner))
    if filters.age:
        found += _aged(filters.age, now)
    if text := filters.text.strip():
        found.append(
            or_(
                BreakItem.reference == text.upper(),
                BreakItem.our_reference == text,
                BreakItem.external_reference == text,
            )
        )
    return found


def _aged(age: str, now: datetime) -> list[ColumnElement[bool]]:
    """Due in the days of one bucket."""
    first, found = 0, []
    for name, last in AGES:
        if name == age:
            if first:
                found.append(BreakItem.due_at <= now - timedelta(days=first))
            if last is not None:
                found.append(BreakItem.due_at > now - timedelta(days=last + 1))
        first = (last or 0) + 1
    return found


def totals(session: Session, filters: Filters, now: datetime) -> list[Total]:
    """How many, and how much, by currency and age."""
    rows = session.execute(
        select(BreakItem.currency, BreakItem.due_at, BreakItem.difference_minor).where(
            *_conditions(filters, now)
        )
    )
    found: dict[tuple[str, str], list[int]] = {}
    for currency, due_at, difference in rows:
        key = (currency, bucket(age_days(due_at, now)))
        found.setdefault(key, []).append(abs(difference))
    order = [name for name, _ in AGES]
    return [
        Total(currency, age, len(values), sum(values))
        for (currency, age), values in sorted(
            found.items(), key=lambda one: (one[0][0], order.index(one[0][1]))
        )
    ]


def choices(session: Session) -> dict[str, list[str]]:
    """What the open breaks can be filtered by."""
    columns = {
        "kind": BreakItem.kind,
        "counterpart": BreakItem.counterpart,
    }
    return {
        name: sorted(
            session.scalars(select(column).where(BreakItem.closed_at.is_(None)).distinct())
        )
        for name, column in columns.items()
    }


def events_of(break_id: UUID) -> Select[BreakEvent]:
    """The history of a break, as it went."""
    return (
        select(BreakEvent)
        .where(BreakEvent.break_id == break_id)
        .order_by(BreakEvent.at, BreakEvent.id)
    )


def resolutions_of(break_id: UUID) -> Select[Resolution]:
    """What was decided about a break, oldest first."""
    return (
        select(Resolution)
        .where(Resolution.break_id == break_id)
        .order_by(Resolution.at, Resolution.id)
    )


def lines_of(resolution_ids: Collection[UUID]) -> Select[MatchedLine]:
    """The lines matched by hand in these."""
    return select(MatchedLine).where(MatchedLine.resolution_id.in_(resolution_ids))


def last_closed(session: Session, keys: Collection[str]) -> dict[str, tuple[BreakItem, bool]]:
    """The newest closed break of each key, and whether a person decided about it."""
    decided = (
        select(Resolution.id)
        .where(Resolution.break_id == BreakItem.id, Resolution.action != Action.WAIT)
        .exists()
    )
    rows = session.execute(
        select(BreakItem, decided)
        .where(BreakItem.break_key.in_(keys), BreakItem.closed_at.is_not(None))
        .order_by(BreakItem.break_key, BreakItem.closed_at.desc(), BreakItem.id.desc())
    )
    return {
        key: (item, is_decided)
        for key, group in groupby(rows, key=lambda row: row[0].break_key)
        for item, is_decided in [next(group)]
    }


def intake(session: Session) -> Intake:
    """How far the lake's findings were taken over, locked: one taking at a time."""
    return session.get_one(Intake, 1, with_for_update=True)


def taken_snapshot(session: Session) -> int:
    """The newest snapshot of the lake whose findings were taken over."""
    return session.get_one(Intake, 1).snapshot


def report(session: Session, report_id: UUID) -> DailyReport:
    """One version of a day's report.

    Raises:
        ReportNotFound.
    """
    found = session.get(DailyReport, report_id)
    if found is None:
        raise ReportNotFound("There is no such report.")
    return found


def report_versions(day: date | None = None) -> Select[DailyReport]:
    """Every version of one day's report, or of all; in no order."""
    found = select(DailyReport)
    return found if day is None else found.where(DailyReport.day == day)


def reports_since(day: date) -> Select[DailyReport]:
    """Every version of the reports from that day on, oldest first."""
    return (
        select(DailyReport)
        .where(DailyReport.day >= day)
        .order_by(DailyReport.day, DailyReport.version)
    )


def reports_until(day: date, since: date) -> Select[DailyReport]:
    """The same, and none after the day."""
    return reports_since(since).where(DailyReport.day <= day)


def newest_version(session: Session, day: date) -> DailyReport | None:
    return session.scalar(
        report_versions(day).order_by(DailyReport.version.desc()).limit(1).with_for_update()
    )


def to_sign() -> Select[DailyReport]:
    """Reports that wait for a signature."""
    return select(DailyReport).where(DailyReport.status == ReportStatus.PREPARED)


def asked_reports(session: Session) -> Sequence[DailyReport]:
    """Versions whose figures are yet to be worked out, oldest day first."""
    return session.scalars(
        select(DailyReport)
        .where(DailyReport.status == ReportStatus.ASKED)
        .order_by(DailyReport.day, DailyReport.version)
    ).all()


def last_reported(session: Session) -> date | None:
    """The newest day that has a report."""
    return session.scalar(select(func.max(DailyReport.day)))


def bank_accounts(day: date | None = None) -> Select[BankAccount]:
    """The accounts of client money, of one day or ever."""
    found = select(BankAccount).order_by(BankAccount.currency, BankAccount.account)
    if day is None:
        return found
    return found.where(
        BankAccount.opened_on <= day,
        or_(BankAccount.closed_on.is_(None), BankAccount.closed_on >= day),
    )
