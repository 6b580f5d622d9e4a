"""Metrics, each defined once: tiles, reports, exports and the API compile the same definition."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lake.rows import MARTS, Origin


@dataclass(frozen=True)
class Metric:
    """A number people ask for, as an aggregate over the rows of one mart.

    `value` and `where` are SQL over that mart; every value is exact, whole or decimal. The compiled
    statements take `$since` and `$until` (dates, both included).
    """

    name: str
    title: str
    unit: str
    """`count`, `usd`, `lots` or `percent`."""
    sentence: str
    """The definition as a person would sign it."""
    mart: str
    day: str
    """The date column that places a row in time."""
    value: str
    where: str = "true"
    group: str = "Clients"
    is_additive: bool = True
    """Whether the days of a period add up to the period."""
    better: Literal["up", "down", "neither"] = "up"
    """Which way is good news."""

    @property
    def total_sql(self) -> str:
        """One row, one column: `value`; null if it has none, such as a share of nothing."""
        return f"select {self.value} as value\nfrom {MARTS}.{self.mart} as mart\nwhere {self.condition}"

    @property
    def daily_sql(self) -> str:
        """One row a day on which there were rows: `day`, `value`."""
        return (
            f"select mart.{self.day} as day, {self.value} as value\n"
            f"from {MARTS}.{self.mart} as mart\nwhere {self.condition}\ngroup by day\norder by day"
        )

    @property
    def origin(self) -> Origin:
        """The rows behind the number."""
        return Origin(self.mart, self.condition, self.day)

    @property
    def condition(self) -> str:
        """Which rows of the mart make the number."""
        return f"mart.{self.day} between $since and $until\n  and ({self.where})"


def board_sql(metrics: Iterable[Metric]) -> str:
    """Many totals in one statement: `name`, `value`."""
    return "\nunion all\n".join(
        f"select '{metric.name}' as name, ({metric.total_sql})::decimal(38, 8) as value"
        for metric in metrics
    )


def days_sql(metrics: Iterable[Metric]) -> str:
    """Many series in one statement: `name`, `day`, `value`."""
    return "\nunion all\n".join(
        f"select '{metric.name}' as name, day, value::decimal(38, 8) as value\n"
        f"from ({metric.daily_sql})"
        for metric in metrics
    )


_USD = "coalesce(sum({column})::decimal(36, 0) * 0.01::decimal(2, 2), 0)"
# Tenths of a percent in whole numbers, half up: DuckDB's `/` answers with floats.
_PERCENT = (
    "((2000 * count(*) filter ({condition}) + count(*)) // nullif(2 * count(*), 0))::decimal(4, 0)"
    " * 0.1::decimal(1, 1)"
)

METRICS = (
    Metric(
        "registrations",
        "Registrations",
        "count",
        "People who left a name and an e-mail on that day (UTC).",
        mart="dim_clients",
        day="registered_date",
        value="count(*)",
    ),
    Metric(
        "verified",
        "Verified clients",
        "count",
        "Clients whose identity was approved on that day, by rule or by a person.",
        mart="dim_clients",
        day="verified_date",
        value="count(*)",
    ),
    Metric(
        "verified_by_rule",
        "Verified by rule",
        "percent",
        "Of the clients verified on that day, the share that no person had to look at.",
        mart="dim_clients",
        day="verified_date",
        value=_PERCENT.format(condition="mart.is_verified_by_rule"),
        is_additive=False,
    ),
    Metric(
        "first_deposits",
        "First deposits",
        "count",
        "Clients whose first successful deposit was credited on that day (UTC).",
        mart="dim_clients",
        day="first_deposit_date",
        value="count(*)",
    ),
    Metric(
        "deposits",
        "Deposits",
        "usd",
        "Deposits credited to wallets, in USD at the European Central Bank's last rate before that day.",
        mart="fct_payments",
        day="succeeded_date",
        value=_USD.format(column="mart.amount_usd_minor"),
        where="mart.direction = 'deposit' and mart.is_successful",
        group="Money",
    ),
    Metric(
        "deposit_success",
        "Deposit success",
        "percent",
        "Of the deposits asked for on that day, the share that was credited so far.",
        mart="fct_payments",
        day="requested_date",
        value=_PERCENT.format(condition="mart.is_successful"),
        where="mart.direction = 'deposit'",
        group="Money",
        is_additive=False,
    ),
    Metric(
        "taken_back",
        "Taken back",
        "usd",
        "Credited deposits that were refunded or charged back on that day, in USD as when credited.",
        mart="fct_payments",
        day="taken_back_date",
        value=_USD.format(column="mart.amount_usd_minor"),
        where="mart.direction = 'deposit' and mart.is_taken_back",
        group="Money",
        better="down",
    ),
    Metric(
        "partner_commission",
        "Partner commission",
        "usd",
        "Commission earned by partners on closed trades, by the plan in force at execution.",
        mart="fct_partner_commissions",
        day="closed_date",
        value="coalesce(sum(mart.commission_usd), 0)::decimal(38, 8)",
        where="mart.is_paid",
        group="Money",
        better="neither",
    ),
    Metric(
        "breaks_found",
        "Breaks found",
        "count",
        "Disagreements between our books and the outside that became somebody's work on that day.",
        mart="fct_break_items",
        day="found_date",
        value="count(*)",
        group="Money",
        better="down",
    ),
    Metric(
        "breaks_in_time",
        "Breaks closed in time",
        "percent",
        "Of the breaks closed on that day, the share closed by their deadline.",
        mart="fct_break_items",
        day="closed_date",
        value=_PERCENT.format(condition="not mart.is_late"),
        group="Money",
        is_additive=False,
    ),
    Metric(
        "active_traders",
        "Active traders",
        "count",
        "Clients who closed at least one trade in the period.",
        mart="fct_trades",
        day="closed_date",
        value="count(distinct mart.client_id)",
        where="mart.is_counted",
        group="Trading",
        is_additive=False,
    ),
    Metric(
        "trades",
        "Trades closed",
        "count",
        "Deals that closed a position or a part of one. Cancelled deals do not count.",
        mart="fct_trades",
        day="closed_date",
        value="count(*)",
        where="mart.is_counted",
        group="Trading",
    ),
    Metric(
        "lots",
        "Lots closed",
        "lots",
        "Closed volume, one-sided: an opening counts when it is closed. Cancelled deals do not count.",
        mart="fct_trades",
        day="closed_date",
        value="coalesce(sum(mart.closed_lots), 0)::decimal(38, 8)",
        where="mart.is_counted",
        group="Trading",
    ),
    Metric(
        "book_result",
        "Result of the book",
        "usd",
        "What clients lost on closed trades, swap and the commission of both sides included;"
        " before partners' commission and outside costs. Negative: clients won.",
        mart="fct_trades",
        day="closed_date",
        value=_USD.format(column="-mart.client_pnl_usd_minor"),
        where="mart.is_counted",
        group="Trading",
    ),
)

BY_NAME = {metric.name: metric for metric in METRICS}
