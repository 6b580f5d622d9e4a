-- Built whole: a break comes about by the passing of time alone. Reads what is not settled, which
-- is little.
{{ config(materialized="table") }}

with

broken as (
    select * from {{ ref("int_broken") }}
),

broken_lines as (
    select
        item_key,
        unnest(line_ids) as line_id
    from broken
),

outside as (
    select * from {{ ref("int_lines") }}
),

shown as (
    select
        broken_lines.item_key,
        outside.line_id,
        {
            'line_id': outside.line_id,
            'source': outside.file_name,
            'row': outside.line_no,
            'amount_minor': outside.actual_minor,
            'currency': outside.currency,
            'booked_at': outside.booked_at
        } as described
    from outside
    inner join broken_lines on outside.line_id = broken_lines.line_id
),

shown_by_item as (
    select
        item_key,
        list(described order by line_id) as described
    from shown
    group by item_key
),

-- Lines nobody expects that could be what is missing, for a person to choose from.
candidates as (
    select
        missing.item_key,
        list(shown.described order by shown.line_id) as candidates
    from broken as missing
    inner join broken as unexpected
        on
            missing.pool = unexpected.pool
            and missing.currency = unexpected.currency
            and missing.expected_minor = unexpected.actual_minor
            and unexpected.kind in ('missing_internal', 'status_mismatch')
    inner join shown on unexpected.item_key = shown.item_key
    where missing.kind = 'missing_external'
    group by missing.item_key
)

select
    ----------  ids
    broken.break_key,
    broken.our_reference,
    broken.external_reference,
    ----------  facts
    broken.leg,
    broken.kind,
    broken.counterpart,
    broken.movement,
    broken.currency,
    broken.actual_currency,
    if(broken.leg = 'bank_line' and broken.kind = 'missing_external', 'critical', kinds.severity)
        as severity,
    ----------  money
    broken.expected_minor,
    broken.actual_minor,
    if(
        broken.currency = broken.actual_currency,
        broken.actual_minor,
        0
    ) - broken.expected_minor as difference_minor,
    ----------  times
    broken.occurred_at,
    broken.due_at,
    ----------  evidence
    to_json({
        'expectations': broken.expectation_keys,
        'lines': coalesce(shown_by_item.described, []),
        'candidates': coalesce(
            if(broken.kind = 'ambiguous', shown_by_item.described, candidates.candidates),
            []
        ),
        'rule': broken.rule,
        'pool': broken.pool,
        'booked_at': broken.booked_at
    })::varchar as details
from broken
inner join {{ ref("break_kinds") }} as kinds on broken.kind = kinds.kind
left join shown_by_item on broken.item_key = shown_by_item.item_key
left join candidates on broken.item_key = candidates.item_key
