-- What the books say must show up elsewhere: each posting against a provider in its report, each
-- payout of a provider on a bank statement, each transfer among the server's deals.
{{ config(materialized="incremental", unique_key=["expectation_key"]) }}
{% set since = last_extract_id() if is_incremental() else -1 %}
with

payments as (
    select * from {{ ref("stg_payments__payments") }}
),

failed_captures as (
    select
        our_reference,
        extract_id
    from {{ ref("stg_ledger__journals") }}
    where journal_kind = 'capture_failed'
),

journals as (
    select * from {{ ref("stg_ledger__journals") }}
    where
        is_with_provider
        and (
            extract_id > {{ since }}
            or our_reference in (
                select payments.payment_reference from payments
                where payments.extract_id > {{ since }}
            )
        )
),

clearing as (
    select * from {{ ref("stg_ledger__accounts") }}
    where account_code like 'psp:%'
),

postings as (
    select
        journals.*,
        split_part(clearing.account_code, ':', 2) as counterpart,
        entries.currency,
        -entries.amount_minor as expected_minor
    from journals
    inner join {{ ref("stg_ledger__entries") }} as entries using (journal_id)
    inner join clearing on entries.account_id = clearing.account_id
),

of_providers as (
    select
        postings.op_key as expectation_key,
        'psp_line' as leg,
        postings.counterpart,
        case postings.journal_kind
            when 'payout' then 'refund'
            when 'payout_returned' then 'refund_failed'
            else postings.journal_kind
        end as movement,
        postings.counterpart as pool,
        postings.our_reference,
        -- A refund carries its payment's reference, as others of the same payment do.
        postings.journal_kind in ('deposit', 'payout') as is_named_alone,
        if(
            postings.journal_kind = 'deposit',
            payments.psp_payment_id,
            regexp_extract(postings.op_key, '^[^:]+:[^:]+:(.+)$', 1)
        ) as external_reference,
        null::varchar as words,
        postings.currency,
        postings.expected_minor,
        postings.effective_at as occurred_at,
        failed_captures.our_reference is not null as is_void,
        greatest(
            postings.extract_id,
            coalesce(payments.extract_id, 0),
            coalesce(failed_captures.extract_id, 0)
        ) as extract_id
    from postings
    left join payments on postings.our_reference = payments.payment_reference
    left join failed_captures
        on
            postings.our_reference = failed_captures.our_reference
            and postings.journal_kind = 'deposit'
),

expected as (
    select * from of_providers
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
    nullif(expected.external_reference, '') as external_reference,
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
