"""A refresh against the same SQL by hand in plain DuckDB.

Ours is what a refresh does once the rows have landed: every model built into the lake, every test
run, the pointer moved. The limit is each model's own SQL as a bare `create table as`, one after
the other, in a DuckDB file on the same disk with the same memory and threads: no catalog in
PostgreSQL, no Parquet, no tests, no snapshots. Then one percent of the deals arrives, and the
marts are brought up to date.
"""

# ruff: noqa: S608 - rows are made of numbers written here

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from kingpost.bench.server import server
from lake import connection
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from pipelines import publish, sources
from pipelines.dbt_models import project
from pipelines.operational_db.extract import extract

N = 10_000_000
SMALLER = 10
"""It is measured at a tenth of `n` as well: cost must not grow faster than the rows."""

_CLIENTS, _PARTNERS, _SYMBOLS = 10_000, 200, 22

_PEOPLE = f"""
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


def run(n: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Build all marts over `n` deals and over a tenth of them, then one percent more.

    Returns:
        `ours` and `limit` in deals a second of the full build over `n`; per size the seconds, the
        share of a full build that the increment took, and the most memory this process used.
    """
    small = _measure(n // SMALLER, progress)
    large = _measure(n, progress)
    return {
        "n": n,
        "ours": round(n / large["full_seconds"]),
        "limit": round(n / large["plain_seconds"]),
        **large,
        f"at_{n // SMALLER}": small,
        "memory_mb": _memory_mb(),
    }


def _measure(n: int, progress: Callable[[str], None]) -> dict[str, float]:
    with server() as settings:
        progress(f"{n} deals")
        with sources.opened(settings) as lake:
            extract(lake)
        publish.build(settings, whole=True)
        with sources.opened(settings) as lake:
            _script(lake, _PEOPLE)
            _script(lake, _deals(0, n, 2))
        progress(f"full build over {n} deals")
        full = _timed(lambda: _build(settings, whole=True))
        progress(f"plain DuckDB over {n} deals")
        plain = _plain(settings)
        with sources.opened(settings) as lake:
            _script(lake, _deals(n, n + n // 100, 3))
        progress(f"one percent more than {n} deals")
        increment = _timed(lambda: _build(settings, whole=False))
        project.release()
    return {
        "full_seconds": round(full, 2),
        "plain_seconds": round(plain, 2),
        "increment_seconds": round(increment, 2),
        "increment_share": round(increment / full, 3),
    }


def _build(settings: Settings, *, whole: bool) -> None:
    built = publish.build(settings, whole=whole)
    assert publish.publish(settings, built.checks, as_of=utc_now()), built.checks


def _plain(settings: Settings) -> float:
    """Seconds of every model's own SQL, by hand; the raw rows are there before the clock runs."""
    options = dict(connection.configuration(settings))
    with duckdb.connect(config={"extension_directory": options.pop("extension_directory")}) as hand:
        for option, value in options.items():
            hand.execute(f"set {option} = '{value}'")
        hand.execute(f"attach '{settings.root / 'plain.duckdb'}' as lake")
        _copy_raw(settings, hand)
        models = project.compiled(settings)
        for schema in {model.schema for model in models}:
            hand.execute(f"create schema if not exists lake.{schema}")
        return _timed(lambda: _by_hand(hand, models))


def _by_hand(hand: duckdb.DuckDBPyConnection, models: list[project.Compiled]) -> None:
    for model in models:
        kind = "view" if model.is_view else "table"
        hand.execute(f"create {kind} lake.{model.schema}.{model.name} as {model.sql}")


def _copy_raw(settings: Settings, hand: duckdb.DuckDBPyConnection) -> None:
    folder = settings.root / "copies"
    folder.mkdir()
    with connection.write(settings) as lake:
        tables = lake.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'lake' and schema_name in ('raw', 'seeds')"
        ).fetchall()
        for schema, table in tables:
            lake.execute(f"copy lake.{schema}.{table} to '{_file(folder, table)}'")
    for schema, table in tables:
        hand.execute(f"create schema if not exists lake.{schema}")
        hand.execute(f"create table lake.{schema}.{table} as from '{_file(folder, table)}'")
        _file(folder, table).unlink()
    hand.execute("checkpoint lake")


def _file(folder: Path, table: str) -> Path:
    return folder / f"{table}.parquet"


def _deals(first: int, last: int, extract_id: int) -> str:
    return _DEALS.format(
        clients=_CLIENTS, symbols=_SYMBOLS, first=first, last=last, extract_id=extract_id
    )


def _script(lake: duckdb.DuckDBPyConnection, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            lake.execute(statement)


def _timed(work: Callable[[], None]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _memory_mb() -> int:
    """The most this process held; Linux counts in kilobytes, macOS in bytes."""
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
