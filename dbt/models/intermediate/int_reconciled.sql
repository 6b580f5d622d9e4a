-- Every expectation and every line, once: what belongs together, how it was found, what is wrong.
{{ config(materialized="incremental", unique_key=["item_key"], replaces_touched=true) }}
{% if is_incremental() %}{{ touch_items() }}{% endif %}
with

rules as (
    select * from {{ ref("reconciliation_rules") }}
    where counterpart = '*'
),

all_expectations as (
    select * from {{ ref("fct_expectations") }}
    where
        not is_void
        {% if is_incremental() %}and expectation_key in (from concerned_expectations){% endif %}
),

all_lines as (
    select * from {{ ref("int_lines") }}
    where
        not is_void
        {% if is_incremental() %}and line_id in (from concerned_lines){% endif %}
),

chosen as (
    select * from {{ ref("stg_reconciliation__matched_lines") }}
),

plain as (
    {{ plainly_settled("all_expectations", "all_lines", "chosen", "rules") }}
),

expectations as (
    select * from all_expectations
    where expectation_key not in (select plain.expectation_key from plain)
),

lines as (
    select * from all_lines
    where line_id not in (select plain.line_id from plain)
),

keyed as (
    {{ paired_by_key("expectations", "lines", "chosen") }}
),

settled as (
    {{ summed("select * from keyed where expectation_key is not null") }}
),

open_expectations as (
    select * from expectations
    where expectation_key not in (select settled.expectation_key from settled)
),

open_lines as (
    select * from keyed
    where expectation_key is null
),

guessed as (
    {{ guessed_pairs("open_expectations", "open_lines", "rules") }}
),

knots as (
    {{ entangled("guessed") }}
),

found as (
    select * from settled
    union all by name
    {{ summed(
        "select open_lines.* replace (guessed.expectation_key as expectation_key, guessed.rule as rule) "
        ~ "from guessed inner join open_lines using (line_id) where guessed.is_sole"
    ) }}
),

items as (
    {{ items_found("expectations", "found", "rules") }}
    union all by name
    {{ items_entangled("knots", "expectations", "lines") }}
    union all by name
    {{ items_unexpected("open_lines", "guessed") }}
)

select
    ----------  ids
    i.item_key,
    i.expectation_keys,
    i.line_ids,
    i.our_reference,
    i.external_reference,
    ----------  facts
    i.leg,
    i.counterpart,
    i.pool,
    i.movement,
    i.currency,
    i.actual_currency,
    i.rule,
    {{ kind_of_break() }} as kind,
    ----------  money
    i.expected_minor,
    i.actual_minor,
    ----------  times
    i.occurred_at,
    i.booked_at,
    i.due_at,
    {{ newest_extract_id() }}::bigint as extract_id
from items as i
inner join rules as r on i.leg = r.leg
union all by name
{{ items_plain("plain") }}
