-- What is wrong now and was not decided on. A thing not found is wrong from the moment on when it
-- was due; now is the moment that was extracted, not that of building. What was decided on stands
-- for as long as the amounts do.
with

items as (
    select
        *,
        concat_ws('|', leg, kind, item_key) as break_key
    from {{ ref("int_reconciled") }}
    where kind is not null
),

decided as (
    select * from {{ ref("stg_reconciliation__resolutions") }}
),

reporting as (
    select * from {{ ref("int_reporting") }}
)

select
    item_key,
    break_key,
    leg,
    kind,
    counterpart,
    pool,
    movement,
    our_reference,
    external_reference,
    expectation_keys,
    line_ids,
    rule,
    currency,
    actual_currency,
    expected_minor,
    actual_minor,
    occurred_at,
    booked_at,
    due_at
from items
where
    (break_key, expected_minor, actual_minor) not in (
        select (decided.break_key, decided.expected_minor, decided.actual_minor) from decided
    )
    and (
        kind <> 'missing_external'
        or (leg, counterpart) in (select (reporting.leg, reporting.counterpart) from reporting)
        and due_at <= (
            select max(extracts.as_of) from {{ source("raw", "extracts") }} as extracts
            where extracts.source = 'operational_db'
        )
    )
