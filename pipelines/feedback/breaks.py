"""Breaks of the published lake become work for people. Done again, it changes nothing."""

import json
from datetime import datetime

import duckdb
from sqlalchemy import Engine

from lake import connection
from lake.publication import Publication
from operational.kit import db
from operational.kit.settings import Settings
from operational.reconciliation import queries
from operational.reconciliation.intake import FACTS, Found, Taken, take

MART = "fct_breaks"
_NAMES = ("break_key", *FACTS)
_SELECT = f"select {', '.join(_NAMES)} from lake.marts.{MART} order by break_key"  # noqa: S608 - our own names


def take_over(settings: Settings, engine: Engine, published: Publication, now: datetime) -> Taken:
    """Take over what the published snapshot found, if that was not done yet."""
    with db.transaction(engine) as session:
        if queries.taken_snapshot(session) == published.snapshot:
            return Taken()
    with connection.read_at(settings, published.snapshot) as lake:
        found = breaks(lake)
    if found is None:
        return Taken()
    with db.transaction(engine) as session:
        return take(session, found, as_of=published.as_of, snapshot=published.snapshot, now=now)


def breaks(lake: duckdb.DuckDBPyConnection) -> list[Found] | None:
    """Every break there is, or nothing where nobody looks for any yet."""
    is_there = lake.execute(
        "select exists (from information_schema.tables where table_catalog = 'lake'"
        " and table_schema = 'marts' and table_name = ?)",
        [MART],
    ).fetchone()
    if is_there != (True,):
        return None
    rows = lake.execute(_SELECT).fetchall()
    return [_found(dict(zip(_NAMES, row, strict=True))) for row in rows]


def _found(row: dict[str, object]) -> Found:
    details = json.loads(str(row["details"])) if row["details"] else {}
    # Without a deadline of its own the other side was due at once.
    due_at = row["due_at"] or row["occurred_at"]
    return Found(**(row | {"details": details, "due_at": due_at}))  # type: ignore[arg-type]
