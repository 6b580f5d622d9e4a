-- Fails if a daily figure, summed over all days, is not the figure of the rows it was made from.
with

days as (
    select * from {{ ref("fct_daily_kpis") }}
),

payments as (
    select * from {{ ref("fct_payments") }}
    where is_successful and direction = 'deposit'
),

trades as (
    select * from {{ ref("fct_trades") }}
    where is_counted
),

commissions as (
    select * from {{ ref("fct_partner_commissions") }}
    where is_paid
),

compared as (
    select
        'deposit_usd_minor' as figure,
        (select sum(days.deposit_usd_minor) from days)::decimal(38, 8) as daily,
        (select sum(payments.amount_usd_minor) from payments)::decimal(38, 8) as of_rows
    union all
    select
        'closed_lots' as figure,
        (select sum(days.closed_lots) from days) as daily,
        (select sum(trades.closed_lots) from trades) as of_rows
    union all
    select
        'partner_commission_usd' as figure,
        (select sum(days.partner_commission_usd) from days) as daily,
        (select sum(commissions.commission_usd) from commissions) as of_rows
)

select * from compared
where coalesce(daily, 0) <> coalesce(of_rows, 0)
