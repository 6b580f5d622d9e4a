select
    id as attribution_id,
    client_id,
    partner_id,
    valid_from,
    coalesce(valid_to, timestamptz '9999-12-31 00:00:00+00') as valid_to,
    extract_id
from {{ source("raw", "partners__attribution") }}
