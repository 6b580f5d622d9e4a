{{ config(materialized="table") }}

with

reports as (
    select * from {{ ref("stg_reconciliation__daily_reports") }}
),

newest as (
    select * from reports
    qualify version = max(version) over (partition by report_date)
),

by_currency as (
    select
        report_id,
        report_date,
        version,
        status,
        prepared_at,
        decided_at,
        extract_id,
        unnest(from_json(currencies, '["json"]')) as part
    from newest
)

select
    ----------  ids
    report_id,
    ----------  facts
    version,
    status,
    part ->> 'currency' as currency,
    ----------  money
    (part ->> 'owed_minor')::bigint as owed_minor,
    (part ->> 'held_minor')::bigint as held_minor,
    (part ->> 'difference_minor')::bigint as difference_minor,
    (part ->> 'unexplained_minor')::bigint as unexplained_minor,
    ----------  times
    report_date,
    prepared_at,
    decided_at,
    extract_id
from by_currency
