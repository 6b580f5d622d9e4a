-- A published version stands until the next one of its name: a trade is paid by the rules in force
-- when it closed.
select
    id as plan_version_id,
    name as plan_name,
    version as plan_version,
    rates,
    duration_seconds_min,
    valid_from,
    coalesce(
        lead(valid_from) over (partition by name order by valid_from, version),
        timestamptz '9999-12-31 00:00:00+00'
    ) as valid_to,
    extract_id
from {{ source("raw", "partners__plan_version") }}
where published_by is not null
