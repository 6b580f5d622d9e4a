{#
    How models are written to the lake. The adapter's own way builds under another name and renames;
    DuckLake 1.0 has been seen to write a renamed view under a schema that does not exist, after
    which nobody can attach the lake. Replacing in one transaction is also one snapshot instead of
    three, and readers are pinned to a snapshot anyway.

    While one connection of a process changes definitions and another uses the lake, DuckLake 1.0 can
    also write a table under another schema than was asked for. So definitions change only in a whole
    build, which has one thread; bringing a table up to date replaces its rows.
#}

{% materialization view, adapter="duckdb" %}
    {% set target = this.incorporate(type="view") %}
    {{ _refuse_a_new_definition(none) }}
    {{ _drop_unless(load_cached_relation(this), "view") }}
    {% call statement("main") %}
        create or replace view {{ target }} as {{ compiled_code }}
    {% endcall %}
    {% do adapter.commit() %}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}

{% materialization table, adapter="duckdb" %}
    {% set target = this.incorporate(type="table") %}
    {{ _refuse_a_new_definition(load_cached_relation(this)) }}
    {{ _drop_unless(load_cached_relation(this), "table") }}
    {% call statement("main") %}
        {% if should_full_refresh() %}
            {{ _replace(target, compiled_code) }}
        {% else %}
            delete from {{ target }};
            insert into {{ target }} by name {{ compiled_code }}
        {% endif %}
    {% endcall %}
    {% do adapter.commit() %}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}

{#
    `unique_key` is a list: every row of a key that comes again is replaced, and with
    `replaces_touched` every row of a key in `touched`, whether it comes again or not.
#}
{% materialization incremental, adapter="duckdb" %}
    {% set target = this.incorporate(type="table") %}
    {{ _refuse_a_new_definition(load_cached_relation(this)) }}
    {{ _drop_unless(load_cached_relation(this), "table") }}
    {% call statement("main") %}
        {% if is_incremental() %}
            {{ _upsert(target, compiled_code, config.require("unique_key") | join(", ")) }}
        {% else %}
            {{ _replace(target, compiled_code) }}
        {% endif %}
    {% endcall %}
    {% do adapter.commit() %}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}

{% macro _replace(target, sql) %}
    {% if config.get("contract").enforced %}
        {{ get_assert_columns_equivalent(sql) }}
        create or replace table {{ target }} {{ get_table_columns_and_constraints() }};
        insert into {{ target }} by name {{ sql }}
    {% else %}
        create or replace table {{ target }} as {{ sql }}
    {% endif %}
{% endmacro %}

{% macro _upsert(target, sql, key) %}
    create or replace temp table batch as {{ sql }};
    delete from {{ target }} where ({{ key }}) in (select ({{ key }}) from batch);
    {% if config.get("replaces_touched") %}
        delete from {{ target }} where ({{ key }}) in (select ({{ key }}) from touched);
        drop table touched;
    {% endif %}
    insert into {{ target }} by name from batch;
    drop table batch
{% endmacro %}

{# A pass that brings tables up to date runs on several threads. #}
{% macro _refuse_a_new_definition(relation) %}
    {% if not should_full_refresh() and (relation is none or relation.type != "table") %}
        {{ exceptions.raise_compiler_error(this ~ " can be made in a whole build only") }}
    {% endif %}
{% endmacro %}

{% macro _drop_unless(relation, type) %}
    {% if relation is not none and relation.type != type %}
        {% do adapter.drop_relation(relation) %}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}
