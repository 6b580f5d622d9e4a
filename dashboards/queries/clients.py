"""Questions to `dim_clients`: one row per client."""

from dashboards.figures import Figure
from lake.rows import Origin

DECIDERS = ("kyc.read", "reports.build")
"""Who may see how people are let in: any of these."""

_REGISTERED = Origin(
    "dim_clients", "mart.registered_date between $since and $until", "registered_date"
)


FUNNEL = Figure(
    "From registration to first trade",
    "How many of those who registered in the period came how far by now.",
    """
select step, clients from (
    select
        count(*) as registered,
        count(*) filter (verified_date is not null) as verified,
        count(*) filter (first_deposit_date is not null) as deposited,
        count(*) filter (first_trade_at is not null) as traded
    from lake.marts.dim_clients
    where registered_date between $since and $until
) unpivot (clients for step in (registered, verified, deposited, traded))
""",
    _REGISTERED,
)

BY_COUNTRY = Figure(
    "Clients by country",
    "Those who registered in the period, by the country they live in.",
    """
select country, count(*) as clients
from lake.marts.dim_clients
where registered_date between $since and $until
group by country
order by clients desc, country
""",
    _REGISTERED,
)

BY_SOURCE = Figure(
    "Clients by source",
    "Those who registered in the period, by where they came from; how far they got by now,"
    " and what they paid in, in USD.",
    """
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
""",
    _REGISTERED,
)

BY_STAGE = Figure(
    "Clients by stage and queue",
    "Those who registered in the period, by where they stand now and whose they are.",
    """
select stage, queue, count(*) as clients
from lake.marts.dim_clients
where registered_date between $since and $until
group by stage, queue
order by clients desc, stage, queue
""",
    _REGISTERED,
)

TURNAROUND = Figure(
    "From first check to approval",
    "Of the clients verified in the period: half were approved within the median,"
    " nine of ten within the slow time.",
    """
select
    if(is_verified_by_rule, 'by rule', 'by a person') as decided,
    count(*) as clients,
    quantile_disc(date_diff('second', first_checked_at, verified_at), 0.5) as median_seconds,
    quantile_disc(date_diff('second', first_checked_at, verified_at), 0.9) as slow_seconds
from lake.marts.dim_clients
where verified_date between $since and $until and first_checked_at is not null
group by is_verified_by_rule
order by is_verified_by_rule desc
""",
    Origin(
        "dim_clients",
        "mart.verified_date between $since and $until and mart.first_checked_at is not null",
        "verified_date",
    ),
    DECIDERS,
)

VERIFIED_DAILY = Figure(
    "Verified a day",
    "Clients whose identity was approved on that day, by rule and by a person.",
    """
select
    verified_date as day,
    if(is_verified_by_rule, 'by rule', 'by a person') as decided,
    count(*) as clients
from lake.marts.dim_clients
where verified_date between $since and $until
group by all
order by day
""",
    Origin("dim_clients", "mart.verified_date between $since and $until", "verified_date"),
    DECIDERS,
)

WAITING = Figure(
    "Waiting for a person",
    "Clients on whom a person must decide, as it stands now.",
    """
select count(*) as clients, min(first_checked_at) as since
from lake.marts.dim_clients
where stage = 'in_review'
""",
    Origin("dim_clients", "mart.stage = 'in_review'"),
    DECIDERS,
)
