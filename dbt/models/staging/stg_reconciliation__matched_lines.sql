-- Lines people matched by hand. A break's key ends in what it is about.
select
    line_id,
    split_part(break_key, '|', 3) as expectation_key,
    extract_id
from {{ source("raw", "reconciliation__matched_line") }}
