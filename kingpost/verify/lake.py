"""The published lake against the operational tables it was read from, row by row.

Rows written before the horizon of the last extract must lie in the lake exactly as they are; rows
written since are newer there than in the lake, and are left out on both sides.
"""

# ruff: noqa: S608 - names come from the database's own catalogue, the rest are numbers

from dataclasses import dataclass

import duckdb

from lake import connection as lake
from lake import publication
from operational.kit.settings import Settings
from pipelines.operational_db.extract import SOURCE
from pipelines.operational_db.tables import Table, discover

EXAMPLES = 3
"""Rows named per table and kind of difference."""


@dataclass(frozen=True)
class Compared:
    """What was compared, and what differs."""

    findings: list[str]
    looked_at: str


def verify(settings: Settings) -> Compared:
    """Compare every ingested table at the published snapshot."""
    try:
        published = publication.current(settings).published
    except publication.NothingPublished:
        return Compared([], "nothing is published yet")
    with lake.read_at(settings, published.snapshot) as connection:
        lake.attach_operations(connection, settings)
        horizon = _horizon(connection)
        connection.execute("begin")
        tables = discover(connection)
        findings = [
            sentence for table in tables for sentence in _differences(connection, table, horizon)
        ]
        connection.execute("rollback")
    looked_at = (
        f"{len(tables)} tables of snapshot {published.snapshot}, as of {published.as_of:%F %T} UTC"
    )
    return Compared(findings, looked_at)


def _horizon(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(
        "select horizon from lake.raw.extracts where source = ? order by extract_id desc limit 1",
        [SOURCE],
    ).fetchone()
    assert row
    return int(row[0])


def _differences(connection: duckdb.DuckDBPyConnection, table: Table, horizon: int) -> list[str]:
    """Sentences about rows that only one side has, or that both have differently."""
    key = ", ".join(f'"{name}"' for name in table.key)
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    read = ", ".join(f'{column.expression} as "{column.name}"' for column in table.columns)
    kept = ", ".join(f'cast("{c.name}" as {c.lake_type}) as "{c.name}"' for c in table.columns)
    connection.execute(
        f"create or replace temp table theirs as select {kept} from postgres_query('operations', "
        f"$$select {read} from {table.source} where row_xid < '{horizon}'::xid8$$)"
    )
    connection.execute(
        f"create or replace temp table ours as select {columns} from {table.target} "
        f"where ({key}) not in (select ({key}) from postgres_query('operations', "
        f"$$select {_keys(table)} from {table.source} where row_xid >= '{horizon}'::xid8$$))"
    )
    name = f"{table.schema}.{table.name}"
    return [
        *_sentences(
            connection, key, "theirs", "ours", f"{name} {{}}: expected it in the lake, found none."
        ),
        *_sentences(
            connection,
            key,
            "ours",
            "theirs",
            f"{name} {{}}: found in the lake, gone from operations.",
        ),
        *_changed(connection, table, name),
    ]


def _keys(table: Table) -> str:
    return ", ".join(f'{c.expression} as "{c.name}"' for c in table.columns if c.is_key)


def _sentences(
    connection: duckdb.DuckDBPyConnection, key: str, here: str, there: str, sentence: str
) -> list[str]:
    rows = connection.execute(
        f"select {key} from {here} anti join {there} using ({key}) order by all limit {EXAMPLES}"
    ).fetchall()
    return [sentence.format(_named(row)) for row in rows]


def _changed(connection: duckdb.DuckDBPyConnection, table: Table, name: str) -> list[str]:
    """Rows both sides have, with the first column that differs."""
    key = ", ".join(f'"{column}"' for column in table.key)
    rest = [column.name for column in table.columns if not column.is_key]
    if not rest:
        return []
    cases = " ".join(
        f'when o."{column}" is distinct from t."{column}" then '
        f'[\'{column}\', t."{column}"::varchar, o."{column}"::varchar]'
        for column in rest
    )
    rows = connection.execute(
        f"select {key}, case {cases} end as difference from theirs t join ours o using ({key}) "
        f"where difference is not null order by all limit {EXAMPLES}"
    ).fetchall()
    return [
        f"{name} {_named(row[:-1])}: expected {row[-1][0]} {row[-1][1]} in the lake, found {row[-1][2]}."
        for row in rows
    ]


def _named(key: tuple[object, ...]) -> str:
    return " ".join(map(str, key))
