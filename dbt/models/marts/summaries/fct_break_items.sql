-- Built whole: a break grows older by the passing of time alone.
{{ config(materialized="table") }}

with

breaks as (
    select
        *,
        closed_at is null as is_open,
        -- Full days until it was closed, or until now.
        greatest(
            date_diff('second', due_at, coalesce(closed_at, as_of)) // 86400, 0
        ) as age_days,
        abs(difference_minor) as value_minor,
        due_at::date as due_date
    from {{ ref("stg_reconciliation__break_items") }}
),

rates as (
    select * from {{ ref("int_usd_rates") }}
)

select
    ----------  ids
    breaks.break_id,
    breaks.break_reference,
    breaks.our_reference,
    breaks.external_reference,
    breaks.owner_id,
    ----------  facts
    breaks.leg,
    breaks.kind,
    breaks.counterpart,
    breaks.severity,
    breaks.status,
    case
        when breaks.age_days <= 1 then '0-1'
        when breaks.age_days <= 3 then '2-3'
        when breaks.age_days <= 7 then '4-7'
        when breaks.age_days <= 30 then '8-30'
        else '>30'
    end as age_bucket,
    breaks.currency,
    ----------  money
    breaks.difference_minor,
    breaks.value_minor,
    {{ usd_minor("breaks.value_minor") }} as value_usd_minor,
    ----------  counts
    breaks.age_days,
    ----------  flags
    breaks.is_open,
    coalesce(breaks.closed_at, breaks.as_of) > breaks.deadline_at as is_late,
    ----------  times
    breaks.due_at,
    breaks.found_at,
    breaks.deadline_at,
    breaks.closed_at,
    breaks.found_at::date as found_date,
    breaks.closed_at::date as closed_date
from breaks
asof left join rates
    on breaks.currency = rates.currency and breaks.due_date > rates.rate_date
