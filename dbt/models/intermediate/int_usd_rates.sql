-- US dollars for one unit of a currency, and cents for one minor unit, as fractions of whole
-- numbers, per publication day.
-- An amount of a day takes the rate published on the last working day before it: that one is
-- known when the day begins, so a number does not change in the afternoon.
{{ config(materialized="incremental", unique_key=["currency", "rate_date"]) }}

with

currencies as (
    select * from {{ ref("stg_reference__currencies") }}
),

fx_rates as (
    select * from {{ ref("stg_reference__fx_rates") }}
),

dollars as (
    select * from fx_rates
    where currency = 'USD'
),

quoted as (
    select
        fx_rates.currency,
        fx_rates.rate_date,
        fx_rates.units_per_eur,
        dollars.units_per_eur as usd_per_eur,
        greatest(fx_rates.extract_id, dollars.extract_id) as extract_id
    from fx_rates
    inner join dollars on fx_rates.rate_date = dollars.rate_date
    where fx_rates.currency <> 'USD'
    union all
    select
        'EUR' as currency,
        rate_date,
        1 as units_per_eur,
        units_per_eur as usd_per_eur,
        extract_id
    from dollars
    union all
    select
        currency,
        date '1970-01-01' as rate_date,
        1 as units_per_eur,
        usd_per_unit as usd_per_eur,
        0 as extract_id
    from {{ ref("fixed_usd_rates") }}
)

select
    quoted.currency,
    quoted.rate_date,
    (quoted.usd_per_eur * 10000000000)::hugeint as dollars_dividend,
    (quoted.units_per_eur * 10000000000)::hugeint as dollars_divisor,
    dollars_dividend * 100 as cents_dividend,
    dollars_divisor * currencies.minor_per_unit as cents_divisor,
    quoted.extract_id
from quoted
inner join currencies on quoted.currency = currencies.currency
{% if is_incremental() %}
    where quoted.extract_id > {{ last_extract_id() }}
{% endif %}
