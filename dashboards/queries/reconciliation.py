"""Questions to `fct_break_items`, one row per break, and `fct_client_money`, one per day and currency."""

from dashboards.figures import Figure
from lake.rows import Origin

READERS = ("reconciliation.read",)
"""Who may see what the outside says otherwise."""

OPEN = Origin("fct_break_items", "mart.is_open")

BY_AGE = Figure(
    "Open breaks by age",
    "Breaks that are not closed, by full days since they were due, and what they are worth in USD.",
    """
select
    age_bucket as age,
    count(*) as breaks,
    count(*) filter (is_late) as late,
    coalesce(sum(value_usd_minor), 0)::decimal(36, 0) * 0.01::decimal(2, 2) as value_usd
from lake.marts.fct_break_items
where is_open
group by age_bucket
order by min(age_days)
""",
    OPEN,
    READERS,
)

BY_KIND = Figure(
    "Open breaks by kind",
    "What is wrong with those that are not closed, and at whom.",
    """
select
    leg,
    kind,
    counterpart,
    count(*) as breaks,
    max(age_days) as oldest_days,
    coalesce(sum(value_usd_minor), 0)::decimal(36, 0) * 0.01::decimal(2, 2) as value_usd
from lake.marts.fct_break_items
where is_open
group by all
order by value_usd desc, leg, kind, counterpart
""",
    OPEN,
    READERS,
)

BY_CURRENCY = Figure(
    "Open breaks by currency",
    "Differences with and without their signs, in their own currency.",
    """
select
    currency,
    count(*) as breaks,
    sum(difference_minor)::bigint as difference_minor,
    sum(value_minor)::bigint as value_minor
from lake.marts.fct_break_items
where is_open
group by currency
order by currency
""",
    OPEN,
    READERS,
)

ENDED = Figure(
    "How breaks ended",
    "Breaks closed in the period: how, how old they were, and how many were past their deadline.",
    """
select
    status,
    count(*) as breaks,
    count(*) filter (is_late) as late,
    median(age_days)::bigint as median_days
from lake.marts.fct_break_items
where closed_date between $since and $until
group by status
order by breaks desc, status
""",
    Origin("fct_break_items", "mart.closed_date between $since and $until", "closed_date"),
    READERS,
)

FOUND = Figure(
    "Breaks found a day",
    "Breaks that became somebody's work on that day (UTC), by leg.",
    """
select
    found_date as day,
    leg,
    count(*) as breaks
from lake.marts.fct_break_items
where found_date between $since and $until
group by found_date, leg
order by day, leg
""",
    Origin("fct_break_items", "mart.found_date between $since and $until", "found_date"),
    READERS,
)

CLIENT_MONEY = Figure(
    "Client money a day",
    "What was held less what was owed, by the newest version of each day's report.",
    """
select
    report_date as day,
    currency,
    owed_minor,
    held_minor,
    difference_minor,
    unexplained_minor,
    status
from lake.marts.fct_client_money
where report_date between $since and $until
order by day desc, currency
""",
    Origin("fct_client_money", "mart.report_date between $since and $until", "report_date"),
    READERS,
)
