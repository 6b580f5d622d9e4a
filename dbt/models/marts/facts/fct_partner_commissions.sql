{{ config(materialized="incremental", replaces_touched=true,
    unique_key=["platform", "server", "deal"]) }}
{% if is_incremental() %}{{ touch_deals() }}{% endif %}
-- depends_on: {{ ref("stg_platform__deal_versions") }}
with

trades as (
    select * from {{ ref("fct_trades") }}
),

terms as (
    select * from {{ ref("int_partner_terms") }}
),

plans as (
    select * from {{ ref("stg_partners__plan_versions") }}
),

plan_rates as (
    select * from {{ ref("int_plan_rates") }}
),

rates as (
    select * from {{ ref("int_usd_rates") }}
),

concerned as (
    select * from trades
    {% if is_incremental() %}
        where
            extract_id > {{ last_extract_id() }}
            or client_id in (
                select terms.client_id from terms
                where terms.extract_id > {{ last_extract_id() }}
            )
            or closed_at >= (
                select min(plans.valid_from) from plans
                where plans.extract_id > {{ last_extract_id() }}
            )
            or {{ is_repriced("closed_date") }}
    {% endif %}
),

matched as (
    select
        concerned.*,
        terms.attribution_id,
        terms.partner_id,
        plans.plan_version_id,
        plan_rates.rate_id,
        plan_rates.rate_currency,
        plan_rates.per_lot,
        greatest(
            concerned.extract_id,
            coalesce(terms.extract_id, 0),
            coalesce(plans.extract_id, 0)
        ) as matched_extract_id,
        case
            when concerned.exclusion_reason is not null then concerned.exclusion_reason
            when concerned.client_id is null then 'unknown_account'
            when terms.attribution_id is null then 'no_partner'
            when terms.is_own then 'own_trade'
            when plans.plan_version_id is null then 'no_plan'
            when plans.duration_seconds_min > 0 and concerned.opened_at is null then 'no_opening'
            when concerned.duration_seconds < plans.duration_seconds_min then 'too_short'
            when plan_rates.rate_id is null then 'no_rate'
        end as reason,
        if(reason is null, {{ whole_e8("concerned.closed_lots") }}, 0)
        * {{ whole_e8("plan_rates.per_lot") }} as commission_e16
    from concerned
    left join terms
        on
            concerned.client_id = terms.client_id
            and concerned.closed_at >= terms.valid_from
            and concerned.closed_at < terms.valid_to
    left join plans
        on
            terms.plan_name = plans.plan_name
            and concerned.closed_at >= plans.valid_from
            and concerned.closed_at < plans.valid_to
    left join plan_rates
        on
            plans.plan_version_id = plan_rates.plan_version_id
            and concerned.symbol = plan_rates.symbol
)

select
    ----------  ids
    matched.platform,
    matched.server,
    matched.deal,
    matched.client_id,
    matched.partner_id,
    matched.attribution_id,
    matched.plan_version_id,
    matched.rate_id,
    ----------  facts
    matched.symbol,
    matched.reason as exclusion_reason,
    matched.reason is null as is_paid,
    matched.closed_lots,
    ----------  money, exact to the last digit of the product; rounded once, when it is paid
    matched.rate_currency as currency,
    matched.per_lot,
    if(matched.reason is null, matched.closed_lots * matched.per_lot, 0)::decimal(32, 16)
        as commission,
    {{ from_e8(divide_half_even(
        "(commission_e16 * rates.dollars_dividend)", "(rates.dollars_divisor * 100000000)"
    )) }} as commission_usd,
    ----------  times
    matched.closed_at,
    matched.closed_date,
    matched.duration_seconds,
    greatest(matched.matched_extract_id, coalesce(rates.extract_id, 0)) as extract_id
from matched
asof left join rates
    on matched.rate_currency = rates.currency and matched.closed_date > rates.rate_date
