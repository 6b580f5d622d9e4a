"""A file lands once, whole, or not at all."""

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from pipelines import landing
from pipelines.border import BatchRefusedError
from pipelines.contracts import Batch, FileRefused
from pipelines.reference.checks import EXPECTATIONS

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def rates(sha256: str, *rows: tuple[date, str, str], is_reissued: bool = True) -> Batch:
    table = pa.table(
        {
            "rate_date": [day for day, _, _ in rows],
            "base_currency": ["EUR" for _ in rows],
            "quote_currency": [currency for _, currency, _ in rows],
            "rate": [Decimal(rate) for _, _, rate in rows],
        }
    )
    tables = {"reference__fx_rates": table}
    return Batch("ecb", sha256, tables, name="rates", is_reissued=is_reissued)


def land(lake: duckdb.DuckDBPyConnection, batch: Batch) -> landing.Extract | None:
    return landing.land(lake, batch, now=NOW, expectations=EXPECTATIONS)


def held(lake: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return lake.execute(
        "select rate_date, quote_currency, rate::varchar, extract_id "
        "from lake.raw.reference__fx_rates order by all"
    ).fetchall()


def test_the_same_file_twice_is_landed_once(lake):
    batch = rates("a", (MONDAY, "USD", "1.08"))

    assert land(lake, batch) is not None
    assert land(lake, batch) is None
    assert held(lake) == [(MONDAY, "USD", "1.0800000000", 1)]


def test_a_new_issue_touches_only_the_rows_that_differ(lake):
    land(lake, rates("a", (MONDAY, "USD", "1.08"), (MONDAY, "JPY", "160")))
    land(
        lake,
        rates("b", (MONDAY, "USD", "1.08"), (MONDAY, "JPY", "161"), (TUESDAY, "USD", "1.09")),
    )

    assert held(lake) == [
        (MONDAY, "JPY", "161.0000000000", 2),
        (MONDAY, "USD", "1.0800000000", 1),
        (TUESDAY, "USD", "1.0900000000", 2),
    ]


def test_a_statement_that_comes_back_with_other_content_is_refused(lake):
    land(lake, rates("a", (MONDAY, "USD", "1.08"), is_reissued=False))

    with pytest.raises(FileRefused, match="other content"):
        land(lake, rates("b", (MONDAY, "USD", "1.09"), is_reissued=False))

    assert held(lake) == [(MONDAY, "USD", "1.0800000000", 1)]


def test_a_file_with_one_bad_row_lands_no_row(lake):
    with pytest.raises(BatchRefusedError, match="rate 0"):
        land(lake, rates("a", (MONDAY, "USD", "1.08"), (MONDAY, "JPY", "0")))

    assert held(lake) == []
