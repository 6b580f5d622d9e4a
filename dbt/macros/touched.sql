{#
    What a pass replaces, named in a temporary table before the model runs. A changed deal may leave
    a position, or leave the trades altogether: the rows of its former place come no more, so a key
    of the new rows alone would leave them standing. A first version has no former place.
#}

{# Positions, with the arrival that touched each: its rows are news even if none of its deals is. #}
{% macro touch_positions() %}
    {% set since = last_extract_id() %}
    {% call _touch() %}
        select platform, server, position, max(extract_id) as extract_id
        from (
            select platform, server, position, extract_id
            from {{ ref("stg_platform__deals") }}
            where is_trade and (extract_id > {{ since }} or {{ is_repriced("executed_at::date") }})
            union all
            select former.platform, former.server, former.position, changed.extract_id
            from {{ ref("stg_platform__deal_versions") }} as former
            inner join (
                {{ _changed_deals(since) }}
            ) as changed using (platform, server, deal)
            union all
            select deals.platform, deals.server, deals.position, accounts.extract_id
            from {{ ref("stg_platform__deals") }} as deals
            inner join {{ ref("int_accounts_owned") }} as accounts using (platform, server, login)
            where deals.is_trade and accounts.extract_id > {{ since }}
        )
        group by all
    {% endcall %}
{% endmacro %}

{# Deals that may have been trades and are none now. #}
{% macro touch_deals() %}
    {% call _touch() %}
        {{ _changed_deals(last_extract_id()) }}
    {% endcall %}
{% endmacro %}

{% macro _changed_deals(since) %}
    select platform, server, deal, max(extract_id) as extract_id
    from {{ ref("stg_platform__deal_versions") }}
    where version > 1 and extract_id > {{ since }}
    group by all
{% endmacro %}

{% macro _touch() %}
    {% if execute %}
        {% do run_query("create or replace temp table touched as " ~ caller()) %}
    {% endif %}
{% endmacro %}

{#
    Items that may come out otherwise than before: all that is not settled by a key, and what new
    expectations and lines speak of. `concerned_expectations` and `concerned_lines` name their rows.
#}
{% macro touch_items() %}
    {% set since = last_extract_id() %}
    {% set news = "(select * from " ~ ref("fct_expectations") ~ " where extract_id > " ~ since ~ ")" %}
    {% set arrived = "(select * from " ~ ref("int_lines") ~ " where extract_id > " ~ since ~ ")" %}
    {{ _name_rows("concerned_expectations", "expectation_key", ref("fct_expectations"), since, arrived) }}
    {{ _name_rows("concerned_lines", "line_id", ref("int_lines"), since, news) }}
    {% call _touch() %}
        with
        by_expectation as (select item_key, unnest(expectation_keys) as row_key from {{ this }}),
        by_line as (select item_key, unnest(line_ids) as row_key from {{ this }})
        select item_key, expectation_keys, line_ids
        from {{ this }}
        where
            kind is not null
            or rule in ('same_amount', 'same_words')
            or item_key in (
                select item_key from by_expectation where row_key in (from concerned_expectations)
            )
            or item_key in (select item_key from by_line where row_key in (from concerned_lines))
    {% endcall %}
    {% if execute %}
        {% do run_query(
            "insert into concerned_expectations select distinct unnest(expectation_keys) from touched"
        ) %}
        {% do run_query("insert into concerned_lines select distinct unnest(line_ids) from touched") %}
    {% endif %}
{% endmacro %}

{# Rows that are new, and rows that carry a key of what is new on the other side. #}
{% macro _name_rows(table, key, rows, since, others) %}
    {% if execute %}
        {% do run_query(
            "create or replace temp table " ~ table ~ " as select " ~ key ~ " from " ~ rows
            ~ " where extract_id > " ~ since
            ~ " or our_reference in (select our_reference from " ~ others ~ ")"
            ~ " or external_reference in (select external_reference from " ~ others ~ ")"
            ~ " or " ~ key ~ " in (select " ~ key ~ " from " ~ ref("stg_reconciliation__matched_lines")
            ~ " where extract_id > " ~ since ~ ")"
        ) %}
    {% endif %}
{% endmacro %}

{# Expectations whose item was made anew, matched or not. #}
{% macro touch_matches() %}
    {% call _touch() %}
        select distinct unnest(expectation_keys) as expectation_key
        from {{ ref("int_reconciled") }}
        where extract_id > {{ last_extract_id() }}
    {% endcall %}
{% endmacro %}
