"""M8: no float comes near money: not in the code, the database, the marts, or an answer of the API."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from api.app import create_app
from operational.kit import db

ROOT = Path(__file__).parents[2]

MONEY = (
    "api/schemas", "api/routes", "operational/kit/money.py", "operational/ledger", "operational/partners",
    "operational/payments", "operational/platforms", "operational/migrations", "pipelines/bank",
    "pipelines/operational_db", "pipelines/platform", "pipelines/psp", "lake", "kingpost/verify",
)  # fmt: skip

INEXACT_SQL = re.compile(r"\b(real|double( precision)?|float[48]?)\b", re.IGNORECASE)
EXACT = re.compile(
    r"(bigint|integer|decimal\(\d+, \d+\)|boolean|date|uuid|varchar(\[\])?|timestamp.*)$"
)

AMOUNTS = re.compile(r"amount|balance|available|held|posted|price|fee|total_minor|_minor$")


def sources() -> Iterator[Path]:
    for place in MONEY:
        path = ROOT / place
        assert path.exists(), f"{place} is gone; say where its money went"
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def is_float(node: ast.AST) -> bool:
    """The type by name, or a number with a point that is not a length of time."""
    return isinstance(node, ast.Name) and node.id == "float"


def test_no_float_in_the_code_of_money() -> None:
    strays = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if is_float(node)
    ]

    assert strays == []


def test_no_column_of_the_database_is_inexact(module_database) -> None:
    columns = text("""
        select table_schema || '.' || table_name || '.' || column_name from information_schema.columns
        where data_type in ('real', 'double precision', 'money')
          and table_schema not in ('information_schema', 'pg_catalog')
    """)
    with module_database.engine(db.API).connect() as connection:
        assert connection.scalars(columns).all() == []


def test_no_sql_of_ours_computes_in_floats() -> None:
    files = [*(ROOT / "operational/migrations/sql").glob("*.sql"), *(ROOT / "dbt").rglob("*.sql")]
    strays = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if INEXACT_SQL.search(line.split("--")[0])
    ]

    assert files
    assert strays == []


def test_every_column_of_a_mart_has_an_exact_type() -> None:
    marts = sorted((ROOT / "dbt/models/marts").rglob("*.yml"))
    columns = {
        f"{model['name']}.{column['name']}": column["data_type"]
        for path in marts
        for model in yaml.safe_load(path.read_text()).get("models", ())
        for column in model["columns"]
    }

    assert columns
    assert {name: kind for name, kind in columns.items() if not EXACT.match(kind)} == {}


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for model, described in schema["components"]["schemas"].items():
        for name, kind in described.get("properties", {}).items():
            yield model, name, kind


def kinds(described: Any) -> set[str]:
    """Every JSON type a property may have."""
    either = described.get("anyOf", [described])
    return {one["type"] for one in either if "type" in one}


@pytest.fixture(scope="module")
def schema(module_database) -> dict[str, Any]:
    app = create_app(module_database.settings)
    return app.openapi()


def test_amounts_travel_as_text(schema) -> None:
    amounts = [found for found in properties(schema) if AMOUNTS.search(found[1])]

    assert len(amounts) > 5
    assert [found for found in amounts if not kinds(found[2]) <= {"string", "null"}] == []
    assert [found[:2] for found in properties(schema) if "number" in kinds(found[2])] == []
