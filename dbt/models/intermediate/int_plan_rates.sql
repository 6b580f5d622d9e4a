-- What a plan version pays for one lot of a symbol: the rate of the symbol itself, else the one of
-- its group, else no row, and then no commission.
with

versions as (
    select * from {{ ref("stg_partners__plan_versions") }}
),

symbol_groups as (
    select * from {{ ref("symbol_groups") }}
),

unnested as (
    select
        plan_version_id,
        extract_id,
        unnest(from_json(rates, '["json"]')) as rate
    from versions
),

rates as (
    select
        plan_version_id,
        extract_id,
        rate ->> 'id' as rate_id,
        rate ->> 'symbol' as symbol,
        rate ->> 'symbol_group' as symbol_group,
        rate ->> 'currency' as rate_currency,
        (rate ->> 'per_lot')::decimal(14, 8) as per_lot
    from unnested
),

by_symbol as (
    select
        plan_version_id,
        symbol,
        rate_id,
        rate_currency,
        per_lot,
        extract_id
    from rates
    where symbol is not null
),

by_group as (
    select
        rates.plan_version_id,
        symbol_groups.symbol,
        rates.rate_id,
        rates.rate_currency,
        rates.per_lot,
        rates.extract_id
    from rates
    inner join symbol_groups on rates.symbol_group = symbol_groups.symbol_group
    where rates.symbol is null
)

select * from by_symbol
union all
select by_group.* from by_group
anti join by_symbol
    on
        by_group.plan_version_id = by_symbol.plan_version_id
        and by_group.symbol = by_symbol.symbol
