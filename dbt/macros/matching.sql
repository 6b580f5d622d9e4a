{#
    Matching without a key. First the same amount in the same place within the days of the leg; then,
    where both sides say who pays, an amount within tolerance. A pair counts only if neither of the
    two has another candidate: between equals a person decides, and what has equals is not looked at
    again with a wider tolerance.

    Both relations have leg, pool, movement, currency and words; expectations have expectation_key,
    expected_minor and occurred_at, lines have line_id, actual_minor and booked_at.
#}
{% macro guessed_pairs(expectations, lines, rules) %}
    select * from (
        with
        same_amount as (
            select
                e.expectation_key,
                l.line_id
            from {{ expectations }} as e
            inner join {{ lines }} as l
                on
                    e.leg = l.leg
                    and e.pool = l.pool
                    and e.movement = l.movement
                    and e.currency = l.currency
                    and e.expected_minor = l.actual_minor
            inner join {{ rules }} as r on e.leg = r.leg
            where
                {{ is_within_days("l.booked_at", "e.occurred_at") }}
                and coalesce({{ is_same_party("e.words", "l.words") }}, true)
        ),

        same_words as (
            select
                e.expectation_key,
                l.line_id
            from {{ expectations }} as e
            inner join {{ lines }} as l
                on
                    e.leg = l.leg
                    and e.pool = l.pool
                    and e.movement = l.movement
                    and e.currency = l.currency
                    and left(e.words, 3) = left(l.words, 3)
            inner join {{ rules }} as r on e.leg = r.leg
            where
                {{ is_within_days("l.booked_at", "e.occurred_at") }}
                and {{ is_same_party("e.words", "l.words") }}
                and abs(l.actual_minor - e.expected_minor) * 1000
                <= abs(e.expected_minor) * r.tolerance_permille
                and e.expectation_key not in (select s.expectation_key from same_amount as s)
                and l.line_id not in (select s.line_id from same_amount as s)
        ),

        pairs as (
            select *, 'same_amount' as rule from same_amount
            union all
            select *, 'same_words' as rule from same_words
        )

        select
            *,
            count(*) over (partition by expectation_key) = 1
            and count(*) over (partition by line_id) = 1 as is_sole
        from pairs
    )
{% endmacro %}

{# In microseconds: days of a calendar are dear by the million. #}
{% macro is_within_days(booked_at, occurred_at) -%}
    epoch_us({{ booked_at }}) - epoch_us({{ occurred_at }})
    between -86400000000 * r.days_before and 86400000000 * r.days_after
{%- endmacro %}
