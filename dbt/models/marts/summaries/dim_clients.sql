{{ config(materialized="table") }}

with

clients as (
    select * from {{ ref("stg_clients__clients") }}
),

payments as (
    select * from {{ ref("fct_payments") }}
    where is_successful
),

trades as (
    select * from {{ ref("fct_trades") }}
    where is_counted
),

attributions as (
    select * from {{ ref("stg_partners__attributions") }}
),

checks as (
    select * from {{ ref("stg_kyc__checks") }}
),

cases as (
    select * from {{ ref("stg_review__cases") }}
    where case_kind = 'kyc'
),

paid as (
    select
        client_id,
        min(succeeded_at) filter (direction = 'deposit') as first_deposit_at,
        count(*) filter (direction = 'deposit') as deposit_count,
        sum(if(direction = 'deposit', amount_usd_minor, 0))::bigint as deposit_usd_minor,
        sum(if(direction = 'withdrawal', amount_usd_minor, 0))::bigint as withdrawal_usd_minor
    from payments
    group by client_id
),

traded as (
    select
        client_id,
        min(opened_at) as first_trade_at,
        max(closed_at) as last_trade_at,
        count(*) as trade_count,
        sum(closed_lots)::decimal(18, 8) as closed_lots,
        sum(client_pnl_usd_minor)::bigint as client_pnl_usd_minor
    from trades
    group by client_id
),

today as (
    select max(as_of) as moment from {{ source("raw", "extracts") }}
    where source = 'operational_db'
),

-- Today is the moment at which operations were last read.
referred as (
    select
        attributions.client_id,
        attributions.partner_id
    from attributions
    inner join today
        on attributions.valid_from <= today.moment and attributions.valid_to > today.moment
),

checked as (
    select
        client_id,
        min(checked_at) as first_checked_at
    from checks
    group by client_id
),

reviewed as (
    select distinct client_id from cases
)

select
    ----------  ids
    clients.client_id,
    clients.client_reference,
    clients.user_id,
    referred.partner_id,
    ----------  facts
    clients.country,
    clients.language,
    clients.stage,
    clients.source,
    clients.queue,
    ----------  money
    coalesce(paid.deposit_usd_minor, 0) as deposit_usd_minor,
    coalesce(paid.withdrawal_usd_minor, 0) as withdrawal_usd_minor,
    coalesce(traded.client_pnl_usd_minor, 0) as client_pnl_usd_minor,
    ----------  counts
    coalesce(paid.deposit_count, 0) as deposit_count,
    coalesce(traded.trade_count, 0) as trade_count,
    coalesce(traded.closed_lots, 0)::decimal(18, 8) as closed_lots,
    ----------  flags
    clients.verified_at is not null and reviewed.client_id is null as is_verified_by_rule,
    ----------  times
    clients.registered_at,
    clients.registered_at::date as registered_date,
    checked.first_checked_at,
    clients.verified_at,
    clients.verified_at::date as verified_date,
    paid.first_deposit_at,
    paid.first_deposit_at::date as first_deposit_date,
    traded.first_trade_at,
    traded.last_trade_at
from clients
left join paid on clients.client_id = paid.client_id
left join traded on clients.client_id = traded.client_id
left join referred on clients.client_id = referred.client_id
left join checked on clients.client_id = checked.client_id
left join reviewed on clients.client_id = reviewed.client_id
