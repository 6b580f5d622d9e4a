"""PayPal's reports: read when every count, sum and balance in them holds, and refused whole if not."""

import contextlib
import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import FileRefused
from pipelines.psp import parse_paypal

PAID = ["SB", "9AB", "D-7K3MQ0TR", "", "", "T0006", "2026/03/02 10:00:00 -0800",
        "2026/03/02 10:00:00 -0800", "CR", "10000", "USD", "DR", "320", "USD", "", "", ""]  # fmt: skip
YEN = [*PAID[:8], "CR", "15000", "JPY", "", "", "", "", "", ""]
WITHDRAWN = ["SB", "9AC", "", "", "", "T0400", *PAID[6:8], "DR", "9680", "USD", *[""] * 6]
REPORT = [
    ["RH", "2026/03/03 04:00:00 -0800", "A", "ACCOUNT", "009"], ["FH", "01"],
    ["SH", "2026/03/02 00:00:00 -0800", "2026/03/02 23:59:59 -0800", "ACCOUNT", ""],
    ["CH", *parse_paypal.COLUMNS], PAID, YEN, WITHDRAWN,
    ["SF", "USD", "10000", "9680", "0", "320", "CR", "0", "CR", "0"],
    ["SF", "JPY", "15000", "0", "0", "0", "CR", "0", "CR", "15000"], ["SC", "3"],
    ["RF", "USD", "10000", "9680", "0", "320", "CR", "0", "CR", "0"],
    ["RF", "JPY", "15000", "0", "0", "0", "CR", "0", "CR", "15000"], ["RC", "3"], ["FF", "1"],
]  # fmt: skip
STATEMENT = [
    list(parse_paypal._ENGLISH.columns),
    ["3/2/2026", "10:00:00", "America/Los_Angeles", "Express Checkout Payment", "EUR", "1,058.09",
     "-8.09", "1,050.00", "1,060.00", "9AB", "", "", "", "", "0.00", "0.00", "D-7K3MQ0TR", ""],
    ["3/3/2026", "00:30:00", "CET", "General Withdrawal - Bank Account", "EUR", "-1,050.00",
     "0.00", "-1,050.00", "10.00", "9AC", "", "", "", "", "0.00", "0.00", "", ""],
]  # fmt: skip


def written(rows):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def changed(rows, row, place, cell):
    """The rows with one cell changed; both counted from 1, as people do."""
    return [
        [cell if (n, c) == (row, place) else held for c, held in enumerate(cells, 1)]
        for n, cells in enumerate(rows, 1)
    ]


def without(rows, *places):
    return [cells for number, cells in enumerate(rows, 1) if number not in places]


def test_a_settlement_report_is_read_as_signed_minor_units():
    (batch,) = parse_paypal.parse(b"\xef\xbb\xbf" + written(REPORT))

    paid, yen, withdrawn = batch.tables["psp__paypal_lines"].to_pylist()
    assert batch.name == "ACCOUNT/2026-03-02"
    assert batch.controls == {"lines": 3, "net USD": 0, "net JPY": 15_000}
    assert (paid["gross_minor"], paid["fee_minor"], paid["net_minor"]) == (10_000, 320, 9_680)
    assert (paid["invoice_id"], paid["event_code"]) == ("D-7K3MQ0TR", "T0006")
    assert paid["completed_at"].isoformat() == "2026-03-02T18:00:00+00:00"
    # Hundredths of every currency: 150 yen are written as 15000.
    assert (yen["gross_minor"], yen["net_minor"]) == (150, 150)
    assert withdrawn["net_minor"] == -9_680


def test_each_day_and_currency_of_a_statement_is_a_batch_of_its_own():
    first, second = parse_paypal.parse(written(STATEMENT))
    (again,) = parse_paypal.parse(written(without(STATEMENT, 2)))

    assert (first.name, second.name) == ("2026-03-02/EUR", "2026-03-03/EUR")
    assert first.controls == {"lines": 1, "net EUR": 105_000}
    assert again.content_sha256 == second.content_sha256
    assert parse_paypal.parse(written(STATEMENT[:1])) == []


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (changed(REPORT, 5, 10, "10001"), "row 10, column 'SF': says .10000, 9680, 0, 320. of USD"),
        (changed(REPORT, 11, 3, "1"), "row 13, column 'RF': says"),
        (without(REPORT, 6), "row 9, column 'SC': says 3 lines, there are 2"),
        (without(REPORT, 9), "row 9, column 'SF': says .0, 0, 0, 0. of JPY"),
        (changed(REPORT, 13, 2, "4"), "row 13, column 'RC': says 4 lines"),
        (without(REPORT, 14), "ends before its footer"),
        (without(REPORT, 2), "row 2: 'SH' cannot follow 'RH'"),
        (without(REPORT, 4), "row 4: 'SB' cannot follow 'SH'"),
        (changed(REPORT, 4, 6, "Event"), "column 'Transaction Event Code': this column is missing"),
        (changed(REPORT, 5, 9, "C"), "row 5, column 'Transaction Debit or Credit': 'C' is neither"),
        (changed(REPORT, 5, 10, "100.00"), "row 5, column 'Gross Transaction Amount': '100.00' is not"),
        (changed(REPORT, 6, 10, "15050"), "row 6, column 'Gross Transaction Amount': 150.5 has more"),
        (changed(REPORT, 6, 11, "XXX"), "'XXX' is not supported"),
        (changed(REPORT, 5, 13, "-320"), "row 5, column 'Fee Amount'"),
        (changed(REPORT, 5, 14, "EUR"), "row 5, column 'Fee Currency': a fee in EUR"),
        (changed(REPORT, 5, 8, "03/02/2026 10:00"), "has no offset"),
        (changed(REPORT, 5, 8, "2026/13/02 10:00:00 -0800"), "is not a time written as"),
        (changed(STATEMENT, 2, 6, "1058.09"), None),
        (changed(STATEMENT, 2, 6, "1.058,09"), "row 2, column 'Gross': '1.058,09' is not a plain"),
        (changed(STATEMENT, 2, 6, "(1,058.09)"), "row 2, column 'Gross'"),
        (changed(STATEMENT, 2, 6, "1,058.10"), "row 2, column 'Net': 105810 and -809 do not make"),
        (changed(STATEMENT, 3, 9, "11.00"), "row 3, column 'Balance': 106000 and -105000 do not make"),
        (changed(STATEMENT, 3, 4, "Gift"), "row 3, column 'Description': nobody agreed on 'Gift'"),
        (changed(STATEMENT, 3, 3, "Mars"), "row 3, column 'Time Zone': unknown time zone 'Mars'"),
        (changed(STATEMENT, 3, 1, "13/3/2026"), "row 3, column 'Date': '13/3/2026"),
        (changed(STATEMENT, 1, 6, "Amount"), "row 1, column 'Gross': this column is missing"),
        ([[]], "holds no rows"),
    ],
)  # fmt: skip
def test_a_report_that_breaks_its_contract_is_refused_whole(rows, reason):
    if reason is None:
        assert parse_paypal.parse(written(rows))
        return
    with pytest.raises(FileRefused, match=reason):
        parse_paypal.parse(written(rows))


@given(st.data())
@settings(max_examples=80)
def test_a_damaged_report_is_refused_or_still_adds_up_but_never_crashes(data):
    content = data.draw(st.sampled_from([written(REPORT), written(STATEMENT)]))
    place = data.draw(st.integers(0, len(content) - 1))
    damage = data.draw(st.binary(max_size=3))

    with contextlib.suppress(FileRefused):
        parse_paypal.parse(
            content[:place] + damage + content[place + data.draw(st.integers(0, 5)) :]
        )
