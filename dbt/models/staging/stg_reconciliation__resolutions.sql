-- What people decided about breaks. Waiting decides nothing.
select
    break_key,
    action,
    expected_minor,
    actual_minor,
    extract_id
from {{ source("raw", "reconciliation__resolution") }}
where action <> 'wait'
