"""Questions to `fct_trades`: one row per closing deal."""

BY_SYMBOL = """
select
    symbol,
    count(*) as deals,
    sum(closed_lots)::decimal(38, 8) as lots,
    sum(-client_pnl_usd_minor)::decimal(36, 0) * 0.01::decimal(2, 2) as book_result_usd
from lake.marts.fct_trades
where is_counted and closed_date between $since and $until
group by symbol
order by lots desc, symbol
"""

DAILY = """
select closed_date as day, sum(closed_lots)::decimal(38, 8) as lots
from lake.marts.fct_trades
where is_counted and closed_date between $since and $until
group by day
order by day
"""

LEFT_OUT = """
select exclusion_reason as reason, count(*) as deals
from lake.marts.fct_trades
where not is_counted and closed_date between $since and $until
group by reason
order by deals desc, reason
"""
