select
    id as check_id,
    client_id,
    checked_at,
    extract_id
from {{ source("raw", "kyc__check") }}
