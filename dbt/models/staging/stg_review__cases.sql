select
    id as case_id,
    kind as case_kind,
    client_id,
    extract_id
from {{ source("raw", "review__case") }}
