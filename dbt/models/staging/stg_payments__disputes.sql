select
    ----------  ids
    id as dispute_id,
    reference as dispute_reference,
    payment_id,
    client_id,
    psp_dispute_id,
    ----------  facts
    psp,
    stage,
    reason,
    network_reason,
    answer,
    answer_status,
    currency,
    ----------  money
    amount_minor,
    ----------  times
    opened_at,
    staged_at,
    due_at,
    answered_at,
    ended_at,
    extract_id
from {{ source("raw", "payments__dispute") }}
