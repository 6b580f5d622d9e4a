-- Where a deal stood before it was changed, deleted or restored: only what came after its first
-- version, and all versions of it.
select
    platform,
    server,
    deal,
    position,
    version,
    extract_id
from {{ source("raw", "platform__deal_versions") }}
