"""What is checked of arriving operational rows: one aggregate per table, and its expectations.

The rows come typed and constrained from PostgreSQL; what can go wrong is the way here. So the
counts are compared in full and the profile, one row per table, is what is validated: cost does
not grow with a copy of the batch.
"""

# ruff: noqa: S608 - names come from the database's catalogue, the rest are numbers

from datetime import datetime

import duckdb

from pipelines import border
from pipelines.operational_db.tables import Table

# Clocks of two processes on one machine; a row made after the snapshot cannot be in it.
CLOCK_SLACK_S = 1

EXPECTATIONS = (
    border.Expectation(
        "expect_column_pair_values_to_be_equal",
        {"column_A": "landed_rows", "column_B": "source_rows"},
    ),
    *(
        border.Expectation("expect_column_values_to_be_in_set", {"column": fault, "value_set": [0]})
        for fault in ("repeated_keys", "missing_values", "future_rows")
    ),
)


def validate(
    lake: duckdb.DuckDBPyConnection,
    counts: dict[Table, int],
    whole: frozenset[Table],
    extract_id: int,
    as_of: datetime,
) -> None:
    """Hold what pass `extract_id` landed against what the source counted in the same snapshot.

    A table read `whole` for the first time is counted only; the full build that follows tests
    every key of it.

    Raises:
        BatchRefusedError: a table lacks rows, has too many, repeats a key, misses a required
            value, or holds a row from the future.
    """
    if not counts:
        return
    profiles = [
        _count(table, count, extract_id)
        if table in whole
        else _profile(table, count, extract_id, as_of)
        for table, count in counts.items()
    ]
    rows = lake.execute(" union all ".join(profiles)).to_arrow_table()
    border.validate("operational_db", rows, EXPECTATIONS, names="table_name")


def _count(table: Table, count: int, extract_id: int) -> str:
    return f"""
        select '{table.raw_name}' as table_name, {count} as source_rows,
               count(*) as landed_rows, 0 as repeated_keys, 0 as missing_values, 0 as future_rows
        from {table.target} where extract_id = {extract_id}
    """


def _profile(table: Table, count: int, extract_id: int, as_of: datetime) -> str:
    key = ", ".join(f'"{name}"' for name in table.key)
    required = " or ".join(f'"{c.name}" is null' for c in table.columns if c.is_required)
    has_birth = any(column.name == "created_at" for column in table.columns)
    latest = f"timestamptz '{as_of.isoformat()}' + interval {CLOCK_SLACK_S} second"
    future = f"count(*) filter (created_at > {latest})" if has_birth else "0"
    return f"""
        select '{table.raw_name}' as table_name, {count} as source_rows,
               count(*) as landed_rows, count(*) - count(distinct ({key})) as repeated_keys,
               count(*) filter ({required}) as missing_values, {future} as future_rows
        from {table.target} where extract_id = {extract_id}
    """
