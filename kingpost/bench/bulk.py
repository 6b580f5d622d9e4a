"""Rows by the million for benchmarks, written by the database itself; the same for the same numbers."""

# ruff: noqa: S608 - rows are made of numbers written here

_CLIENTS, _PARTNERS, _SYMBOLS = 10_000, 200, 22

PEOPLE = f"""
insert into lake.raw.clients__client by name
select {{id}} as id, 'C-' || number as reference, uuid() as user_id, 'DE' as country,
       'verified' as stage, timestamptz '2024-01-01 00:00:00+00' as registered_at,
       timestamptz '2024-01-02 00:00:00+00' as verified_at, 1 as extract_id
from range({_CLIENTS}) as people (number);
insert into lake.raw.platforms__trading_account by name
select {{id}} as id, {{id}} as client_id, 'A-' || number as reference, 'mt5' as platform,
       'Bench-Live' as server, 100000 + number as login,
       ['USD', 'EUR', 'JPY', 'GBP'][1 + number % 4] as currency, 1 as extract_id
from range({_CLIENTS}) as people (number);
insert into lake.raw.partners__partner by name
select {{id}} as id, 'P-' || number as reference, 'CODE' || number as code, uuid() as user_id,
       'Partner ' || number as name, 'standard' as plan_name, true as is_active,
       timestamptz '2023-12-01 00:00:00+00' as joined_at, 1 as extract_id
from range({_PARTNERS}) as partners (number);
insert into lake.raw.partners__attribution by name
select {{id}} as id, {{id}} as client_id, {{partner}} as partner_id,
       timestamptz '2024-01-01 00:00:00+00' as valid_from, 1 as extract_id
from range(0, {_CLIENTS}, 2) as people (number);
insert into lake.raw.partners__plan_version by name
select {{id}} as id, 'standard' as name, 1 as version, 60 as duration_seconds_min,
       '[{{{{"id": "fx", "symbol_group": "forex", "per_lot": "7.00", "currency": "USD"}}}},
         {{{{"id": "gold", "symbol": "XAUUSD", "per_lot": "9.50", "currency": "EUR"}}}}]' as rates,
       timestamptz '2024-01-01 00:00:00+00' as valid_from, 'another' as published_by,
       1 as extract_id
from range(1) as plans (number);
""".format(id="md5(number::varchar)::uuid", partner=f"md5((number % {_PARTNERS})::varchar)::uuid")

# Each position is opened by one deal and closed by the next, ten minutes later; one closing deal
# in a hundred is cancelled. A second of the clock holds a few deals, over about half a year.
_DEALS = """
insert into lake.raw.platform__deals by name
select 'mt5' as platform, 'Bench-Live' as server, deal, 100000 + position * 7919 % {clients} as login,
       position, deal as order_ticket, '' as external_id,
       if(is_closing and position % 100 = 0, 14, is_closing::int)::smallint as action,
       is_closing::smallint as entry, 0::smallint as reason,
       (select list(symbol order by symbol) from lake.seeds.symbol_groups)[1 + position % {symbols}]
           as symbol,
       volume as volume_e8, if(is_closing, volume, 0) as volume_closed_e8,
       100000::decimal(20, 10) as contract_size, 1.085::decimal(20, 10) as price,
       1.084::decimal(20, 10) as price_position,
       if(is_closing, (position * 31 % 20001 - 10000) * 0.01::decimal(2, 2), 0) as profit,
       -0.3::decimal(20, 8) as swap, -3.5::decimal(20, 8) as commission, 0 as fee, '' as comment,
       epoch_ms(1704153600000 + deal * 1600 + if(is_closing, 600000, 0)) as server_time,
       server_time::timestamptz as executed_at, '' as content_sha256, 1 as version,
       false as is_deleted, now() as observed_at, {extract_id} as extract_id
from (
    select deal, deal // 2 as position, deal % 2 = 1 as is_closing,
           (1 + deal // 2 % 300) * 1000000 as volume
    from range({first}, {last}) as deals (deal)
);
insert into lake.raw.extracts values ({extract_id}, 'bench', now(), {last} - {first}, null, null)
"""

ENTRIES = """
insert into ledger.entry (journal_id, account_id, currency, amount, balance_after)
select number / 2, number %% 10000, 'USD', 1 + number * 7 %% 1000000, number * 11
from generate_series(%s::bigint, %s::bigint) as number
"""
"""Ledger entries of these numbers, both ends included; in PostgreSQL, as its owner."""


def deals(first: int, last: int, extract_id: int) -> str:
    """The statements that put deals of these numbers into the lake, as an extract of their own."""
    return _DEALS.format(
        clients=_CLIENTS, symbols=_SYMBOLS, first=first, last=last, extract_id=extract_id
    )
