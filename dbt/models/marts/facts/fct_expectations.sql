-- What the books say must show up elsewhere: each posting against a provider in its report, each
-- payout of a provider on a bank statement, each transfer among the server's deals.
{{ config(materialized="incremental", unique_key=["expectation_key"]) }}
{% set since = last_extract_id() if is_incremental() else -1 %}
with

postings as (
    {{ postings_expected(since) }}
),

expected as (
    select * from postings
    union all by name
    select * from {{ ref("int_payouts_expected") }}
    where extract_id > {{ since }}
    union all by name
    select * from {{ ref("int_transfers_expected") }}
    where extract_id > {{ since }}
)

select
    ----------  ids
    expected.expectation_key,
    expected.our_reference,
    expected.external_reference,
    ----------  facts
    expected.leg,
    expected.counterpart,
    expected.movement,
    expected.pool,
    expected.words,
    expected.currency,
    expected.is_named_alone,
    expected.is_void,
    ----------  money
    expected.expected_minor,
    ----------  times
    expected.occurred_at,
    expected.occurred_at + to_days(coalesce(own.due_days, usual.due_days)) as due_at,
    expected.extract_id
from expected
left join {{ ref("reconciliation_rules") }} as own using (leg, counterpart)
left join {{ ref("reconciliation_rules") }} as usual
    on expected.leg = usual.leg and usual.counterpart = '*'
