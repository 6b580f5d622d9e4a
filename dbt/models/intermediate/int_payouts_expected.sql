-- What providers say they paid to our bank. Stripe names the payout on each of its movements and
-- lists none of its own; the others close a batch with a line of the payout.
with

lines as (
    select * from {{ ref("stg_psp__lines") }}
),

payouts as (
    select
        psp,
        batch,
        payout_reference,
        net_currency as currency,
        sum(net_minor)::bigint as paid_minor,
        max(paid_at) as paid_at,
        max(extract_id) as extract_id
    from lines
    where psp = 'stripe' and movement <> 'settlement'
    group by all
    union all
    select
        psp,
        batch,
        payout_reference,
        net_currency as currency,
        -net_minor as paid_minor,
        paid_at,
        extract_id
    from lines
    where psp <> 'stripe' and movement = 'settlement'
)

select
    concat_ws('/', 'settlement:' || psp, batch, payout_reference, currency) as expectation_key,
    'bank_line' as leg,
    psp as counterpart,
    'booking' as movement,
    'bank' as pool,
    -- Banks show the first word of it, such as TX00000012XT.
    regexp_extract(payout_reference, '\S+') as our_reference,
    true as is_named_alone,
    batch as external_reference,
    upper(psp) as words,
    currency,
    paid_minor as expected_minor,
    paid_at as occurred_at,
    paid_minor = 0 as is_void,
    extract_id
from payouts
