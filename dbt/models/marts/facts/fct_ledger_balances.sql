{{ config(materialized="incremental", unique_key=["account_id"]) }}

with

accounts as (
    select * from {{ ref("stg_ledger__accounts") }}
),

entries as (
    select * from {{ ref("stg_ledger__entries") }}
),

concerned as (
    select * from accounts
    {% if is_incremental() %}
        where
            extract_id > {{ last_extract_id() }}
            or account_id in (
                select entries.account_id from entries
                where entries.extract_id > {{ last_extract_id() }}
            )
    {% endif %}
),

sums as (
    select
        entries.account_id,
        sum(entries.amount_minor)::bigint as balance_minor,
        count(*) as entry_count,
        max(entries.extract_id) as extract_id
    from entries
    semi join concerned on entries.account_id = concerned.account_id
    group by entries.account_id
)

select
    ----------  ids
    concerned.account_id,
    concerned.account_code,
    concerned.owner_id,
    ----------  facts
    concerned.account_kind,
    concerned.currency,
    ----------  money
    coalesce(sums.balance_minor, 0) as balance_minor,
    ----------  counts
    coalesce(sums.entry_count, 0) as entry_count,
    greatest(concerned.extract_id, coalesce(sums.extract_id, 0)) as extract_id
from concerned
left join sums on concerned.account_id = sums.account_id
