"""Carry every change of the operational database into the lake, all tables at one moment.

Each row names the transaction that last wrote it (`row_xid`). One pass reads, in one snapshot, the
rows written at or after the oldest transaction that was still running at the last pass; whatever
is older was visible then and has not changed since. So a row committed late is never skipped, and
the lake equals the snapshot exactly. Rows may be read twice, which is harmless: they replace
themselves. There is no upper bound on purpose: leaving out rows above the snapshot's oldest
running transaction would drop the old version of an updated row together with the new one.
"""

# ruff: noqa: S608 - names come from the database's catalogue, the rest are numbers

from datetime import datetime

import duckdb

from pipelines import landing
from pipelines.landing import SCHEMA, Extract
from pipelines.operational_db import profile
from pipelines.operational_db.tables import Table, discover

SOURCE = "operational_db"

_MOMENT = """
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as horizon,
       (select system_identifier from pg_control_system())::text || '/'
         || (select oid from pg_database where datname = current_database())::text as origin,
       clock_timestamp() as as_of
"""


def extract(lake: duckdb.DuckDBPyConnection) -> Extract:
    """Land everything that changed, in one transaction of the lake; with it, the new horizon.

    `lake` is writable and has `operations` attached. A pass that finds no change lands nothing.

    Raises:
        BatchRefusedError: the batch is not what the source counted; nothing is landed.
    """
    with landing.transaction(lake):
        return _extract(lake)


def _extract(lake: duckdb.DuckDBPyConnection) -> Extract:
    horizon, origin, as_of = _moment(lake)
    since = _last_horizon(lake, origin)
    extract_id = landing.next_extract_id(lake)
    tables = discover(lake)
    loaded = {table for table in tables if since and _is_like(lake, table)}
    floors = {table: since if table in loaded else 0 for table in tables}
    counts = {table: n for table, n in _counts(lake, floors).items() if n or table not in loaded}
    for table in counts:
        if table in loaded:
            _upsert(lake, table, since, extract_id)
        else:
            _replace(lake, table, extract_id)
    profile.validate(lake, counts, frozenset(counts) - loaded, extract_id, as_of)
    landed = Extract(extract_id, as_of, {table.raw_name: n for table, n in counts.items()})
    if counts:
        landing.record(lake, SOURCE, landed, horizon=horizon, origin=origin)
    return landed


def _last_horizon(lake: duckdb.DuckDBPyConnection, origin: str) -> int:
    """Where the last pass over this database stood; 0 if it read another one.

    After a restore into a new cluster, transaction numbers start low again.
    """
    newest = lake.execute(
        "select horizon, origin from lake.raw.extracts where source = ? "
        "order by extract_id desc limit 1",
        [SOURCE],
    ).fetchone()
    return int(newest[0]) if newest is not None and newest[1] == origin else 0


def _is_like(lake: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether the lake holds the table with these very columns; a migrated one is read anew."""
    held = lake.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = 'lake' and schema_name = ? and table_name = ? order by column_index",
        [SCHEMA, table.raw_name],
    ).fetchall()
    types = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
    expected = [(column.name, column.lake_type) for column in table.columns]
    return [(n, types.get(t, t)) for n, t in held] == [*expected, ("extract_id", "BIGINT")]


def _counts(lake: duckdb.DuckDBPyConnection, floors: dict[Table, int]) -> dict[Table, int]:
    """How many rows of each table were written at or above its floor, as PostgreSQL counts them."""
    parts = [
        f"select {position} as position, count(*) as row_count from {table.source} "
        f"where row_xid >= '{floor}'::xid8"
        for position, (table, floor) in enumerate(floors.items())
    ]
    query = " union all ".join(parts)
    counted = lake.execute("from postgres_query('operations', ?)", [query]).fetchall()
    by_position = dict(counted)
    return {table: by_position[position] for position, table in enumerate(floors)}


def _replace(lake: duckdb.DuckDBPyConnection, table: Table, extract_id: int) -> None:
    """Read the table whole, in parallel over its pages where PostgreSQL lets us see them."""
    if table.is_wholly_readable:
        columns = ", ".join(
            f'cast("{column.name}" as {column.lake_type}) as "{column.name}"'
            for column in table.columns
        )
        rows = f"select {columns} from operations.{table.source}"
    else:
        rows = _written_since(table, 0)
    lake.execute(
        f"create or replace table {table.target} as "
        f"select *, {extract_id}::bigint as extract_id from ({rows})"
    )


def _upsert(lake: duckdb.DuckDBPyConnection, table: Table, since: int, extract_id: int) -> None:
    lake.execute(f"create or replace temp table batch as {_written_since(table, since)}")
    key = ", ".join(f'"{name}"' for name in table.key)
    lake.execute(f"delete from {table.target} where ({key}) in (select ({key}) from batch)")
    lake.execute(f"insert into {table.target} select *, {extract_id} from batch")
    lake.execute("drop table batch")


def _written_since(table: Table, horizon: int) -> str:
    """Rows by the index on `row_xid`: DuckDB knows no xid8, so PostgreSQL is given the SQL."""
    read = ", ".join(f'{column.expression} as "{column.name}"' for column in table.columns)
    kept = ", ".join(
        f'cast("{column.name}" as {column.lake_type}) as "{column.name}"'
        for column in table.columns
    )
    query = f"select {read} from {table.source} where row_xid >= '{horizon}'::xid8"
    return f"select {kept} from postgres_query('operations', $${query}$$)"


def _moment(lake: duckdb.DuckDBPyConnection) -> tuple[int, str, datetime]:
    row = lake.execute("from postgres_query('operations', ?)", [_MOMENT]).fetchone()
    assert row is not None
    return row[0], row[1], row[2]
