{# Whole numbers only: DuckDB's `/` and `avg` answer with floats. #}

{# Integer division, rounded half to even, as operational.kit.money rounds. #}
{% macro divide_half_even(dividend, divisor) -%}
    (
        sign({{ dividend }})::hugeint * (
            abs({{ dividend }}) // {{ divisor }}
            + case
                when 2 * (abs({{ dividend }}) % {{ divisor }}) > {{ divisor }} then 1
                when 2 * (abs({{ dividend }}) % {{ divisor }}) = {{ divisor }}
                    then (abs({{ dividend }}) // {{ divisor }}) % 2
                else 0
            end
        )
    )::bigint
{%- endmacro %}

{# Minor units in US cents, at a row of int_usd_rates joined as `rates`; null without a rate. #}
{% macro usd_minor(amount_minor) -%}
    {{ divide_half_even(
        "(" ~ amount_minor ~ "::hugeint * rates.cents_dividend)", "rates.cents_divisor"
    ) }}
{%- endmacro %}

{# What one step bears of a total: the share of all `done` so far less that of all before it. The
   steps of a whole so add up to the total, and the last one bears what divisions left over. #}
{% macro share_of_step(total, step, done, whole) -%}
    coalesce(
        {{ total }}::hugeint * least({{ done }}, {{ whole }}) // {{ whole }}
        - {{ total }}::hugeint * least({{ done }} - {{ step }}, {{ whole }}) // {{ whole }},
        0
    )::bigint
{%- endmacro %}

{# The other way round: no digit of it is lost. #}
{% macro whole_e8(units) -%}
    ({{ units }} * 100000000)::hugeint
{%- endmacro %}

{# 1/100,000,000 units as an exact decimal, without a division. #}
{% macro from_e8(whole) -%}
    ({{ whole }}::decimal(18, 0) * 0.00000001::decimal(8, 8))::decimal(18, 8)
{%- endmacro %}
