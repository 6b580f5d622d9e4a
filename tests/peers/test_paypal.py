"""PayPal's own statements, in English and Spanish, and a download that nobody agreed on."""

from datetime import UTC, datetime

import pytest

from pipelines.psp import receive

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FILES = ("statement_en.csv", "statement_es.csv", "empty_activity.csv")


@pytest.fixture(scope="module")
def receipt(data, drop, settings, lake):
    if not data.is_dir():
        return None
    drop("psp", "paypal", *(data / "psp" / "paypal" / name for name in FILES))
    return receive.receive(settings, lake, now=NOW)


def test_statements_land_and_what_was_not_agreed_on_is_put_aside_with_its_reason(receipt):
    assert receipt.landed == {"paypal/statement_en.csv": 19, "paypal/statement_es.csv": 4}
    assert receipt.refused == {
        "paypal/empty_activity.csv": "row 1, column 'Time Zone': this column is missing"
    }


def test_what_stands_in_the_lake_adds_up_as_the_statements_say(receipt, lake):
    assert lake.execute("""
        select gross_currency, year(completed_at), count(*), sum(gross_minor), sum(fee_minor),
               sum(net_minor)
        from lake.raw.psp__paypal_lines group by 1, 2 order by 1, 2
    """).fetchall() == [
        ("EUR", 2018, 8, 0, 0, 0),
        ("EUR", 2020, 4, 13_644, 536, 13_108),
        ("USD", 2018, 11, 109_680, 81_650, 28_119 - 89),
    ]  # fmt: skip


def test_a_time_is_read_in_its_own_zone(receipt, lake):
    assert lake.execute("""
        select transaction_id, started_at::varchar from lake.raw.psp__paypal_lines
        where transaction_id in ('TID15', 'TID16') order by all
    """).fetchall() == [("TID15", "2018-09-28 01:15:34+00"), ("TID16", "2018-09-27 16:16:12+00")]
