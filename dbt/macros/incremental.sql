{# The newest arrival this model has seen: raw rows carry the number of the arrival they came with. #}
{% macro last_extract_id() -%}
    {{ _number("select coalesce(max(extract_id), 0) from " ~ this) }}
{%- endmacro %}

{# Since which day rates have changed, as SQL: a later day is priced by the rate published before. #}
{% macro is_repriced(day) -%}
    {% set since = _number(
        "select coalesce(min(rate_date), date '9999-12-31')::varchar from " ~ ref("int_usd_rates")
        ~ " where extract_id > " ~ last_extract_id()
    ) -%}
    {{ "false" if since.startswith("9999") else day ~ " > date '" ~ since ~ "'" }}
{%- endmacro %}

{# Rows up to this arrival passed every check before. #}
{% macro published_extract_id() -%}
    {{ _number("select coalesce(max(extract_id), 0) from " ~ source("raw", "published")) }}
{%- endmacro %}

{#
    Asked before the model runs, so that its own SQL holds a literal: the files of the lake carry the
    least and the greatest of each column, and a literal leaves most of them unopened.
#}
{% macro _number(question) -%}
    {{ run_query(question).columns[0].values()[0] if execute else 0 }}
{%- endmacro %}

{# The number of the newest arrival at all. #}
{% macro newest_extract_id() -%}
    {{ _number("select coalesce(max(extract_id), 0) from " ~ source("raw", "extracts")) }}
{%- endmacro %}
