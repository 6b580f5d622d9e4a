select
    id as journal_id,
    op_key,
    kind as journal_kind,
    reverses as reverses_journal_id,
    effective_at,
    recorded_at,
    extract_id
from {{ source("raw", "ledger__journal") }}
