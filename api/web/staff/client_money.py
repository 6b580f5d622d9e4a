"""The daily client-money report: every day's state, one day's figures, the paper, the signature."""

from datetime import UTC, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Request, Response
from sqlalchemy.orm import Session

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.schemas.reconciliation import AskReportForm, BankAccountForm, ReportForm
from api.web import charts
from api.web.charts import Point
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page, see_other
from operational.access import queries as access
from operational.access.matrix import Permission
from operational.kit.money import Money
from operational.reconciliation import documents, queries, reports, statement
from operational.reconciliation.documents import Paper
from operational.reconciliation.errors import ReportNotFound
from operational.reconciliation.statement import Side

router = Pages("/staff/client-money")

READS = needs(Permission.RECONCILIATION_READ)
SIGNS = needs(Permission.RECONCILIATION_SIGN)
_PATH = "/staff/client-money"
TREND = timedelta(days=30)
DAYS_DRAWN = 10
THOUSAND = 1000
KINDS = {
    "pdf": (documents.pdf, "application/pdf"),
    "xlsx": (
        documents.workbook,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}


@router.get("", dependencies=[READS])
def report_list(request: Request, session: SessionDep, now: NowDep) -> Response:
    found = listed(request, session, queries.report_versions(), by="day")
    since = (now - TREND).date()
    trend = reports.trend(session.scalars(queries.reports_since(since)))
    return page(
        request,
        "staff/client_money.html",
        reports=found,
        faults={each.id: statement.faults(each.content) for each in found.rows if each.content},
        names=access.names(session, _people(found.rows)),
        trends={currency: charts.bars(_days(days, currency)) for currency, days in trend.items()},
        accounts=session.scalars(queries.bank_accounts()).all(),
        yesterday=(now - timedelta(days=1)).date().isoformat(),
        today=now.date().isoformat(),
    )


@router.post("", dependencies=[needs(Permission.RECONCILIATION_RESOLVE)])
def ask(
    form: Annotated[AskReportForm, Form()], session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """Have a day worked out anew."""
    reports.ask_again(session, form.day, reason=form.reason, actor=actor, now=now)
    return see_other(_PATH, "report_asked")


@router.post("/bank-accounts", dependencies=[SIGNS])
def name_account(
    form: Annotated[BankAccountForm, Form()], session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    reports.name_account(session, **form.model_dump(), actor=actor, now=now)
    return see_other(_PATH, "bank_account_named")


@router.get("/{report_id}", dependencies=[READS])
def one(request: Request, report_id: UUID, session: SessionDep) -> Response:
    found = queries.report(session, report_id)
    versions = session.scalars(queries.report_versions(found.day)).all()
    content = found.content or {"currencies": []}
    return page(
        request,
        "staff/client_money_report.html",
        report=found,
        faults=statement.faults(content) if found.content else [],
        parts=[
            (part, {side: documents.grouped(part, side) for side in (Side.OWED, Side.HELD, Side.EXPLAINED)})
            for part in content["currencies"]
        ],
        versions=sorted(versions, key=lambda each: each.version),
        is_newest=found.version == max(each.version for each in versions),
        names=access.names(session, _people([found])),
    )  # fmt: skip


@router.get("/{report_id}/report.{kind}", dependencies=[READS])
def paper(report_id: UUID, kind: Literal["pdf", "xlsx"], session: SessionDep) -> Response:
    """The same report to print, to file and to reckon with."""
    found = queries.report(session, report_id)
    drawn, media_type = KINDS[kind]
    name = f"client-money-{found.day}-v{found.version}.{kind}"
    return Response(
        drawn(prepared(found), paper_of(session, found)),
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/{report_id}", dependencies=[SIGNS])
def decide(
    report_id: UUID,
    form: Annotated[ReportForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    """Sign it or refuse it."""
    is_signed = form.verdict == "sign"
    verb = reports.sign if is_signed else reports.refuse
    verb(session, report_id, note=form.note, actor=actor, now=now)
    return see_other(f"{_PATH}/{report_id}", "report_signed" if is_signed else "report_refused")


def prepared(report: Any) -> dict[str, Any]:
    """Raises `ReportNotFound` while the figures are being worked out."""
    if report.content is None:
        raise ReportNotFound("This report is being prepared.")
    content: dict[str, Any] = report.content
    return content


def paper_of(session: Session, report: Any) -> Paper:
    """What stands on the paper besides the figures."""
    assert report.content_sha256 is not None
    names = access.names(session, _people([report]))
    signature = ""
    if report.decided_by and report.decided_at:
        at = report.decided_at.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")
        signature = f"{report.status.capitalize()} by {names[report.decided_by]}, {at}"
        signature += f": {report.decision_note}" if report.decision_note else "."
    until = queries.reports_until(report.day, report.day - TREND)
    return Paper(
        report.version,
        report.status,
        report.content_sha256.hex(),
        signature,
        report.reason or "",
        reports.trend(session.scalars(until)),
    )


def _people(found: Any) -> set[str]:
    ids = {one for report in found for one in (report.asked_by, report.decided_by)}
    return ids - {None}


def _days(days: list[tuple[Any, int]], currency: str) -> list[Point]:
    return [
        Point(f"{day:%-d %b}", minor, _short(minor, currency), tone="bad" if minor < 0 else "")
        for day, minor in days[-DAYS_DRAWN:]
    ]


def _short(minor: int, currency: str) -> str:
    """Room enough above a bar: ``-141.8k``."""
    major = Money(minor, currency).major
    return f"{major / THOUSAND:,.1f}k" if abs(major) >= THOUSAND else f"{major:,.0f}"
