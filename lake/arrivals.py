"""When each source last brought something, from the register that landing keeps."""

BY_SOURCE = """
select
    source,
    max(as_of) as arrived_at,
    arg_max(row_count, extract_id) as rows_last_time,
    count(*) as arrivals,
    sum(row_count)::bigint as rows_so_far
from lake.raw.extracts
group by source
order by source
"""
"""One row per source that ever brought anything."""
