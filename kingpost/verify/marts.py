"""Every published mart against what the models make of the raw rows of the same snapshot."""

# ruff: noqa: S608 - names and SQL are the project's own

import duckdb

from operational.kit.settings import Settings
from pipelines.dbt_models import project
from pipelines.dbt_models.project import Compiled

EXAMPLES = 3
"""Rows named per mart and kind of difference."""


def verify(lake: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """Build every model anew beside the lake, which is pinned to a snapshot, and compare."""
    models = project.whole(settings)
    project.release()
    lake.execute("attach ':memory:' as anew")
    for schema in {model.schema for model in models}:
        lake.execute(f"create schema anew.{schema}")
    findings: list[str] = []
    for model in models:
        kind = "view" if model.is_view else "table"
        try:
            lake.execute(f"create {kind} anew.{model.schema}.{model.name} as {_beside(model)}")
            if model.schema == "marts":
                findings += _differences(lake, model.name)
        except duckdb.Error as error:
            findings.append(unreadable(f"{model.schema}.{model.name}", error))
    lake.execute("detach anew")
    return findings


def unreadable(name: str, error: duckdb.Error) -> str:
    """One sentence about a table that is gone, or whose files are."""
    return f"{name}: expected to read it in the lake, found {str(error).splitlines()[0]}"


def named(sentence: str, rows: list[tuple[object, ...]], total: int) -> list[str]:
    """A sentence for each of a few rows, and one that counts the others."""
    told = [sentence.format(" ".join(map(str, row))) for row in rows]
    if total > len(rows):
        told.append(sentence.format(f"and {total - len(rows)} more"))
    return told


def _beside(model: Compiled) -> str:
    """Models read one another where they are made anew, and raw rows and seeds in the lake."""
    sql = model.sql
    for layer in ("staging", "intermediate", "marts"):
        sql = sql.replace(f'"lake"."{layer}"', f'"anew"."{layer}"')
    return sql


def _differences(lake: duckdb.DuckDBPyConnection, mart: str) -> list[str]:
    columns = lake.execute(
        "select column_name from duckdb_columns() where database_name = 'lake' "
        "and schema_name = 'marts' and table_name = ? and column_name <> 'extract_id' "
        "order by column_index",
        [mart],
    ).fetchall()
    shown = ", ".join(f'"{name}"' for (name,) in columns) or "*"
    held, built = f"lake.marts.{mart}", f"anew.marts.{mart}"
    return [
        *_only_in(
            lake, shown, built, held, f"marts.{mart} {{}}: raw rows make it, the mart lacks it."
        ),
        *_only_in(
            lake, shown, held, built, f"marts.{mart} {{}}: in the mart, raw rows do not make it."
        ),
    ]


def _only_in(
    lake: duckdb.DuckDBPyConnection, columns: str, here: str, there: str, sentence: str
) -> list[str]:
    """Rows are named by their first columns: identities stand first in every mart."""
    lake.execute(
        f"create or replace temp table odd as "
        f"select {columns} from {here} except all select {columns} from {there}"
    )
    key = ", ".join(columns.split(", ")[:3])
    rows = lake.execute(f"select {key} from odd order by all limit {EXAMPLES}").fetchall()
    (total,) = lake.execute("select count(*) from odd").fetchone() or (0,)
    return named(sentence, rows, total)
