{#
    What a bank's text says of who pays: upper case, without words that any transfer has, without
    numbers and codes. Banks cut texts off, so the last word may be the beginning of such a word.
#}
{% macro telling_words(told, uninformative) -%}
    nullif(
        array_to_string(
            list_filter(
                regexp_split_to_array(trim(upper({{ told }})), '[^\pL\pN''.-]+'),
                lambda word: word <> ''
                    and not regexp_matches(word, '[0-9]')
                    and not list_contains({{ uninformative }}, word)
                    and not (
                        length(word) > 1
                        and ends_with(trim(upper({{ told }})), word)
                        and list_bool_or(
                            list_transform(
                                {{ uninformative }}, lambda known: starts_with(known, word)
                            )
                        )
                    )
            ),
            ' '
        ),
        ''
    )
{%- endmacro %}

{# One text is the other's beginning. #}
{% macro is_same_party(words, others) -%}
    (starts_with({{ words }}, {{ others }}) or starts_with({{ others }}, {{ words }}))
{%- endmacro %}
