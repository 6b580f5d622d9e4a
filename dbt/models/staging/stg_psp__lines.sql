-- Every line of every report, in one shape: what moved, gross as the client sees it, net as the
-- provider's account does. Credit is positive; fees are positive when paid.
with

adyen as (
    select
        'adyen' as psp,
        line_type,
        merchant_account || '/' || batch_number as batch,
        case when line_type = 'MerchantPayout' then modification_reference end as payout_reference,
        coalesce(modification_merchant_reference, merchant_reference) as our_reference,
        if(line_type = 'Settled', psp_reference, modification_reference) as operation_id,
        gross_minor,
        gross_currency,
        coalesce(commission_minor, 0) + coalesce(markup_minor, 0) + coalesce(scheme_fee_minor, 0)
        + coalesce(interchange_minor, 0) as fee_minor,
        net_minor,
        net_currency,
        exchange_rate,
        created_at as booked_at,
        created_at as paid_at,
        file_name,
        line_no,
        extract_id
    from {{ source("raw", "psp__adyen_lines") }}
),

stripe as (
    select
        'stripe' as psp,
        reporting_category as line_type,
        payout_id as batch,
        payout_id as payout_reference,
        merchant_reference as our_reference,
        if(reporting_category in ('charge', 'payment'), payment_intent_id, source_id)
            as operation_id,
        gross_minor,
        currency as gross_currency,
        fee_minor,
        net_minor,
        currency as net_currency,
        null::decimal(28, 18) as exchange_rate,
        created_at as booked_at,
        payout_effective_at as paid_at,
        file_name,
        line_no,
        extract_id
    from {{ source("raw", "psp__stripe_lines") }}
),

paypal as (
    select
        'paypal' as psp,
        -- The first digits tell the group; in some groups money goes either way.
        if(
            left(event_code, 3) in ('T11', 'T12') or event_code = 'T0001',
            event_code,
            left(event_code, 3)
        ) as line_type,
        account || '/' || period || '/' || gross_currency as batch,
        case when event_code like 'T04%' then transaction_id end as payout_reference,
        invoice_id as our_reference,
        transaction_id as operation_id,
        gross_minor,
        gross_currency,
        fee_minor,
        net_minor,
        gross_currency as net_currency,
        null::decimal(28, 18) as exchange_rate,
        completed_at as booked_at,
        completed_at as paid_at,
        file_name,
        line_no,
        extract_id
    from {{ source("raw", "psp__paypal_lines") }}
),

lines as (
    select * from adyen
    union all
    select * from stripe
    union all
    select * from paypal
)

select
    ----------  ids
    lines.file_name || '#' || lines.line_no as line_id,
    lines.psp,
    lines.batch,
    lines.payout_reference,
    lines.our_reference,
    lines.operation_id,
    ----------  facts
    lines.line_type,
    coalesce(movements.movement, 'adjustment') as movement,
    coalesce(lines.gross_currency, lines.net_currency) as currency,
    lines.net_currency,
    lines.exchange_rate,
    ----------  money
    coalesce(lines.gross_minor, lines.net_minor) as gross_minor,
    lines.fee_minor,
    lines.net_minor,
    ----------  times
    lines.booked_at,
    lines.paid_at,
    ----------  source
    lines.file_name,
    lines.line_no,
    lines.extract_id
from lines
left join {{ ref("psp_movements") }} as movements
    on lines.psp = movements.psp and lines.line_type = movements.line_type
