"""Reconciliation against the bare join of the two sides.

Ours is the model that pairs a provider's lines with what the books expect of it: references and the
provider's ids compared, repeated and divided lines summed, what is left over tried by amount and
day, every item judged and written. The limit writes the full join of the same two tables on the
reference alone, as wide as ours, in the same DuckDB. One line in a hundred is missing.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import duckdb

from kingpost.bench import settled
from kingpost.bench.server import server
from lake import connection
from operational.kit.settings import Settings
from pipelines import sources
from pipelines.dbt_models import project
from pipelines.operational_db.extract import extract

N = 1_000_000
ROUNDS = 3
"""In turns, so that a busy neighbour hits both."""
MISSING_EVERY = 100

_BARE = """
select e.expectation_key, l.line_id, e.our_reference, e.external_reference, e.leg, e.counterpart,
       e.pool, e.movement, e.currency, l.currency as actual_currency, e.expected_minor,
       l.actual_minor, e.occurred_at, l.booked_at, e.due_at
from lake.marts.fct_expectations as e
full join lake.intermediate.int_lines as l on e.our_reference = l.our_reference
"""


def run(n: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Reconcile `n` payments with about as many lines.

    Returns:
        `ours` and `limit` in payments a second, and how many `breaks` were found.
    """
    ours, limit = [], []
    with server() as settings:
        progress(f"{n} payments and their lines")
        with sources.opened(settings) as lake:
            extract(lake)
            settled.write(lake, 0, n, 2)
            lake.execute(
                "delete from lake.raw.psp__stripe_lines where line_no % ? = 0", [MISSING_EVERY]
            )
        _build(settings)
        ours_sql = _model(settings)
        with connection.write(settings) as lake:
            for turn in range(ROUNDS):
                progress(f"bare join, round {turn + 1} of {ROUNDS}")
                limit.append(n / _seconds(lake, "joined", _BARE))
                progress(f"reconciliation, round {turn + 1} of {ROUNDS}")
                ours.append(n / _seconds(lake, "items", ours_sql))
            row = lake.execute("select count(*) from items where kind is not null").fetchone()
        project.release()
    assert row is not None
    return {"n": n, "ours": round(median(ours)), "limit": round(median(limit)), "breaks": row[0]}


def _build(settings: Settings) -> None:
    """What both sides are read from."""
    models = ("--select", "+int_reconciled", "--exclude-resource-type", "test")
    made = project.run(settings, "build", "--full-refresh", "--threads", "1", *models)
    assert all(node.passed for node in made), [node for node in made if not node.passed]


def _model(settings: Settings) -> str:
    return next(model.sql for model in project.whole(settings) if model.name == "int_reconciled")


def _seconds(lake: duckdb.DuckDBPyConnection, table: str, query: str) -> float:
    lake.execute(f"drop table if exists {table}")
    began = perf_counter()
    lake.execute(f"create temp table {table} as {query}")
    return perf_counter() - began
