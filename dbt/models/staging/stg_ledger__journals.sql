select
    id as journal_id,
    extract_id
from {{ source("raw", "ledger__journal") }}
