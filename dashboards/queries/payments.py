"""Questions to `fct_payments`: one row per payment."""

from dashboards.figures import Figure
from lake.rows import Origin

ASKED = Origin("fct_payments", "mart.requested_date between $since and $until", "requested_date")
"""Every payment asked for in the period."""

_CREDITED = Origin(
    "fct_payments",
    "mart.direction = 'deposit' and mart.is_successful"
    " and mart.succeeded_date between $since and $until",
    "succeeded_date",
)


BY_PSP = Figure(
    "Deposits by PSP",
    "Deposits asked for in the period: how many were tried, the share credited so far,"
    " and what was credited, in USD.",
    """
select
    psp,
    count(*) as attempts,
    count(*) filter (is_successful) as credited,
    ((2000 * count(*) filter (is_successful) + count(*)) // (2 * count(*)))::decimal(4, 0)
        * 0.1::decimal(1, 1) as success_percent,
    coalesce(sum(amount_usd_minor) filter (is_successful), 0)::decimal(36, 0)
        * 0.01::decimal(2, 2) as credited_usd
from lake.marts.fct_payments
where direction = 'deposit' and requested_date between $since and $until
group by psp
order by credited_usd desc, psp
""",
    Origin(
        "fct_payments",
        "mart.direction = 'deposit' and mart.requested_date between $since and $until",
        "requested_date",
    ),
)

DAILY = Figure(
    "Credited a day, USD",
    "Deposits credited to wallets on that day, by PSP, at the last rate before it.",
    """
select
    succeeded_date as day,
    psp,
    sum(amount_usd_minor)::decimal(36, 0) * 0.01::decimal(2, 2) as amount_usd
from lake.marts.fct_payments
where direction = 'deposit' and is_successful and succeeded_date between $since and $until
group by day, psp
order by day, psp
""",
    _CREDITED,
)

BY_CURRENCY = Figure(
    "Credited by currency",
    "Deposits credited to wallets in the period, each in its own currency and in USD.",
    """
select
    sum(amount_minor)::bigint as amount_minor,
    currency,
    count(*) as credited,
    sum(amount_usd_minor)::decimal(36, 0) * 0.01::decimal(2, 2) as amount_usd
from lake.marts.fct_payments
where direction = 'deposit' and is_successful and succeeded_date between $since and $until
group by currency
order by amount_usd desc nulls last, currency
""",
    _CREDITED,
)

WITHOUT_RATE = """
select count(*) as payments
from lake.marts.fct_payments
where is_successful and amount_usd_minor is null and succeeded_date between $since and $until
"""
"""Credited in a currency whose rate is not known, and therefore in no sum in dollars."""

FAILURES = Figure(
    "Why payments failed",
    "Payments asked for in the period that failed, by the reason the PSP gave.",
    """
select coalesce(failure_reason, 'no reason given') as reason, psp, count(*) as payments
from lake.marts.fct_payments
where status = 'failed' and requested_date between $since and $until
group by all
order by payments desc, reason, psp
""",
    Origin(
        "fct_payments",
        "mart.status = 'failed' and mart.requested_date between $since and $until",
        "requested_date",
    ),
)
