-- Fails if an entry arrived without its journal, or a journal with fewer than two entries: the two
-- tables were then not read at one moment. What arrived is held against all rows of the other side,
-- for one of the tables may be read anew alone.
with

entries as (
    select * from {{ ref("stg_ledger__entries") }}
),

journals as (
    select * from {{ ref("stg_ledger__journals") }}
),

fresh_journals as (
    select * from journals
    where extract_id > {{ published_extract_id() }}
)

select
    entries.journal_id,
    'entry without its journal' as fault
from entries
anti join journals using (journal_id)
where entries.extract_id > {{ published_extract_id() }}
union all
select
    fresh_journals.journal_id,
    'journal with fewer than two entries' as fault
from fresh_journals
left join entries using (journal_id)
group by fresh_journals.journal_id
having count(entries.entry_id) < 2
