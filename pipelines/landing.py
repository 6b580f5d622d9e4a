"""The one way into the lake's raw tables: every arrival is numbered, landed whole, and landed once."""

# ruff: noqa: S608 - table names are ours; values are bound

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from operational.kit.money import EXPONENTS
from pipelines import border
from pipelines.contracts import Batch, FileRefused

SCHEMA = "raw"

Expectations = Mapping[str, Sequence[border.Expectation]]
"""By raw table."""

# `extract_id` counts arrivals over all sources. Raw rows carry the number that last wrote them,
# and a mart is brought up to date from the rows with a number above its own.
_TABLES = """
create schema if not exists lake.raw;
create table if not exists lake.raw.extracts (
    extract_id bigint, source varchar, as_of timestamptz, row_count bigint,
    horizon bigint, origin varchar
);
create table if not exists lake.raw.landed_files (
    source varchar, name varchar, content_sha256 varchar, extract_id bigint,
    landed_at timestamptz, row_count bigint, controls json
);
create table if not exists lake.raw.published (
    extract_id bigint
);
create table if not exists lake.raw.reference__fx_rates (
    rate_date date, base_currency varchar, quote_currency varchar, rate decimal(20, 10),
    file_name varchar, extract_id bigint
);
create table if not exists lake.raw.reference__currencies (
    code varchar, exponent smallint, minor_per_unit bigint
);
"""


@dataclass(frozen=True)
class Extract:
    """What one arrival brought: rows by raw table, tables without changes left out."""

    extract_id: int
    as_of: datetime
    rows: Mapping[str, int]

    @property
    def row_count(self) -> int:
        return sum(self.rows.values())


def prepare(lake: duckdb.DuckDBPyConnection) -> None:
    """Make the register and the tables that models read even before anything arrived."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            lake.execute(statement)
    _write_currencies(lake)


def ensure(lake: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Schema]) -> None:
    """Make the tables of a kind of file, which models read even before the first one came."""
    for table, schema in tables.items():
        _ensure(lake, table, schema.empty_table())


def _write_currencies(lake: duckdb.DuckDBPyConnection) -> None:
    """The currencies we hold, from the one place that says their decimals."""
    currencies = {
        "code": pa.array(EXPONENTS, pa.string()),
        "exponent": pa.array(EXPONENTS.values(), pa.int16()),
        "minor_per_unit": pa.array([10**places for places in EXPONENTS.values()], pa.int64()),
    }
    lake.register("currencies", pa.table(currencies))
    differ = lake.execute(
        "select exists (from currencies except from lake.raw.reference__currencies)"
    ).fetchone()
    if differ == (True,):
        with transaction(lake):
            lake.execute("delete from lake.raw.reference__currencies")
            lake.execute("insert into lake.raw.reference__currencies from currencies")
    lake.unregister("currencies")


@contextmanager
def transaction(lake: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One arrival: all of it is in the lake, or nothing."""
    lake.execute("begin")
    try:
        yield
    except BaseException:
        lake.execute("rollback")
        raise
    lake.execute("commit")


def next_extract_id(lake: duckdb.DuckDBPyConnection) -> int:
    """The next arrival's number. There is one writer, so nobody else takes it."""
    row = lake.execute("select coalesce(max(extract_id), 0) + 1 from lake.raw.extracts").fetchone()
    assert row is not None
    return int(row[0])


def record(
    lake: duckdb.DuckDBPyConnection,
    source: str,
    extract: Extract,
    *,
    horizon: int | None = None,
    origin: str | None = None,
) -> None:
    """Enter an arrival in the register, in the transaction that lands its rows."""
    lake.execute(
        "insert into lake.raw.extracts values (?, ?, ?, ?, ?, ?)",
        [extract.extract_id, source, extract.as_of, extract.row_count, horizon, origin],
    )


def land(
    lake: duckdb.DuckDBPyConnection,
    batch: Batch,
    *,
    now: datetime,
    expectations: Expectations,
) -> Extract | None:
    """Land one batch, or nothing if this very content is there already; see `land_together`."""
    landed = land_together(lake, [batch], now=now, expectations=expectations)
    return landed[0] if landed else None


def land_together(
    lake: duckdb.DuckDBPyConnection,
    batches: Sequence[Batch],
    *,
    now: datetime,
    expectations: Expectations,
) -> list[Extract]:
    """Land the rows of one arrival into `raw.<table>`: every batch that is new, or none.

    A batch adds its rows. One that is reissued replaces the rows of its own name: only those
    that differ from the issue before are touched.

    Args:
        lake: writable.
        batches: what the file's parser found.
        now: recorded as the time of landing.
        expectations: by table; each table is named by its first column in a refusal.

    Raises:
        FileRefused: the same name came back with other content.
        BatchRefusedError: rows break an expectation.
    """
    for batch in batches:
        for table, rows in batch.tables.items():
            border.validate(table, rows, expectations.get(table, ()), names=rows.column_names[0])
    with transaction(lake):
        return [_land(lake, batch, now) for batch in batches if not _is_landed(lake, batch)]


def _land(lake: duckdb.DuckDBPyConnection, batch: Batch, now: datetime) -> Extract:
    extract_id = next_extract_id(lake)
    merge = _replace if batch.is_reissued else _add
    file_name = f"{batch.source}/{batch.name}"
    counts = {
        table: merge(lake, table, rows, file_name, extract_id)
        for table, rows in batch.tables.items()
    }
    extract = Extract(extract_id, now, counts)
    record(lake, f"file:{batch.source}", extract)
    lake.execute(
        "insert into lake.raw.landed_files values (?, ?, ?, ?, ?, ?, ?)",
        [
            batch.source,
            batch.name,
            batch.content_sha256,
            extract_id,
            now,
            sum(rows.num_rows for rows in batch.tables.values()),
            json.dumps(dict(batch.controls), default=str),
        ],
    )
    return extract


def is_changed(lake: duckdb.DuckDBPyConnection, batch: Batch) -> bool:
    """Whether it landed before under its name, with other content."""
    return _held(lake, batch) not in {None, batch.content_sha256}


def _is_landed(lake: duckdb.DuckDBPyConnection, batch: Batch) -> bool:
    held = _held(lake, batch)
    if held is None or held == batch.content_sha256:
        return held is not None
    if not batch.is_reissued:
        raise FileRefused(f"{batch.source} {batch.name} came before with other content")
    return False


def _held(lake: duckdb.DuckDBPyConnection, batch: Batch) -> str | None:
    """The digest of the newest content under the batch's name."""
    held = lake.execute(
        "select content_sha256 from lake.raw.landed_files "
        "where source = ? and name = ? order by extract_id desc limit 1",
        [batch.source, batch.name],
    ).fetchone()
    return None if held is None else str(held[0])


def _add(
    lake: duckdb.DuckDBPyConnection, table: str, rows: pa.Table, file_name: str, extract_id: int
) -> int:
    _ensure(lake, table, rows)
    lake.register("arrived", rows)
    lake.execute(
        f"insert into lake.raw.{table} by name "
        "select *, ? as file_name, ? as extract_id from arrived",
        [file_name, extract_id],
    )
    lake.unregister("arrived")
    return int(rows.num_rows)


def _replace(
    lake: duckdb.DuckDBPyConnection, table: str, rows: pa.Table, file_name: str, extract_id: int
) -> int:
    """Make the rows of this file's earlier issue become `rows`, touching only what differs."""
    _ensure(lake, table, rows)
    columns = ", ".join(f'"{name}"' for name in rows.column_names)
    lake.register("arrived", rows)
    # In the lake's types first: 1.5 and 1.5000000000 are one rate.
    lake.execute(f"create or replace temp table issue as from lake.raw.{table} limit 0")
    lake.execute("insert into issue by name select *, ? as file_name from arrived", [file_name])
    lake.unregister("arrived")
    held = f"select {columns} from lake.raw.{table} where file_name = $name"
    lake.execute(
        f"create or replace temp table added as select {columns} from issue except {held}",
        {"name": file_name},
    )
    lake.execute(
        f"delete from lake.raw.{table} where file_name = $name and ({columns}) in "
        f"(select ({columns}) from ({held} except select {columns} from issue))",
        {"name": file_name},
    )
    lake.execute(
        f"insert into lake.raw.{table} by name "
        "select *, ? as file_name, ? as extract_id from added",
        [file_name, extract_id],
    )
    counted = lake.execute("select count(*) from added").fetchone()
    assert counted is not None
    return int(counted[0])


def _ensure(lake: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    lake.register("shape", rows.slice(0, 0))
    lake.execute(
        f"create table if not exists lake.raw.{table} as "
        "select *, ''::varchar as file_name, 0::bigint as extract_id from shape limit 0"
    )
    lake.unregister("shape")
