select
    code as currency,
    exponent,
    minor_per_unit
from {{ source("raw", "reference__currencies") }}
