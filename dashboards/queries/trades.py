"""Questions to `fct_trades`: one row per closing deal."""

from dashboards.figures import Figure
from lake.rows import Origin

CLOSED = Origin("fct_trades", "mart.closed_date between $since and $until", "closed_date")
"""Every closing deal of the period, counted or not."""

_COUNTED = Origin(
    "fct_trades",
    "mart.is_counted and mart.closed_date between $since and $until",
    "closed_date",
)


BY_SYMBOL = Figure(
    "Results by symbol",
    "Deals that closed a position in the period. The result of the book is what clients lost,"
    " commission and swap included.",
    """
select
    symbol,
    count(*) as deals,
    sum(closed_lots)::decimal(38, 8) as lots,
    sum(-client_pnl_usd_minor)::decimal(36, 0) * 0.01::decimal(2, 2) as book_result_usd
from lake.marts.fct_trades
where is_counted and closed_date between $since and $until
group by symbol
order by lots desc, symbol
""",
    _COUNTED,
)

DAILY = Figure(
    "Lots closed a day",
    "Closed volume, one-sided. Cancelled deals do not count.",
    """
select closed_date as day, sum(closed_lots)::decimal(38, 8) as lots
from lake.marts.fct_trades
where is_counted and closed_date between $since and $until
group by day
order by day
""",
    _COUNTED,
)

LEFT_OUT = Figure(
    "Deals that do not count, and why",
    "Closing deals of the period that are in no sum, each with its one reason.",
    """
select exclusion_reason as reason, count(*) as deals
from lake.marts.fct_trades
where not is_counted and closed_date between $since and $until
group by reason
order by deals desc, reason
""",
    Origin(
        "fct_trades",
        "not mart.is_counted and mart.closed_date between $since and $until",
        "closed_date",
    ),
)
