select
    id as account_id,
    code as account_code,
    kind as account_kind,
    currency,
    owner_id,
    extract_id
from {{ source("raw", "ledger__account") }}
