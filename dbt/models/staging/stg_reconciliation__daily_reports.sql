-- Prepared versions of daily client-money reports, with their sums as one document.
select
    id as report_id,
    day as report_date,
    version,
    status,
    snapshot,
    prepared_at,
    decided_at,
    content -> 'currencies' as currencies,
    extract_id
from {{ source("raw", "reconciliation__daily_report") }}
where status <> 'asked'
