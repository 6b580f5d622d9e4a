-- Built whole: a changed row may leave one day and enter another, and ten million trades are
-- summed in half a second.
{{ config(materialized="table") }}

with

clients as (
    select * from {{ ref("dim_clients") }}
),

payments as (
    select * from {{ ref("fct_payments") }}
),

registered as (
    select
        registered_date as kpi_date,
        count(*) as registration_count
    from clients
    group by all
),

verified as (
    select
        verified_date as kpi_date,
        count(*) as verified_count,
        count(*) filter (is_verified_by_rule) as verified_by_rule_count
    from clients
    where verified_date is not null
    group by all
),

funded as (
    select
        first_deposit_date as kpi_date,
        count(*) as first_deposit_count
    from clients
    where first_deposit_date is not null
    group by all
),

attempted as (
    select
        requested_date as kpi_date,
        count(*) as deposit_attempt_count,
        count(*) filter (is_successful) as deposit_attempt_success_count
    from payments
    where direction = 'deposit'
    group by all
),

settled as (
    select
        succeeded_date as kpi_date,
        count(*) filter (direction = 'deposit') as deposit_count,
        sum(if(direction = 'deposit', amount_usd_minor, 0))::bigint as deposit_usd_minor,
        sum(if(direction = 'withdrawal', amount_usd_minor, 0))::bigint as withdrawal_usd_minor
    from payments
    where is_successful
    group by all
),

taken_back as (
    select
        taken_back_date as kpi_date,
        sum(amount_usd_minor)::bigint as taken_back_usd_minor
    from payments
    where is_taken_back and direction = 'deposit'
    group by all
),

traded as (
    select
        closed_date as kpi_date,
        count(*) as trade_count,
        count(distinct client_id) as active_client_count,
        sum(closed_lots)::decimal(18, 8) as closed_lots,
        sum(client_pnl_usd_minor)::bigint as client_pnl_usd_minor
    from {{ ref("fct_trades") }}
    where is_counted
    group by all
),

earned as (
    select
        closed_date as kpi_date,
        sum(commission_usd)::decimal(18, 8) as partner_commission_usd
    from {{ ref("fct_partner_commissions") }}
    where is_paid
    group by all
)

select
    kpi_date,
    ----------  counts
    coalesce(registered.registration_count, 0) as registration_count,
    coalesce(verified.verified_count, 0) as verified_count,
    coalesce(verified.verified_by_rule_count, 0) as verified_by_rule_count,
    coalesce(funded.first_deposit_count, 0) as first_deposit_count,
    coalesce(attempted.deposit_attempt_count, 0) as deposit_attempt_count,
    coalesce(attempted.deposit_attempt_success_count, 0) as deposit_attempt_success_count,
    coalesce(settled.deposit_count, 0) as deposit_count,
    coalesce(traded.trade_count, 0) as trade_count,
    coalesce(traded.active_client_count, 0) as active_client_count,
    coalesce(traded.closed_lots, 0)::decimal(18, 8) as closed_lots,
    ----------  money
    coalesce(settled.deposit_usd_minor, 0) as deposit_usd_minor,
    coalesce(settled.withdrawal_usd_minor, 0) as withdrawal_usd_minor,
    coalesce(taken_back.taken_back_usd_minor, 0) as taken_back_usd_minor,
    coalesce(traded.client_pnl_usd_minor, 0) as client_pnl_usd_minor,
    coalesce(earned.partner_commission_usd, 0)::decimal(18, 8) as partner_commission_usd
from registered
full join verified using (kpi_date)
full join funded using (kpi_date)
full join attempted using (kpi_date)
full join settled using (kpi_date)
full join taken_back using (kpi_date)
full join traded using (kpi_date)
full join earned using (kpi_date)
