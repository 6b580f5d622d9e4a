select
    ----------  ids
    id as client_id,
    reference as client_reference,
    user_id,
    ----------  facts
    country,
    language,
    stage,
    source,
    queue,
    ----------  times
    registered_at,
    verified_at,
    extract_id
from {{ source("raw", "clients__client") }}
