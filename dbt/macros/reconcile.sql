{#
    Which expectation a line speaks of: what a person said, or else the keys it carries: our
    reference, then the provider's id of the payment. Where the two disagree the provider's id decides, and the reference was wrong.
    One row per line; without an expectation where no key is known to us.
#}
{% macro paired_by_key(expectations, lines, chosen) %}
    select * from (
        with
        by_hand as (
            select
                c.line_id,
                c.expectation_key
            from {{ chosen }} as c
            semi join {{ expectations }} as e on c.expectation_key = e.expectation_key
        ),

        named as (
            select
                l.*,
                e.expectation_key,
                (l.external_reference = e.external_reference) is not false as is_agreed
            from {{ lines }} as l
            left join {{ expectations }} as e
                on
                    l.our_reference = e.our_reference
                    and l.movement = e.movement
                    and l.leg = e.leg
                    and e.is_named_alone
            where l.line_id not in (select h.line_id from by_hand as h)
        ),

        doubtful as (
            select * from named
            where expectation_key is null or not is_agreed
        )

        select
            l.*,
            h.expectation_key,
            'by_hand' as rule,
            false as is_misnamed
        from by_hand as h
        inner join {{ lines }} as l on h.line_id = l.line_id
        union all
        select
            * exclude (is_agreed),
            'our_reference' as rule,
            false as is_misnamed
        from named
        where expectation_key is not null and is_agreed
        union all
        select
            d.* exclude (is_agreed) replace (coalesce(e.expectation_key, d.expectation_key) as expectation_key),
            if(e.expectation_key is null, 'our_reference', 'provider_id') as rule,
            coalesce(d.our_reference <> e.our_reference, d.expectation_key is not null) as is_misnamed
        from doubtful as d
        left join {{ expectations }} as e
            on
                d.external_reference = e.external_reference
                and d.movement = e.movement
                and d.pool = e.pool
                and d.leg = e.leg
    )
{% endmacro %}

{# Everything that could be meant by one another, under one name. Each side has exactly one. #}
{% macro entangled(pairs) %}
    select * from (
        with
        by_expectation as (
            select
                expectation_key,
                min(line_id) as first_line
            from {{ pairs }}
            where not is_sole
            group by expectation_key
        ),

        by_line as (
            select
                p.line_id,
                min(b.first_line) as knot
            from {{ pairs }} as p
            inner join by_expectation as b using (expectation_key)
            group by p.line_id
        )

        select
            b.expectation_key,
            null as line_id,
            l.knot
        from by_expectation as b
        inner join by_line as l on b.first_line = l.line_id
        union all
        select
            null as expectation_key,
            line_id,
            knot
        from by_line
    )
{% endmacro %}

{#
    What is wrong between one expectation and what was found of it; nothing if both agree. `i` is the
    item, `r` the rules of its leg.
#}
{% macro kind_of_break() -%}
    case
        when i.rule = 'by_hand' then null
        when i.line_count = 0 then 'missing_external'
        when i.expectation_count = 0
            then if(i.is_of_failed_payment, 'status_mismatch', 'missing_internal')
        when i.is_knot then 'ambiguous'
        when i.currency <> i.actual_currency then 'currency_mismatch'
        when i.expectation_count > 1
            then if(r.is_split_expected, null, 'merged_mismatch')
        when i.line_count > 1 and i.actual_minor = i.expected_minor
            then if(r.is_split_expected, null, 'split_mismatch')
        when i.line_count > 1 and i.least_minor = i.expected_minor
            and i.greatest_minor = i.expected_minor then 'duplicate'
        when i.actual_minor = -i.expected_minor then 'sign_mismatch'
        when i.actual_minor <> i.expected_minor
            then case
                when abs(i.actual_minor - i.expected_minor) <= r.tolerance_minor then null
                when i.fee_minor > 0 and i.actual_minor + i.fee_minor = i.expected_minor
                    then 'fee_variance'
                when abs(i.actual_minor) > abs(i.expected_minor) then 'amount_over'
                else 'amount_under'
            end
        when i.is_misnamed then 'reference_mismatch'
        when not {{ is_within_days("i.booked_at", "i.occurred_at") }}
            then if(
                i.movement not in ('deposit', 'booking', 'transfer')
                and date_trunc('month', i.booked_at) <> date_trunc('month', i.occurred_at),
                'period_crossing',
                'timing'
            )
    end
{%- endmacro %}

{# What was found of each expectation, as one. #}
{% macro summed(pairs) %}
    select
        expectation_key,
        list_sort(list(line_id)) as line_ids,
        count(*) as line_count,
        sum(actual_minor)::bigint as actual_minor,
        min(actual_minor) as least_minor,
        max(actual_minor) as greatest_minor,
        sum(fee_minor)::bigint as fee_minor,
        if(min(currency) = max(currency), min(currency), 'several') as actual_currency,
        max(booked_at) as booked_at,
        min(rule) as rule,
        bool_or(is_misnamed) as is_misnamed
    from ({{ pairs }})
    group by expectation_key
{% endmacro %}

{#
    One item per expectation with what was found of it. An amount that is too large by exactly what
    one other expectation of the same days lacks is of both, if no third comes into question.
#}
{% macro items_found(expectations, found, rules) %}
    select * from (
        with
        single as (
            select
                e.*,
                coalesce(f.line_ids, []) as line_ids,
                coalesce(f.line_count, 0) as line_count,
                coalesce(f.actual_minor, 0) as actual_minor,
                f.least_minor,
                f.greatest_minor,
                f.fee_minor,
                f.actual_currency,
                f.booked_at,
                f.rule,
                f.is_misnamed
            from {{ expectations }} as e
            left join {{ found }} as f using (expectation_key)
            where e.expectation_key not in (
                select k.expectation_key from knots as k where k.expectation_key is not null
            )
        ),

        larger as (
            select * from single
            where line_count > 0 and actual_minor <> expected_minor and currency = actual_currency
        ),

        lacking as (
            select * from single
            where line_count = 0
        ),

        merged as (
            select
                larger.expectation_key,
                lacking.expectation_key as other_key,
                lacking.expected_minor as other_minor
            from larger
            inner join lacking
                on
                    larger.leg = lacking.leg
                    and larger.pool = lacking.pool
                    and larger.movement = lacking.movement
                    and larger.currency = lacking.currency
                    and larger.actual_minor - larger.expected_minor = lacking.expected_minor
            inner join {{ rules }} as r on larger.leg = r.leg
            where
                abs(date_diff('day', larger.occurred_at, lacking.occurred_at)) <= r.days_after
            qualify
                count(*) over (partition by larger.expectation_key) = 1
                and count(*) over (partition by lacking.expectation_key) = 1
        )

        select
            single.* exclude (expectation_key, expected_minor),
            single.expectation_key as item_key,
            if(
                merged.other_key is null,
                [single.expectation_key],
                [single.expectation_key, merged.other_key]
            ) as expectation_keys,
            len(expectation_keys) as expectation_count,
            single.expected_minor + coalesce(merged.other_minor, 0) as expected_minor,
            false as is_knot
        from single
        left join merged using (expectation_key)
        where single.expectation_key not in (select m.other_key from merged as m)
    )
{% endmacro %}

{# One item per knot of equal candidates. #}
{% macro items_entangled(knots, expectations, lines) %}
    select
        'knot:' || k.knot as item_key,
        list_sort(
            list(k.expectation_key) filter (k.expectation_key is not null)
        ) as expectation_keys,
        list_sort(list(k.line_id) filter (k.line_id is not null)) as line_ids,
        count(k.expectation_key) as expectation_count,
        count(k.line_id) as line_count,
        min(coalesce(e.leg, l.leg)) as leg,
        min(coalesce(e.counterpart, l.counterpart)) as counterpart,
        min(coalesce(e.pool, l.pool)) as pool,
        min(coalesce(e.movement, l.movement)) as movement,
        min(coalesce(e.currency, l.currency)) as currency,
        min(coalesce(e.currency, l.currency)) as actual_currency,
        sum(coalesce(e.expected_minor, 0))::bigint as expected_minor,
        sum(coalesce(l.actual_minor, 0))::bigint as actual_minor,
        min(coalesce(e.occurred_at, l.booked_at)) as occurred_at,
        min(l.booked_at) as booked_at,
        max(coalesce(e.due_at, l.booked_at)) as due_at,
        true as is_knot
    from {{ knots }} as k
    left join {{ expectations }} as e on k.expectation_key = e.expectation_key
    left join {{ lines }} as l on k.line_id = l.line_id
    group by k.knot
{% endmacro %}

{# One item per line that nobody expects. #}
{% macro items_unexpected(open_lines, guessed) %}
    select
        'line:' || o.line_id as item_key,
        []::varchar[] as expectation_keys,
        [o.line_id] as line_ids,
        0 as expectation_count,
        1 as line_count,
        o.leg,
        o.counterpart,
        o.pool,
        o.movement,
        o.our_reference,
        o.external_reference,
        o.currency,
        o.currency as actual_currency,
        0 as expected_minor,
        o.actual_minor,
        o.booked_at as occurred_at,
        o.booked_at,
        o.booked_at as due_at,
        false as is_knot,
        coalesce(
            o.our_reference in (
                select p.payment_reference from {{ ref("stg_payments__payments") }} as p
                where p.status in ('created', 'pending', 'authorised', 'failed')
            ),
            false
        ) as is_of_failed_payment
    from {{ open_lines }} as o
    where o.line_id not in (select g.line_id from {{ guessed }} as g)
{% endmacro %}

{#
    What needs no second look: one line under our reference, the same amount on a day of its leg, and
    no other line that could be of it. All but a few are so, and the rest is judged by itself.
#}
{% macro plainly_settled(expectations, lines, chosen, rules) %}
    select * from (
        with
        named as (
            select
                e.expectation_key,
                l.line_id,
                e.our_reference,
                e.external_reference,
                e.leg,
                e.counterpart,
                e.movement,
                e.pool,
                e.currency,
                e.expected_minor,
                e.occurred_at,
                e.due_at,
                l.booked_at,
                l.currency = e.currency
                and l.actual_minor = e.expected_minor
                and (l.external_reference = e.external_reference) is not false
                and {{ is_within_days("l.booked_at", "e.occurred_at") }} as is_plain
            from {{ lines }} as l
            inner join {{ expectations }} as e
                on
                    l.our_reference = e.our_reference
                    and l.movement = e.movement
                    and l.leg = e.leg
                    and e.is_named_alone
            inner join {{ rules }} as r on l.leg = r.leg
        ),

        repeated as (
            select expectation_key from named
            group by expectation_key
            having count(*) > 1
        ),

        unnamed as (
            select external_reference from {{ lines }}
            where line_id not in (select n.line_id from named as n) and external_reference is not null
        )

        select * exclude (is_plain) from named
        where
            is_plain
            and expectation_key not in (select r.expectation_key from repeated as r)
            and expectation_key not in (select c.expectation_key from {{ chosen }} as c)
            and line_id not in (select c.line_id from {{ chosen }} as c)
            and (
                external_reference is null
                or external_reference not in (select u.external_reference from unnamed as u)
            )
    )
{% endmacro %}

{# One item per pair that is plainly settled. #}
{% macro items_plain(plain) %}
    select
        expectation_key as item_key,
        [expectation_key] as expectation_keys,
        [line_id] as line_ids,
        * exclude (expectation_key, line_id),
        currency as actual_currency,
        expected_minor as actual_minor,
        'our_reference' as rule,
        {{ newest_extract_id() }}::bigint as extract_id
    from {{ plain }}
{% endmacro %}
