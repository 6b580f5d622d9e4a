"""A lake of the test's own, over a fresh database."""

import io
from collections.abc import Iterator

import duckdb
import openpyxl
import pytest

from lake import connection
from pipelines import landing
from pipelines.platform import deals


@pytest.fixture
def lake(database) -> Iterator[duckdb.DuckDBPyConnection]:
    with connection.write(database.settings) as found:
        landing.prepare(found)
        deals.prepare(found)
        yield found


@pytest.fixture(scope="session")
def a_workbook():
    """Excel content made of rows by sheet."""

    def made(**sheets):
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for name, rows in sheets.items():
            sheet = workbook.create_sheet(name)
            for row in rows:
                sheet.append(row)
        content = io.BytesIO()
        workbook.save(content)
        return content.getvalue()

    return made
