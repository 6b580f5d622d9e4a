"""Settlement reports: a batch that does not sum is nobody's money."""

import contextlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import FileRefused
from pipelines.psp import parse_adyen, parse_stripe
from tests.pipelines.reports import MOVEMENT, OTHER, PAYOUT, REFUND, SETTLED, a_report, an_itemised


def test_an_adyen_batch_is_read_as_signed_minor_units():
    batch = parse_adyen.parse_csv(a_report())

    settled, payout = batch.tables["psp__adyen_lines"].to_pylist()
    assert (settled["gross_minor"], settled["net_minor"], payout["net_minor"]) == (
        10_000,
        9_850,
        -9_850,
    )
    assert (settled["markup_minor"], settled["scheme_fee_minor"], settled["interchange_minor"]) == (
        120,
        10,
        20,
    )
    assert settled["created_at"] == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert batch.name == "KingpostEU/7"
    assert batch.controls["paid out EUR"] == 9_850


def test_a_workbook_says_the_same_as_the_csv(a_workbook):
    rows = [
        [float(value) if name.endswith("(NC)") and value else value for name, value in row.items()]
        for row in (
            {**dict.fromkeys(parse_adyen.COLUMNS, ""), **line} for line in (SETTLED, PAYOUT)
        )
    ]
    workbook = a_workbook(Data=[[], [], list(parse_adyen.COLUMNS), *rows])

    ours = parse_adyen.parse_excel(workbook).tables["psp__adyen_lines"].drop_columns("line_no")
    assert ours.equals(
        parse_adyen.parse_csv(a_report()).tables["psp__adyen_lines"].drop_columns("line_no")
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (a_report(SETTLED), "the batch sums to 9850 minor units of EUR"),
        (a_report(SETTLED, PAYOUT | {"Net Debit (NC)": "98.51"}), "sums to -1 minor units"),
        (a_report(SETTLED, PAYOUT | {"Batch Number": "8"}), "holds 2 batches"),
        (a_report(SETTLED | {"Type": "Settledd"}, PAYOUT), "row 2, column 'Type': unknown type"),
        (a_report(SETTLED | {"TimeZone": "XYZ"}, PAYOUT), "row 2, column 'TimeZone'"),
        (a_report(SETTLED | {"Net Currency": "EURO"}, PAYOUT), "'EURO' is not supported"),
        (a_report(SETTLED | {"Net Credit (NC)": "98,50"}, PAYOUT), "row 2, column 'Net Credit"),
        (a_report(SETTLED | {"Markup (NC)": "1.205"}, PAYOUT), "more decimals than EUR"),
        (a_report(SETTLED | {"Creation Date": "03/02/2026"}, PAYOUT), "is not a time written as"),
        (a_report(columns=(*parse_adyen.COLUMNS, "Surprise")), "column 'Surprise': this column was not"),
        (a_report(delimiter=";"), "row 1, column 'Company Account': this column is missing"),
        (a_report().replace(b"Batch Number", b"Batch No"), "column 'Batch Number'"),
        (a_report().splitlines(keepends=True)[0], "holds no lines"),
        (a_report() + b"1,2,3" + b"," * 40 + b"\r\n", "row 4: holds a cell outside"),
        (a_report().replace(b"visa", b"v\xffsa"), "not utf-8"),
    ],
)  # fmt: skip
def test_an_adyen_report_that_breaks_its_contract_is_refused_whole(content, reason):
    with pytest.raises(FileRefused, match=reason):
        parse_adyen.parse_csv(content)


def test_a_net_that_gross_and_fees_do_not_explain_is_counted_but_the_batch_is_real():
    odd = SETTLED | {"Net Credit (NC)": "58.50"}
    batch = parse_adyen.parse_csv(a_report(odd, PAYOUT | {"Net Debit (NC)": "58.50"}))

    assert batch.controls["net not explained by gross and fees"] == 1


def test_each_stripe_payout_is_a_batch_of_its_own():
    first, second = parse_stripe.parse(an_itemised())

    assert (first.name, first.controls) == ("po_1", {"lines": 2, "net USD": 7_680})
    assert (second.name, second.controls) == ("po_2", {"lines": 1, "net USD": 9_680})
    row = first.tables["psp__stripe_lines"].to_pylist()[0]
    assert (row["gross_minor"], row["fee_minor"], row["net_minor"]) == (10_000, 320, 9_680)
    assert (row["currency"], row["merchant_reference"]) == ("USD", "D-7K3MQ0TR")


def test_a_payout_told_again_in_a_longer_report_is_the_same_payout():
    (alone,) = parse_stripe.parse(an_itemised(OTHER))
    _, among = parse_stripe.parse(an_itemised(MOVEMENT, REFUND, OTHER))

    assert alone.content_sha256 == among.content_sha256


def test_a_payout_told_with_other_columns_or_words_is_the_same_payout():
    (told,) = parse_stripe.parse(an_itemised(OTHER))
    worded = OTHER | {"description": "Deposit of a client", "card_brand": "visa"}
    (again,) = parse_stripe.parse(a_report(worded, columns=(*MOVEMENT, "card_brand")))

    assert told.content_sha256 == again.content_sha256


def test_a_stripe_report_without_movements_holds_no_payout():
    assert parse_stripe.parse(an_itemised().splitlines(keepends=True)[0]) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (an_itemised(MOVEMENT | {"net": "96.81"}), "row 2, column 'net': 10000 less 320 is not 9681"),
        (an_itemised(MOVEMENT, MOVEMENT), "row 3, column 'balance_transaction_id': txn_1 comes twice"),
        (an_itemised(MOVEMENT, REFUND | {"currency": "eur"}), "payout po_1 is in EUR, USD"),
        (an_itemised(REFUND | {"reporting_category": "payout"}), "leaves -2000 minor units"),
        (an_itemised(MOVEMENT | {"currency": "jpy"}), "has more decimals than JPY"),
        (an_itemised(MOVEMENT | {"automatic_payout_id": ""}), "names no payout"),
        (an_itemised(MOVEMENT | {"created_utc": "2026-03-02T10:00:00Z"}), "is not a time written as"),
        (an_itemised().replace(b"gross", b"amount"), "column 'gross': this column is missing"),
        (an_itemised().replace(b"effective", b"paid"), "automatic_payout_id_paid_at_utc"),
    ],
)  # fmt: skip
def test_a_stripe_report_that_breaks_its_contract_is_refused_whole(content, reason):
    with pytest.raises(FileRefused, match=reason):
        parse_stripe.parse(content)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=30))
@settings(max_examples=40)
def test_a_batch_of_any_payments_sums_to_zero_with_its_payout_or_is_refused(cents):
    rows = [
        SETTLED | {"Net Credit (NC)": str(Decimal(each).scaleb(-2)), "Psp Reference": f"P{n}"}
        for n, each in enumerate(cents)
    ]
    payout = PAYOUT | {"Net Debit (NC)": str(Decimal(sum(cents)).scaleb(-2))}
    batch = parse_adyen.parse_csv(a_report(*rows, payout))
    assert batch.controls["lines"] == len(cents) + 1

    with pytest.raises(FileRefused, match="the batch sums to"):
        parse_adyen.parse_csv(a_report(*rows[1:], payout))


@given(st.data())
@settings(max_examples=150)
def test_a_damaged_report_is_refused_or_still_sums_but_never_crashes(data):
    parse, content = data.draw(
        st.sampled_from([(parse_adyen.parse_csv, a_report()), (parse_stripe.parse, an_itemised())])
    )
    place = data.draw(st.integers(0, len(content) - 1))
    damage = data.draw(st.binary(max_size=3))

    with contextlib.suppress(FileRefused):
        parse(content[:place] + damage + content[place + data.draw(st.integers(0, 5)) :])
