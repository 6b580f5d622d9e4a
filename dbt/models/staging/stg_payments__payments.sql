select
    ----------  ids
    id as payment_id,
    reference as payment_reference,
    client_id,
    psp_payment_id,
    ----------  facts
    direction,
    method,
    psp,
    status,
    failure_reason,
    currency,
    ----------  money
    amount_minor as asked_minor,
    coalesce(arrived_minor, amount_minor) as amount_minor,
    ----------  times
    requested_at,
    succeeded_at,
    ended_at,
    extract_id
from {{ source("raw", "payments__payment") }}
