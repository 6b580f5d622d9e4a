"""Ingest against a bare binary COPY of the same table to nowhere.

Ours is a whole pass: snapshot, horizon, catalogue, every table looked at, the rows written as
Parquet, counted against the source and validated, committed. The limit reads the rows and drops
them. A second pass reads one row in a hundred that changed since; a third every other row, each of
which replaces the one the lake holds.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import duckdb
import psycopg

from kingpost.bench import bulk
from kingpost.bench.server import server
from lake import connection
from operational.kit import db
from operational.kit.settings import Settings
from pipelines import landing, sources
from pipelines.operational_db.extract import extract

N = 2_000_000
# As the trigger would, which a replica's session leaves out.
_CHANGE = "update ledger.entry set row_xid = pg_current_xact_id() where account_id % 2 = 0"
ROUNDS = 3
"""In turns, so that a checkpoint or a busy neighbour hits both."""


def run(n: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Ingest `n` ledger entries, and COPY them to nowhere.

    Returns:
        `ours` and `limit` in rows a second, `increment_seconds` of a pass over one percent, and
        `upsert` in rows a second of a pass over rows that replace those the lake holds.
    """
    ours, limit = [], []
    with server() as settings, _superuser(settings) as session:
        progress("writing entries")
        session.execute("set session_replication_role = replica")
        session.execute(bulk.ENTRIES, (1, n))
        session.execute("vacuum analyze ledger.entry")
        with sources.opened(settings) as lake:
            _pass(lake, settings)
            for turn in range(ROUNDS):
                progress(f"COPY, round {turn + 1} of {ROUNDS}")
                limit.append(n / _copy(session))
                progress(f"pass, round {turn + 1} of {ROUNDS}")
                ours.append(n / _pass(lake, settings))
            progress("one percent more")
            session.execute(bulk.ENTRIES, (n + 2, n + 1 + n // 100))
            increment = _pass(lake, settings, anew=False)
            progress("every other one changed")
            changed = session.execute(_CHANGE).rowcount
            upsert = changed / _pass(lake, settings, anew=False)
    return {
        "n": n,
        "ours": round(median(ours)),
        "limit": round(median(limit)),
        "increment_rows": n // 100,
        "increment_seconds": round(increment, 3),
        "upsert_rows": changed,
        "upsert": round(upsert),
    }


def _pass(lake: duckdb.DuckDBPyConnection, settings: Settings, *, anew: bool = True) -> float:
    """Seconds of one pass; `anew` forgets what was landed before."""
    if anew:
        lake.execute("drop schema if exists lake.raw cascade")
        landing.prepare(lake)
    lake.execute("detach operations")
    began = perf_counter()
    connection.attach_operations(lake, settings)
    extract(lake)
    return perf_counter() - began


def _copy(session: psycopg.Connection[Any]) -> float:
    began = perf_counter()
    with session.cursor().copy("copy ledger.entry to stdout (format binary)") as rows:
        for _ in rows:
            pass
    return perf_counter() - began


def _superuser(settings: Settings) -> psycopg.Connection[Any]:
    address = db.admin_url(settings).set(drivername="postgresql")
    return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)
