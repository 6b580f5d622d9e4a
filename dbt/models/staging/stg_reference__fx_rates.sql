-- Units of a currency for one euro, as the European Central Bank published them.
select
    rate_date,
    quote_currency as currency,
    rate as units_per_eur,
    extract_id
from {{ source("raw", "reference__fx_rates") }}
where base_currency = 'EUR'
