"""Payments, their postings and the provider's report of them, by the hundred thousand.

Straight into the lake's raw tables, as an extract and a report would have left them. Every tenth of
a second there is one; amounts differ, so that nothing is alike by accident.
"""

import duckdb

_PAYMENTS = """
insert into lake.raw.clients__client by name
select md5('client')::uuid as id, 'C-1' as reference, 'DE' as country, 'verified' as stage,
       timestamptz '2026-01-01 00:00:00+00' as registered_at, 1 as extract_id
where not exists (from lake.raw.clients__client where id = md5('client')::uuid);
create or replace temp table paid as
select number, md5(number::varchar)::uuid as id, 'D-' || number as reference,
       'pi_' || number as psp_payment_id, 1000000 + number * 7 as amount_minor,
       timestamptz '2026-03-02 00:00:00+00' + to_milliseconds(number * 100) as paid_at
from range($first, $last) as payments (number);
insert into lake.raw.payments__payment by name
select id, reference, md5('client')::uuid as client_id, 'deposit' as direction, 'card' as method, 'stripe' as psp,
       psp_payment_id, amount_minor, 'USD' as currency, 'succeeded' as status,
       paid_at as requested_at, paid_at as succeeded_at, $extract_id as extract_id
from paid;
insert into lake.raw.ledger__account by name
select 1 as id, 'psp:stripe:USD' as code, 'asset' as kind, 'USD' as currency, false as is_cached,
       1 as extract_id
where not exists (from lake.raw.ledger__account where id = 1);
insert into lake.raw.ledger__account by name
select 2 as id, 'house:test:USD' as code, 'liability' as kind, 'USD' as currency,
       false as is_cached, 1 as extract_id
where not exists (from lake.raw.ledger__account where id = 2);
insert into lake.raw.ledger__journal by name
select number as id, 'deposit:' || id as op_key, 'deposit' as kind, paid_at as effective_at,
       paid_at as recorded_at, '{}' as actor, json_object('payment', reference) as meta,
       $extract_id as extract_id
from paid;
insert into lake.raw.ledger__entry by name
select 2 * number + side as id, number as journal_id, 1 + side as account_id, 'USD' as currency,
       if(side = 0, -amount_minor, amount_minor) as amount, $extract_id as extract_id
from paid cross join range(2) as sides (side);
insert into lake.raw.extracts
values ($extract_id, 'operational_db', timestamptz '2026-03-20 00:00:00+00', $last - $first, null, null)
"""

_LINES = """
insert into lake.raw.psp__stripe_lines by name
select number as line_no, 'txn_' || number as balance_transaction_id,
       'po_' || number // 10000 as payout_id, 'ch_' || number as source_id,
       'ch_' || number as charge_id, psp_payment_id as payment_intent_id,
       reference as merchant_reference, 'charge' as reporting_category,
       amount_minor as gross_minor, amount_minor // 50 as fee_minor,
       gross_minor - fee_minor as net_minor, 'USD' as currency, paid_at as created_at,
       paid_at + interval 2 day as available_at, paid_at + interval 2 day as payout_effective_at,
       'stripe_payout/stripe/' || payout_id as file_name, $extract_id as extract_id
from paid
"""


def write(lake: duckdb.DuckDBPyConnection, first: int, last: int, extract_id: int) -> None:
    """Payments of these numbers, each with its line; all of them agree."""
    numbers = {"first": first, "last": last, "extract_id": extract_id}
    for statement in (*_PAYMENTS.split(";"), _LINES):
        wanted = {name: numbers[name] for name in numbers if f"${name}" in statement}
        lake.execute(statement, wanted)
