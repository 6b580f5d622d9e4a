-- Breaks as people work on them, with the moment they were last looked at.
select
    id as break_id,
    reference as break_reference,
    leg,
    kind,
    counterpart,
    our_reference,
    external_reference,
    currency,
    severity,
    status,
    owner_id,
    difference_minor,
    due_at,
    found_at,
    deadline_at,
    closed_at,
    (
        select max(extracts.as_of) from {{ source("raw", "extracts") }} as extracts
        where extracts.source = 'operational_db'
    ) as as_of,
    extract_id
from {{ source("raw", "reconciliation__break_item") }}
