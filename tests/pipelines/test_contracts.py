"""What every source file is held to before its content is looked at."""

import io
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import contracts, spreadsheet
from pipelines.contracts import FileRefused


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"one\ntwo \xe9\n", "row 2: not utf-8"),
        (b"\xef\xbb\xbfname\n", "byte order mark"),
        ("name\n".encode("utf-16"), "not utf-8"),
        (b"name\nval\0ue\n", "row 2: holds a NUL"),
    ],
)
def test_a_file_in_another_encoding_than_agreed_is_refused(content, reason):
    with pytest.raises(FileRefused, match=reason):
        contracts.decode(content, "utf-8")


def test_a_declared_encoding_is_used_and_none_is_guessed():
    assert contracts.decode("Überweisung".encode("cp1252"), "cp1252") == "Überweisung"


@pytest.mark.parametrize(
    ("header", "column"),
    [
        (["when", "currency"], "amount"),
        (["when", "Amount", "currency"], "amount"),
        (["when", "amount", "currency", "note"], "note"),
        (["when", "amount", "amount", "currency"], "amount"),
    ],
)
def test_a_column_missing_renamed_added_or_repeated_refuses_the_file(header, column):
    with pytest.raises(FileRefused) as refusal:
        contracts.match_header(header, ("when", "amount", "currency"), row=3)

    assert (refusal.value.row, refusal.value.column) == (3, column)


def test_columns_may_come_in_any_order_and_optional_ones_may_lack():
    contracts.match_header(
        ["currency", "when", "amount"], ("when", "amount", "currency"), ("note",)
    )


@pytest.mark.parametrize(
    "text",
    ["", "-", ".5", "1,50", "1.234,56", "1 000.00", "(12.50)", "12.50-", "+1", "1e3", "1.2.3", "NaN",
     "Infinity", "٣", "0x10", "1" * 29],
)  # fmt: skip
def test_only_plain_decimals_are_numbers(text):
    with pytest.raises(FileRefused):
        contracts.decimal(text)


@given(st.decimals(-(10**15), 10**15, places=2))
def test_an_amount_becomes_exactly_its_cents(amount):
    assert contracts.minor(contracts.decimal(str(amount)), "USD") == int(amount * 100)


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [
        ("1.005", "USD", "more decimals than USD"),
        ("10.5", "JPY", "more decimals than JPY"),
        ("1.00", "XXX", "'XXX' is not supported"),
        ("1.00", "usd", "'usd' is not supported"),
        ("99999999999999999999.00", "USD", "over the limit"),
    ],
)
def test_an_amount_its_currency_cannot_hold_is_refused(amount, currency, reason):
    with pytest.raises(FileRefused, match=reason):
        contracts.minor(Decimal(amount), currency, row=7)


def test_zeros_beyond_the_currencys_decimals_are_harmless():
    assert contracts.minor(Decimal("18.15000"), "EUR") == 1_815
    assert contracts.minor(Decimal("2700.00"), "JPY") == 2_700


def test_a_rate_is_never_rounded_into_its_column():
    assert contracts.exact("1.0123456789") == Decimal("1.0123456789")

    with pytest.raises(FileRefused, match="more digits than are kept"):
        contracts.exact("1.01234567891")


def an_archive(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_an_archive_that_would_unpack_to_far_more_is_refused_before_it_is_unpacked():
    with pytest.raises(FileRefused, match="unpacks to"):
        contracts.open_zip(an_archive(bomb=b"0" * 20_000_000))

    with pytest.raises(FileRefused, match="holds 300 files"):
        contracts.open_zip(an_archive(**{f"f{n}": b"x" for n in range(300)}))

    with pytest.raises(FileRefused, match="not a zip archive"):
        contracts.open_zip(b"PK but no archive")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"<a><b></a>", "row 1: not well-formed"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"), "UTF-8 was agreed"),
        (b"", "not well-formed"),
    ],
)  # fmt: skip
def test_xml_with_entities_or_in_another_encoding_is_refused(document, reason):
    with pytest.raises(FileRefused, match=reason):
        contracts.parse_xml(document)


def test_a_workbook_must_have_one_visible_sheet_of_the_agreed_name(a_workbook):
    sheets = frozenset({"Data"})
    assert list(spreadsheet.rows(a_workbook(Data=[[], ["name", None, 0.1]]), sheets)) == [
        (2, ["name", "", "0.1"])
    ]

    for content, reason in (
        (a_workbook(Other=[["x"]]), "called 'Other'"),
        (a_workbook(Data=[["x"]], More=[["y"]]), "one sheet"),
        (b"\xd0\xcf\x11\xe0 an old workbook", "not a zip archive"),
        (an_archive(readme=b"x"), "not an Excel workbook"),
    ):
        with pytest.raises(FileRefused, match=reason):
            list(spreadsheet.rows(content, sheets))
