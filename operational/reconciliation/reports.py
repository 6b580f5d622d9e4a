"""The verbs of the daily client-money report: ask, prepare, sign, refuse."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.errors import SecondPersonNeeded
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import InvalidInput
from operational.reconciliation import queries, statement
from operational.reconciliation.errors import (
    AccountNamed,
    DayNotClosed,
    ReportDecided,
    ReportWaits,
)
from operational.reconciliation.models import BankAccount, DailyReport
from operational.reconciliation.states import ReportStatus

HUB = Actor.system("reconciliation")

GRACE = timedelta(hours=6)
"""After the close of a day (UTC), before its report: banks send statements in the night."""
DAYS_MAX = 31
"""Of one catching up; a hub that stood still for longer asks a person."""


def close_of(day: date) -> datetime:
    """The first moment that is no longer the day (UTC)."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def ask_due(session: Session, as_of: datetime, *, now: datetime) -> list[DailyReport]:
    """Ask for the report of every closed day that has none; a young hub begins with the last one."""
    newest = (as_of - GRACE).date() - timedelta(days=1)
    last = queries.last_reported(session)
    first = last + timedelta(days=1) if last else newest
    days = range(min((newest - first).days + 1, DAYS_MAX))
    return [_ask(session, first + timedelta(days=n), 1, actor=HUB, now=now) for n in days]


def ask_again(
    session: Session, day: date, *, reason: str, actor: Actor, now: datetime
) -> DailyReport:
    """Ask for a day's figures anew, as a new version; what was signed before stays as it is.

    Raises:
        Forbidden: without `reconciliation.resolve`.
        InvalidInput: no reason given.
        DayNotClosed: the day is not over.
        ReportWaits: a version is being prepared already.
    """
    access.require(actor, Permission.RECONCILIATION_RESOLVE)
    access.check_reason(reason)
    if close_of(day) > now:
        raise DayNotClosed("There is no report of a day that is not over.", field="day")
    last = queries.newest_version(session, day)
    if last is not None and last.status == ReportStatus.ASKED:
        raise ReportWaits("A version of this day is being prepared already.", field="day")
    version = last.version + 1 if last else 1
    return _ask(session, day, version, reason=reason, actor=actor, now=now)


def _ask(
    session: Session,
    day: date,
    version: int,
    *,
    reason: str | None = None,
    actor: Actor,
    now: datetime,
) -> DailyReport:
    report = DailyReport(
        day=day,
        version=version,
        status=ReportStatus.ASKED,
        asked_by=actor.id,
        asked_at=now,
        reason=reason,
    )
    session.add(report)
    session.flush()
    audit.record(
        session,
        Tag.REPORT_ASK,
        subject=report.id,
        actor=actor,
        now=now,
        reason=reason,
        after={"day": day.isoformat(), "version": version},
    )
    return report


def prepare(
    session: Session,
    report_id: UUID,
    content: dict[str, Any],
    *,
    as_of: datetime,
    snapshot: int,
    now: datetime,
) -> bool:
    """Put the figures into a version that was asked for, once. Whether it still waited for them."""
    report = session.get(DailyReport, report_id, with_for_update=True)
    if report is None or report.status != ReportStatus.ASKED:
        return False

    report.status = ReportStatus.PREPARED
    report.content = content
    report.content_sha256 = statement.digest(content)
    report.as_of, report.snapshot, report.prepared_at = as_of, snapshot, now

    audit.record(
        session,
        Tag.REPORT_PREPARE,
        subject=report.id,
        actor=HUB,
        now=now,
        after={"snapshot": snapshot, "content_sha256": report.content_sha256.hex()},
    )
    return True


def sign(
    session: Session, report_id: UUID, *, note: str, actor: Actor, now: datetime
) -> DailyReport:
    """Stand for a report. What is missing or unexplained in it must be answered with a reason.

    Raises:
        Forbidden: without `reconciliation.sign`.
        SecondPersonNeeded: who asked for this version signs it.
        InvalidInput: no reason, and the report has gaps.
        ReportNotFound.
        ReportDecided: signed, refused or not prepared, or there is a newer version.
    """
    access.require(actor, Permission.RECONCILIATION_SIGN)
    report = _to_decide(session, report_id, actor)
    assert report.content is not None
    if statement.faults(report.content) and len(note.strip()) < access.REASON_CHARACTERS_MIN:
        raise InvalidInput("This report has gaps. Say why it may be signed.", field="note")
    _decide(session, report, ReportStatus.SIGNED, note=note, actor=actor, now=now)
    return report


def refuse(
    session: Session, report_id: UUID, *, note: str, actor: Actor, now: datetime
) -> DailyReport:
    """Refuse a report, with the reason; a new version can be asked for.

    Raises:
        Forbidden: without `reconciliation.sign`.
        SecondPersonNeeded: who asked for this version refuses it.
        InvalidInput: no reason given.
        ReportNotFound, ReportDecided.
    """
    access.require(actor, Permission.RECONCILIATION_SIGN)
    access.check_reason(note)
    report = _to_decide(session, report_id, actor)
    _decide(session, report, ReportStatus.REFUSED, note=note, actor=actor, now=now)
    return report


def name_account(
    session: Session,
    account: str,
    currency: str,
    *,
    bank: str,
    name: str,
    opened_on: date,
    actor: Actor,
    now: datetime,
) -> BankAccount:
    """Put a bank account on the list of those that hold client money.

    Raises:
        Forbidden: without `reconciliation.sign`.
        AccountNamed: it is on the list.
    """
    access.require(actor, Permission.RECONCILIATION_SIGN)
    found = BankAccount(
        account="".join(account.split()).upper(),
        currency=currency,
        bank=bank,
        name=name,
        opened_on=opened_on,
    )
    try:
        with session.begin_nested():
            session.add(found)
            session.flush()
    except IntegrityError:
        raise AccountNamed("This account is on the list already.", field="account") from None

    audit.record(
        session,
        Tag.BANK_ACCOUNT_NAME,
        subject=found.id,
        actor=actor,
        now=now,
        after={"account": found.account, "currency": currency, "bank": bank},
    )
    return found


def trend(reports: Iterable[DailyReport]) -> dict[str, list[tuple[date, int]]]:
    """Per currency, the difference of each day by its newest prepared version."""
    newest: dict[date, DailyReport] = {}
    for report in reports:
        kept = newest.get(report.day)
        if report.content and (kept is None or kept.version < report.version):
            newest[report.day] = report
    found: dict[str, list[tuple[date, int]]] = {}
    for day in sorted(newest):
        content = newest[day].content
        assert content is not None
        for part in content["currencies"]:
            found.setdefault(part["currency"], []).append((day, part["difference_minor"]))
    return found


def _to_decide(session: Session, report_id: UUID, actor: Actor) -> DailyReport:
    report = queries.report(session, report_id)
    newest = queries.newest_version(session, report.day)
    session.refresh(report)
    if newest is None or newest.id != report.id:
        raise ReportDecided("There is a newer version of this day.")
    if report.status != ReportStatus.PREPARED:
        raise ReportDecided(f"This version is {report.status}.")
    if report.asked_by == actor.id:
        raise SecondPersonNeeded("Whoever asked for this version cannot decide on it.")
    return report


def _decide(
    session: Session,
    report: DailyReport,
    status: ReportStatus,
    *,
    note: str,
    actor: Actor,
    now: datetime,
) -> None:
    report.status = status
    report.decided_by, report.decided_at, report.decision_note = actor.id, now, note.strip() or None
    assert report.content_sha256 is not None
    is_signed = status is ReportStatus.SIGNED
    audit.record(
        session,
        Tag.REPORT_SIGN if is_signed else Tag.REPORT_REFUSE,
        subject=report.id,
        actor=actor,
        now=now,
        reason=note.strip() or None,
        before={"status": ReportStatus.PREPARED},
        after={"status": status, "content_sha256": report.content_sha256.hex()},
    )
