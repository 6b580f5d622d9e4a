select
    id as trading_account_id,
    client_id,
    platform,
    server,
    login,
    currency,
    extract_id
from {{ source("raw", "platforms__trading_account") }}
