"""Bank rows as they stand in the lake, in the shape their parsers give them."""

from typing import Any

import duckdb

from pipelines.bank.tables import SCHEMAS

ORDER = ("statement_no", "entry_no", "detail_no", "balance_no")


def landed(lake: duckdb.DuckDBPyConnection, files: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of the files whose name is like `files`, by table and in the file's order."""
    return {table: _rows(lake, table, files) for table in SCHEMAS}


def _rows(lake: duckdb.DuckDBPyConnection, table: str, files: str) -> list[dict[str, Any]]:
    order = ", ".join(name for name in ORDER if name in SCHEMAS[table].names)
    found = lake.execute(
        f"select * from lake.raw.{table} where file_name like ? order by {order}", [files]
    )
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
