select
    code as currency,
    minor_per_unit
from {{ source("raw", "reference__currencies") }}
