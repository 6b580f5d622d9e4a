-- The balances the ledger itself keeps for client accounts.
select
    account_id,
    posted as posted_minor,
    extract_id
from {{ source("raw", "ledger__balance") }}
