-- Fails if an entry arrived without its journal, or a journal with fewer than two entries: the two
-- tables were then not read at one moment.
with

entries as (
    select * from {{ ref("stg_ledger__entries") }}
    where extract_id > {{ published_extract_id() }}
),

journals as (
    select * from {{ ref("stg_ledger__journals") }}
    where extract_id > {{ published_extract_id() }}
),

legs as (
    select
        journal_id,
        count(*) as leg_count
    from entries
    group by journal_id
)

select
    coalesce(journals.journal_id, legs.journal_id) as journal_id,
    legs.leg_count
from journals
full join legs on journals.journal_id = legs.journal_id
where journals.journal_id is null or coalesce(legs.leg_count, 0) < 2
