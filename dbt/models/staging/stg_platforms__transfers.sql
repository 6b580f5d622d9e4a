select
    id as transfer_id,
    reference as transfer_reference,
    trading_account_id,
    amount_minor,
    currency,
    status,
    deal,
    requested_at,
    done_at,
    extract_id
from {{ source("raw", "platforms__transfer") }}
