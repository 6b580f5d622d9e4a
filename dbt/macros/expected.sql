{#
    Postings against a provider's clearing account since an arrival, as what must show up at the
    provider or, where the bank itself is the provider, on its statement. A deposit may arrive in
    pieces, and a refund carries its payment's reference as others of the same payment do: those are
    told apart by the provider's id alone.
#}
{% macro postings_expected(since) %}
    with
    payments as (
        select * from {{ ref("stg_payments__payments") }}
    ),

    payouts as (
        select * from {{ ref("stg_payments__payouts") }}
    ),

    failed_captures as (
        select
            our_reference,
            extract_id
        from {{ ref("stg_ledger__journals") }}
        where journal_kind = 'capture_failed'
    ),

    clearing as (
        select * from {{ ref("stg_ledger__accounts") }}
        where account_code like 'psp:%'
    ),

    banks as (
        select counterpart from {{ ref("reconciliation_rules") }}
        where leg = 'bank_line' and counterpart <> '*'
    ),

    journals as (
        select
            *,
            nullif(regexp_extract(op_key, '^[^:]+:[^:]+:(.+)$', 1), '') as operation_id
        from {{ ref("stg_ledger__journals") }}
        where
            is_with_provider
            and (
                extract_id > {{ since }}
                or our_reference in (
                    select p.payment_reference from payments as p where p.extract_id > {{ since }}
                    union all
                    select p.payout_reference from payouts as p where p.extract_id > {{ since }}
                )
            )
    ),

    postings as (
        select
            journals.*,
            split_part(clearing.account_code, ':', 2) as counterpart,
            counterpart in (select banks.counterpart from banks) as is_at_bank,
            entries.currency,
            -entries.amount_minor as expected_minor
        from journals
        inner join {{ ref("stg_ledger__entries") }} as entries using (journal_id)
        inner join clearing on entries.account_id = clearing.account_id
    )

    select
        p.op_key as expectation_key,
        if(p.is_at_bank, 'bank_line', 'psp_line') as leg,
        p.counterpart,
        case
            when p.is_at_bank then 'booking'
            when p.journal_kind = 'payout' then 'refund'
            when p.journal_kind = 'payout_returned' then 'refund_failed'
            else p.journal_kind
        end as movement,
        if(p.is_at_bank, 'bank', p.counterpart) as pool,
        p.our_reference,
        p.journal_kind in ('deposit', 'payout') and p.operation_id is null as is_named_alone,
        case
            when p.operation_id is not null then p.operation_id
            when p.journal_kind = 'deposit' then payments.psp_payment_id
            when p.journal_kind = 'payout' then payouts.psp_payout_id
        end as external_reference,
        null::varchar as words,
        p.currency,
        p.expected_minor,
        p.effective_at as occurred_at,
        failed_captures.our_reference is not null as is_void,
        greatest(
            p.extract_id,
            coalesce(payments.extract_id, 0),
            coalesce(payouts.extract_id, 0),
            coalesce(failed_captures.extract_id, 0)
        ) as extract_id
    from postings as p
    left join payments on p.our_reference = payments.payment_reference
    left join payouts on p.our_reference = payouts.payout_reference
    left join failed_captures
        on p.our_reference = failed_captures.our_reference and p.journal_kind = 'deposit'
{% endmacro %}
