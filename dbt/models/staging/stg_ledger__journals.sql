select
    id as journal_id,
    op_key,
    kind as journal_kind,
    -- Money that moved at a provider, as operational.payments books it.
    kind in (
        'deposit', 'refund', 'refund_failed', 'chargeback', 'chargeback_won', 'second_chargeback',
        'payout', 'payout_returned'
    ) as is_with_provider,
    coalesce(meta ->> 'payment', meta ->> 'payout') as our_reference,
    effective_at,
    extract_id
from {{ source("raw", "ledger__journal") }}
