select
    id as payout_id,
    reference as payout_reference,
    psp_payout_id,
    status,
    extract_id
from {{ source("raw", "payments__payout") }}
