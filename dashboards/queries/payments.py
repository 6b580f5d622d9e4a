"""Questions to `fct_payments`: one row per payment."""

BY_PSP = """
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
"""

DAILY = """
select
    succeeded_date as day,
    psp,
    sum(amount_usd_minor)::decimal(36, 0) * 0.01::decimal(2, 2) as amount_usd
from lake.marts.fct_payments
where direction = 'deposit' and is_successful and succeeded_date between $since and $until
group by day, psp
order by day, psp
"""

BY_CURRENCY = """
select
    sum(amount_minor)::bigint as amount_minor,
    currency,
    count(*) as credited,
    sum(amount_usd_minor)::decimal(36, 0) * 0.01::decimal(2, 2) as amount_usd
from lake.marts.fct_payments
where direction = 'deposit' and is_successful and succeeded_date between $since and $until
group by currency
order by amount_usd desc nulls last, currency
"""

WITHOUT_RATE = """
select count(*) as payments
from lake.marts.fct_payments
where is_successful and amount_usd_minor is null and succeeded_date between $since and $until
"""
"""Credited in a currency whose rate is not known, and therefore in no sum in dollars."""

FAILURES = """
select coalesce(failure_reason, 'no reason given') as reason, psp, count(*) as payments
from lake.marts.fct_payments
where status = 'failed' and requested_date between $since and $until
group by all
order by payments desc, reason, psp
"""
