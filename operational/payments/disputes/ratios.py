"""Disputes against sales, as card schemes count them: by provider and month."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, Date, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from operational.payments.disputes.models import Dispute
from operational.payments.disputes.states import INQUIRIES
from operational.payments.models import Payment
from operational.rules import engine
from operational.rules import queries as tables
from operational.rules.errors import TableNotFound
from operational.rules.tables import DISPUTE_RATIOS

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Ratio:
    """One provider's month. The lake's mart `fct_dispute_ratios` counts alike."""

    psp: str
    month: date
    sale_count: int
    dispute_count: int
    ratio_bps: int | None
    """Per 10,000 sales, rounded up; None in a month without sales."""
    level: str
    reason: str


def ratios(session: Session, now: datetime, months: int = MONTHS) -> list[Ratio]:
    """The last months, the newest first, each with what the table in force says of it.

    Raises:
        TableNotFound.
    """
    since = _first_month(now, months)
    sales = _counted(session, Payment.psp, Payment.succeeded_at, Payment.succeeded_at >= since)
    is_counted = Dispute.stage.not_in([str(stage) for stage in INQUIRIES])
    disputes = _counted(
        session, Dispute.psp, Dispute.opened_at, (Dispute.opened_at >= since) & is_counted
    )
    version = session.scalar(tables.in_force(DISPUTE_RATIOS))
    if version is None:
        raise TableNotFound(f"The table {DISPUTE_RATIOS} is not in force.")
    found = _ratios(engine.prepare(version.content), sales, disputes)
    return sorted(found, key=lambda one: (-one.month.toordinal(), one.psp))


def _ratios(
    table: engine.Prepared,
    sales: dict[tuple[str, date], int],
    disputes: dict[tuple[str, date], int],
) -> Iterator[Ratio]:
    for psp, month in sales.keys() | disputes.keys():
        sale_count, count = sales.get((psp, month), 0), disputes.get((psp, month), 0)
        ratio = -(-count * 10_000 // sale_count) if sale_count else None
        # Disputes without a sale pass any share.
        facts = {"ratio_bps": 10_000 if ratio is None else ratio, "dispute_count": count}
        outcome = table.evaluate(facts).outcome
        yield Ratio(psp, month, sale_count, count, ratio, outcome["level"], outcome["reason"])


def _counted(
    session: Session,
    psp: InstrumentedAttribute[str],
    at: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    wanted: ColumnElement[bool],
) -> dict[tuple[str, date], int]:
    month = cast(func.date_trunc("month", at), Date)
    rows = session.execute(select(psp, month, func.count()).where(wanted).group_by(psp, month))
    return {(name, first): count for name, first, count in rows}


def _first_month(now: datetime, months: int) -> datetime:
    """The beginning of the month that is so many months back, the present one counted."""
    number = now.year * 12 + now.month - months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
