{{ config(materialized="incremental", unique_key=["expectation_key"], replaces_touched=true) }}
{% if is_incremental() %}{{ touch_matches() }}{% endif %}

with

items as (
    select * from {{ ref("int_reconciled") }}
    where
        len(line_ids) > 0
        and kind is distinct from 'ambiguous'
        {% if is_incremental() %}and extract_id > {{ last_extract_id() }}{% endif %}
)

select
    ----------  ids
    unnest(expectation_keys) as expectation_key,
    line_ids,
    ----------  facts
    leg,
    list_position(
        ['by_hand', 'our_reference', 'provider_id', 'same_amount', 'same_words'], rule
    ) - 1 as tier,
    rule,
    rule <> 'by_hand' as is_automatic,
    kind,
    currency,
    ----------  money
    expected_minor,
    actual_minor,
    ----------  times
    booked_at,
    extract_id
from items
where len(expectation_keys) > 0
