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
