select
    id as entry_id,
    journal_id,
    account_id,
    currency,
    amount as amount_minor,
    extract_id
from {{ source("raw", "ledger__entry") }}
