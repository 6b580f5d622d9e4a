select
    id as trading_account_id,
    reference as trading_account_reference,
    client_id,
    platform,
    server,
    login,
    currency,
    observed_status,
    requested_at,
    extract_id
from {{ source("raw", "platforms__trading_account") }}
