"""Adyen's settlement reports, as CSV and as Excel, landed by the pipeline and summed in the lake."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pipelines.contracts import FileRefused
from pipelines.psp import parse_adyen, receive

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FILES = (
    "settlement_detail_report_batch_238.csv",
    "adyen_test.xlsx",
    "adyen_test_credit_fees.xlsx",
    "adyen_test_invalid.xls",
)


@pytest.fixture(scope="module")
def receipt(data, drop, settings, lake):
    if not data.is_dir():
        return None
    drop("psp", "adyen", *(data / "psp" / "adyen" / name for name in FILES))
    return receive.receive(settings, lake, now=NOW)


def test_batch_238_sums_to_zero(receipt, lake):
    rows = lake.execute("""
        select line_no, line_type, net_minor, net_currency, created_at::varchar
        from lake.raw.psp__adyen_lines where batch_number = 238 order by line_no
    """).fetchall()

    assert rows == [
        (2, "BalanceTransfer", 45_433_199, "USD", "2022-02-21 23:24:23+00"),
        (3, "Fee", -9, "USD", "2022-03-02 01:21:49+00"),
        (4, "BalanceTransfer", -45_433_190, "USD", "2022-03-02 01:21:49+00"),
    ]
    assert sum(net for _, _, net, _, _ in rows) == 0


def test_the_two_workbooks_land_and_their_batches_sum_to_zero(receipt, lake):
    assert lake.execute("""
        select batch_number, count(*), sum(net_minor),
               sum(net_minor) filter (line_type = 'MerchantPayout'),
               sum(commission_minor), sum(markup_minor), sum(scheme_fee_minor), sum(interchange_minor)
        from lake.raw.psp__adyen_lines where batch_number <> 238 group by 1 order by 1
    """).fetchall() == [
        (8, 40, 0, -1_050_669, 13_128, 4_311, 220, 2_019),
        (48, 21, 0, -2_300_627, 10_751, 10_675, 523, 12_036),
    ]


def test_the_workbook_with_a_wrong_header_is_refused_with_its_row_and_column(receipt, data):
    assert receipt.refused == {
        "adyen/adyen_test_invalid.xls": "row 4, column 'Company Account': this column is missing"
    }

    with pytest.raises(FileRefused) as refusal:
        parse_adyen.parse_excel((data / "psp" / "adyen" / "adyen_test_invalid.xls").read_bytes())

    assert (refusal.value.row, refusal.value.column) == (4, "Company Account")


def test_a_net_that_gross_and_fees_do_not_explain_is_counted_for_finance_to_look_at(receipt, lake):
    controls = dict(
        lake.execute("""
            select name, controls ->> 'net not explained by gross and fees' from lake.raw.landed_files
        """).fetchall()
    )

    # In batch 48 a gross of 1,598.00 less 6.66 is said to be 659.34.
    assert controls == {
        "adyen/YOURCOMPANY_ACCOUNT/238": "0",
        "adyen/YOURCOMPANY_ACCOUNT/8": "0",
        "adyen/YOURCOMPANY_ACCOUNT/48": "1",
    }


def test_a_payment_in_pounds_keeps_its_rate(receipt, lake):
    assert lake.execute("""
        select gross_minor, gross_currency, exchange_rate, net_minor, net_currency
        from lake.raw.psp__adyen_lines where gross_currency = 'GBP' order by batch_number
    """).fetchall() == [
        (219_800, "GBP", Decimal("1.298394091517120000"), 282_721, "USD"),
        (55_700, "GBP", Decimal("1.100565878001200000"), 60_797, "USD"),
    ]


def test_the_same_batch_with_one_line_changed_is_refused(data, drop, settings, lake, receipt):
    report = (data / "psp" / "adyen" / FILES[0]).read_bytes()
    changed = settings.root / "changed.csv"
    changed.write_bytes(report.replace(b"March     01", b"March     02"))
    drop("psp", "adyen", changed)

    again = receive.receive(settings, lake, now=NOW)

    assert list(again.refused) == ["adyen/changed.csv"]
    assert "came before with other content" in again.refused["adyen/changed.csv"]
