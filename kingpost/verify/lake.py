"""The published lake against the operational tables it was read from, row by row.

Rows written before the horizon of the last extract must lie in the lake exactly as they are; rows
written since are newer there than in the lake, and are left out on both sides.
"""

# ruff: noqa: S608 - names come from the database's own catalogue, the rest are numbers

from dataclasses import dataclass

import duckdb

from kingpost.verify import marts
from kingpost.verify.marts import EXAMPLES, named
from lake import connection as lake
from lake import publication
from operational.kit.settings import Settings
from pipelines import publish
from pipelines.operational_db.extract import SOURCE
from pipelines.operational_db.tables import Table, discover

_STALE_DEALS = """
select platform, server, deal from (
    (select * from lake.raw.platform__deal_versions
     qualify version = max(version) over (partition by platform, server, deal)
     except all from lake.raw.platform__deals)
    union all
    (from lake.raw.platform__deals
     except all select * from lake.raw.platform__deal_versions
     qualify version = max(version) over (partition by platform, server, deal))
) group by all
"""


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
        tables = discover(connection)
        findings = [
            sentence for table in tables for sentence in _compared(connection, table, horizon)
        ]
        findings += _deals(connection)
        # Other models made it: the next refresh builds it anew.
        is_ours = published.project_sha256 == publish.project_sha256()
        findings += marts.verify(connection, settings) if is_ours else []
    looked_at = (
        f"{len(tables)} tables {'and all marts ' if is_ours else ''}"
        f"of snapshot {published.snapshot}, as of {published.as_of:%F %T} UTC"
    )
    return Compared(findings, looked_at)


def _horizon(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(
        "select horizon from lake.raw.extracts where source = ? order by extract_id desc limit 1",
        [SOURCE],
    ).fetchone()
    assert row
    return int(row[0])


def _compared(connection: duckdb.DuckDBPyConnection, table: Table, horizon: int) -> list[str]:
    """Both sides at one moment; a table that is gone or cannot be read is a finding like others."""
    connection.execute("begin")
    try:
        return _differences(connection, table, horizon)
    except duckdb.Error as error:
        return [marts.unreadable(f"{table.schema}.{table.name}", error)]
    finally:
        connection.execute("rollback")


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
        *_doubled(connection, key, name),
        *_changed(connection, table, name),
    ]


def _keys(table: Table) -> str:
    return ", ".join(f'{c.expression} as "{c.name}"' for c in table.columns if c.is_key)


def _sentences(
    connection: duckdb.DuckDBPyConnection, key: str, here: str, there: str, sentence: str
) -> list[str]:
    return _listed(
        connection, f"select distinct {key} from {here} anti join {there} using ({key})", sentence
    )


def _doubled(connection: duckdb.DuckDBPyConnection, key: str, name: str) -> list[str]:
    return _listed(
        connection,
        f"select {key} from ours group by {key} having count(*) > 1",
        f"{name} {{}}: expected it once in the lake, found it more often.",
    )


def _listed(connection: duckdb.DuckDBPyConnection, query: str, sentence: str) -> list[str]:
    rows = connection.execute(f"{query} order by all limit {EXAMPLES}").fetchall()
    (total,) = connection.execute(f"select count(*) from ({query})").fetchone() or (0,)
    return named(sentence, rows, total)


def _deals(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """A platform's deals are the newest of the versions that were observed of each."""
    sentence = "platform deal {}: expected its newest observed version, once, in the lake."
    try:
        return _listed(connection, _STALE_DEALS, sentence)
    except duckdb.Error as error:
        return [marts.unreadable("platform deals", error)]


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
    sentence = "concat('expected ', said[1], ' ', said[2], ' in the lake, found ', said[3], '.')"
    return _listed(
        connection,
        f"select concat_ws(' ', {key}) || ':' as row_name, {sentence} as told from ("
        f"select {key}, case {cases} end as said from theirs t join ours o using ({key})"
        ") where said is not null",
        f"{name} {{}}",
    )
