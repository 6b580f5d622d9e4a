-- Built whole: there are few disputes, and a partner may be attributed after the fact.
{{ config(materialized="table") }}

with

disputes as (
    select
        *,
        opened_at::date as opened_date,
        stage not in ('inquiry', 'inquiry_closed') as is_chargeback,
        stage in ('undefended', 'lost', 'second_chargeback', 'finally_lost') as is_lost
    from {{ ref("stg_payments__disputes") }}
),

payments as (
    select * from {{ ref("stg_payments__payments") }}
),

attributions as (
    select * from {{ ref("stg_partners__attributions") }}
),

rates as (
    select * from {{ ref("int_usd_rates") }}
),

-- Whoever earned on the deposit, whatever was decided of the client since.
attributed as (
    select
        disputes.*,
        payments.payment_reference,
        payments.status as payment_status,
        payments.succeeded_at as paid_at,
        attributions.partner_id
    from disputes
    inner join payments on disputes.payment_id = payments.payment_id
    left join attributions
        on
            disputes.client_id = attributions.client_id
            and attributions.valid_from <= coalesce(payments.succeeded_at, disputes.opened_at)
            and attributions.valid_to > coalesce(payments.succeeded_at, disputes.opened_at)
)

select
    ----------  ids
    attributed.dispute_id,
    attributed.dispute_reference,
    attributed.payment_id,
    attributed.payment_reference,
    attributed.client_id,
    attributed.partner_id,
    ----------  facts
    attributed.psp,
    attributed.stage,
    attributed.reason,
    attributed.network_reason,
    attributed.answer,
    attributed.currency,
    ----------  money
    attributed.amount_minor,
    {{ usd_minor("attributed.amount_minor") }} as amount_usd_minor,
    ----------  flags
    attributed.is_chargeback,
    attributed.is_lost,
    attributed.payment_status = 'charged_back' as is_taken_back,
    attributed.ended_at is null as is_open,
    ----------  times
    attributed.paid_at,
    attributed.opened_at,
    attributed.opened_date,
    attributed.due_at,
    attributed.answered_at,
    attributed.ended_at,
    greatest(attributed.extract_id, coalesce(rates.extract_id, 0)) as extract_id
from attributed
asof left join rates
    on attributed.currency = rates.currency and attributed.opened_date > rates.rate_date
