{#
    Fails if a key stands on two rows. Looks at keys of rows that arrived since the last publication,
    against the whole table, so its cost grows with the change.
#}
{% test unique_key(model, columns) %}
    {{ config(where="true") }}
    {% set key = columns | join(", ") %}
    with
    fresh as (
        select distinct {{ key }} from {{ model }} where extract_id > {{ published_extract_id() }}
    )
    select
        {{ key }},
        count(*) as row_count
    from {{ model }}
    semi join fresh using ({{ key }})
    group by {{ key }}
    having count(*) > 1
{% endtest %}
