-- Bookings of bank statements, with all their texts as one. Reports within the day (camt.052) and
-- notifications (camt.054) tell the same bookings a second time and are left out.
with

statements as (
    select * from {{ source("raw", "bank__statements") }}
    where message_type in ('camt.053', 'mt940')
),

texts as (
    select
        file_name,
        statement_no,
        entry_no,
        string_agg(
            concat_ws(
                ' ',
                debtor_name,
                creditor_name,
                end_to_end_id,
                instruction_id,
                list_aggregate(remittance, 'string_agg', ' '),
                list_aggregate(creditor_references, 'string_agg', ' '),
                additional_information
            ),
            ' ' order by detail_no
        ) as told
    from {{ source("raw", "bank__entry_details") }}
    group by all
)

select
    ----------  ids
    entries.file_name || '#' || entries.statement_no || '.' || entries.entry_no as line_id,
    statements.account,
    ----------  facts
    entries.currency,
    concat_ws(
        ' ',
        texts.told,
        entries.customer_reference,
        entries.entry_reference,
        entries.additional_information
    ) as told,
    entries.transaction_subfamily,
    ----------  money
    entries.amount_minor,
    ----------  times
    coalesce(entries.value_date, entries.booking_date, entries.booked_at::date)::timestamptz
        as booked_at,
    ----------  source
    entries.file_name,
    entries.entry_no as line_no,
    entries.extract_id
from {{ source("raw", "bank__entries") }} as entries
inner join statements using (file_name, statement_no)
left join texts using (file_name, statement_no, entry_no)
where entries.status = 'BOOK'
