"""A refresh against the same SQL by hand in plain DuckDB.

Ours is what a refresh does once the rows have landed: every model built into the lake, every test
run, the pointer moved. The limit is each model's own SQL as a bare `create table as`, one after
the other, in a DuckDB file on the same disk with the same memory and threads: no catalog in
PostgreSQL, no Parquet, no tests, no snapshots. Then one percent of the deals arrives, and the
marts are brought up to date.
"""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from kingpost.bench import bulk
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


def run(n: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Build all marts over `n` deals and over a tenth of them, then one percent more.

    Returns:
        `ours` and `limit` in deals a second of the full build over `n`; per size the seconds, the
        share of a full build that the increment took.
    """
    small = _measure(n // SMALLER, progress)
    large = _measure(n, progress)
    return {
        "n": n,
        "ours": round(n / large["full_seconds"]),
        "limit": round(n / large["plain_seconds"]),
        **large,
        f"at_{n // SMALLER}": small,
    }


def _measure(n: int, progress: Callable[[str], None]) -> dict[str, float]:
    with server() as settings:
        progress(f"{n} deals")
        with sources.opened(settings) as lake:
            extract(lake)
        publish.build(settings, whole=True)
        with sources.opened(settings) as lake:
            _script(lake, bulk.PEOPLE)
            _script(lake, bulk.deals(0, n, 2))
        progress(f"full build over {n} deals")
        full = _timed(lambda: _build(settings, whole=True))
        progress(f"plain DuckDB over {n} deals")
        plain = _plain(settings)
        with sources.opened(settings) as lake:
            _script(lake, bulk.deals(n, n + n // 100, 3))
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


def _script(lake: duckdb.DuckDBPyConnection, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            lake.execute(statement)


def _timed(work: Callable[[], None]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began
