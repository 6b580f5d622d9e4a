{{ config(materialized="incremental", unique_key=["payment_id"]) }}

with

payments as (
    select
        *,
        coalesce(succeeded_at, requested_at)::date as value_date,
        status in (
            'succeeded', 'underpaid', 'overpaid', 'refunded', 'charged_back', 'chargeback_won'
        ) as is_successful,
        status in ('refunded', 'charged_back') as is_taken_back
    from {{ ref("stg_payments__payments") }}
),

rates as (
    select * from {{ ref("int_usd_rates") }}
),

changed as (
    select * from payments
    {% if is_incremental() %}
        where extract_id > {{ last_extract_id() }} or {{ is_repriced("value_date") }}
    {% endif %}
)

select
    ----------  ids
    changed.payment_id,
    changed.payment_reference,
    changed.client_id,
    ----------  facts
    changed.direction,
    changed.method,
    changed.psp,
    changed.status,
    changed.failure_reason,
    changed.currency,
    ----------  money
    changed.asked_minor,
    changed.amount_minor,
    {{ usd_minor("changed.amount_minor") }} as amount_usd_minor,
    ----------  flags
    changed.is_successful,
    changed.is_taken_back,
    ----------  times
    changed.requested_at,
    changed.succeeded_at,
    changed.ended_at,
    changed.requested_at::date as requested_date,
    changed.succeeded_at::date as succeeded_date,
    case when changed.is_taken_back then changed.ended_at::date end as taken_back_date,
    changed.value_date,
    greatest(changed.extract_id, coalesce(rates.extract_id, 0)) as extract_id
from changed
asof left join rates
    on changed.currency = rates.currency and changed.value_date > rates.rate_date
