"""Daily client-money reports and the bank accounts they expect statements of."""

from typing import Any
from uuid import UUID

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.lists import After, Limit
from api.schemas.reconciliation import (
    AskReportForm,
    BankAccountForm,
    BankAccountOut,
    ReportForm,
    ReportOut,
    WholeReportOut,
)
from api.web.listing import part
from operational.access.matrix import Permission
from operational.reconciliation import queries, reports, statement

router = Doors("/api/client-money", tag="client money")

READS = needs(Permission.RECONCILIATION_READ)
SIGNS = needs(Permission.RECONCILIATION_SIGN)


@router.get("/reports", dependencies=[READS])
def versions(session: SessionDep, after: After = None, limit: Limit = 100) -> list[ReportOut]:
    """The newest day first."""
    found = part(session, queries.report_versions(), by="day", after=after, rows_max=limit)
    return [ReportOut.model_validate(report) for report in found]


@router.post("/reports", status_code=202, dependencies=[needs(Permission.RECONCILIATION_RESOLVE)])
def ask(form: AskReportForm, session: SessionDep, actor: ActorDep, now: NowDep) -> ReportOut:
    """Have a day worked out anew; the next refresh prepares it."""
    asked = reports.ask_again(session, form.day, reason=form.reason, actor=actor, now=now)
    return ReportOut.model_validate(asked)


@router.get("/reports/{report_id}", dependencies=[READS])
def one(report_id: UUID, session: SessionDep) -> WholeReportOut:
    return _whole(queries.report(session, report_id))


@router.post("/reports/{report_id}/decision", dependencies=[SIGNS])
def decide(
    report_id: UUID, form: ReportForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> WholeReportOut:
    """Sign it or refuse it."""
    verb = {"sign": reports.sign, "refuse": reports.refuse}[form.verdict]
    return _whole(verb(session, report_id, note=form.note, actor=actor, now=now))


@router.get("/bank-accounts", dependencies=[READS])
def accounts(session: SessionDep) -> list[BankAccountOut]:
    """Where client money lies."""
    found = session.scalars(queries.bank_accounts())
    return [BankAccountOut.model_validate(account) for account in found]


@router.post("/bank-accounts", dependencies=[SIGNS])
def name_account(
    form: BankAccountForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> BankAccountOut:
    """Put an account on the list; a statement of it is expected for every day."""
    named = reports.name_account(session, **form.model_dump(), actor=actor, now=now)
    return BankAccountOut.model_validate(named)


def _whole(report: Any) -> WholeReportOut:
    faults = statement.faults(report.content) if report.content else []
    return WholeReportOut.of(report, faults)
