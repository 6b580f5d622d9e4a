"""Questions to `dim_clients`: one row per client."""

FUNNEL = """
select step, clients from (
    select
        count(*) as registered,
        count(*) filter (verified_date is not null) as verified,
        count(*) filter (first_deposit_date is not null) as deposited,
        count(*) filter (first_trade_at is not null) as traded
    from lake.marts.dim_clients
    where registered_date between $since and $until
) unpivot (clients for step in (registered, verified, deposited, traded))
"""

BY_COUNTRY = """
select country, count(*) as clients
from lake.marts.dim_clients
where registered_date between $since and $until
group by country
order by clients desc, country
"""

BY_SOURCE = """
select
    source,
    count(*) as clients,
    count(*) filter (verified_date is not null) as verified,
    count(*) filter (first_deposit_date is not null) as deposited,
    count(*) filter (first_trade_at is not null) as traded,
    sum(deposit_usd_minor)::decimal(36, 0) * 0.01::decimal(2, 2) as deposits_usd
from lake.marts.dim_clients
where registered_date between $since and $until
group by source
order by clients desc, source
"""

BY_STAGE = """
select stage, queue, count(*) as clients
from lake.marts.dim_clients
where registered_date between $since and $until
group by stage, queue
order by clients desc, stage, queue
"""

TURNAROUND = """
select
    if(is_verified_by_rule, 'by rule', 'by a person') as decided,
    count(*) as clients,
    quantile_disc(date_diff('second', first_checked_at, verified_at), 0.5) as median_seconds,
    quantile_disc(date_diff('second', first_checked_at, verified_at), 0.9) as slow_seconds
from lake.marts.dim_clients
where verified_date between $since and $until and first_checked_at is not null
group by is_verified_by_rule
order by is_verified_by_rule desc
"""
"""From the first check to the approval; nine of ten were faster than `slow_seconds`."""

VERIFIED_DAILY = """
select
    verified_date as day,
    if(is_verified_by_rule, 'by rule', 'by a person') as decided,
    count(*) as clients
from lake.marts.dim_clients
where verified_date between $since and $until
group by all
order by day
"""

WAITING = "mart.stage = 'in_review'"
"""Clients on whom a person must decide, as a condition on the mart."""

WAITING_COUNT = """
select count(*) as clients, min(first_checked_at) as since
from lake.marts.dim_clients
where stage = 'in_review'
"""
