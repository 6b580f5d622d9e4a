select
    id as case_id,
    reference as case_reference,
    kind as case_kind,
    client_id,
    status,
    opened_at,
    decided_at,
    extract_id
from {{ source("raw", "review__case") }}
