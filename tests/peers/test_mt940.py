"""MT940 files of many banks: which foot, which are refused, and what stands in every entry."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import yaml

from pipelines.bank import mt940, receive
from pipelines.contracts import FileRefused
from tests.peers.landed import landed

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

LANDED = {
    "betterplace/sepa_mt9401": (26, 97, -926_913_590),
    "betterplace/with_binary_character": (2, 4, -17_906_675),
    "jejik/generic": (2, 2, -2_000),
    "jejik/rabobank-iban": (2, 4, -7_000),
    "jejik/sns": (2, 2, -2_500),
}
"""Files that foot: statements, entries, and what they moved in cents."""

NO_STATEMENT = "row 1: holds no statement (tag :20:)"
REFUSED = {
    "betterplace/sepa_snippet": "row 25, column ':62:': statement 2 does not foot: opening and "
    "entries make -447234917 minor units, closing says -447204909",
    "betterplace/sepa_snippet_broken": "row 6, column ':25:': comes twice in one statement",
    "cmxl/mt940": "row 1, column 'final_opening_balance': currency 'DEM' is not supported",
    "jejik/abnamro": "row 4, column ':62:': statement 1 does not foot: opening and entries make "
    "291484 minor units, closing says 87684",
    "jejik/ing": "row 4, column ':62:': statement 1 does not foot: opening and entries make "
    "-4559 minor units, closing says 347",
    "jejik/knab": "row 10, column ':62:': statement 2 does not foot: opening and entries make "
    "-370102 minor units, closing says 79898",
    "jejik/postfinance": "row 15, column ':62:': statement 2 does not foot: opening and entries "
    "make 15940 minor units, closing says 15960",
    "jejik/rabobank": "row 2, column ':62:': statement 1 does not foot: opening and entries make "
    "-74011 minor units, closing says 39582",
    "jejik/triodos": "row 1, column ':62:': statement 1 does not foot: opening and entries make "
    "425939 minor units, closing says 437079",
    "betterplace/empty_line": "row 2: statement 1 lacks an account, an opening or a closing balance",
    "cmxl/reference": "row 1: statement 1 lacks an account, an opening or a closing balance",
    **dict.fromkeys(
        (
            "betterplace/amount_formats", "betterplace/currency_in_25", "betterplace/empty_86",
            "betterplace/empty_entry_date", "betterplace/missing_crlf_at_end",
            "cmxl/account_balance_credit", "cmxl/account_balance_debit",
            "cmxl/account_identification_iban", "cmxl/account_identification_legacy",
            "cmxl/available_balance", "cmxl/closing_balance", "cmxl/statement_details",
            "cmxl/statement_line", "cmxl/statement_number",
        ),
        NO_STATEMENT,
    ),
}  # fmt: skip

READABLE = sorted(
    {*LANDED, *REFUSED}
    - {"betterplace/sepa_snippet_broken", "cmxl/mt940"}
    - {name for name, reason in REFUSED.items() if reason == NO_STATEMENT}
)


class Inert(yaml.CSafeLoader):
    """Reads another library's dumped objects as plain values; nothing of them is run."""


def _dumped(loader, suffix, node):
    if isinstance(node, yaml.MappingNode):
        # The deep construction would chase each entry's way back to its collection.
        pairs = ((loader.construct_object(key), value) for key, value in node.value)
        return {
            key: loader.construct_object(value, deep=True) for key, value in pairs if key in KEPT
        }
    if isinstance(node, yaml.SequenceNode) and suffix.endswith("Decimal"):
        return Decimal(loader.construct_sequence(node)[0])
    if isinstance(node, yaml.SequenceNode) and suffix.endswith("models.Date"):
        high, low, month, day = loader.construct_object(node.value[0])[:4]
        return date(high * 256 + low, month, day)
    return None


KEPT = {"data", "amount", "currency", "date", "status"}
Inert.add_multi_constructor("tag:yaml.org,2002:python/", _dumped)


def expected(data, name):
    """The other library's statement data (of a file's last statement) and its entries."""
    text = (data / "bank" / "mt940" / f"{name}.yml").read_text("utf-8")
    root = yaml.compose(text, Loader=Inert)
    loader = Inert("")
    parts = {key.value: value for key, value in root.value}
    found = loader.construct_object(parts["data"], deep=True)
    entries = [
        loader.construct_object(each, deep=True)["data"] for each in parts["transactions"].value
    ]
    return found, entries


@pytest.fixture(scope="module")
def receipt(data, drop, settings, lake):
    """What became of every sample; each comes from a bank of its own."""
    if not data.is_dir():
        return None
    for name in (*LANDED, *REFUSED):
        drop("bank", sender(name), data / "bank" / "mt940" / f"{name}.sta")
    return receive.receive(settings, lake, now=NOW)


@pytest.fixture
def read(data, receipt, lake):
    """A file's rows as they stand in the lake; of a refused one, as the parser read them."""

    def found(name):
        if name in LANDED:
            return landed(lake, f"mt940/{sender(name)}/%")
        return mt940.read((data / "bank" / "mt940" / f"{name}.sta").read_bytes())

    return found


def sender(name):
    return name.replace("/", "-")


def minor(amount):
    return int(amount["amount"].scaleb(2))


@pytest.mark.parametrize("name", READABLE)
def test_entries_are_read_as_the_other_library_reads_them(data, read, name):
    rows = read(name)

    _, entries = expected(data, name)
    assert len(rows["bank__entries"]) == len(entries)
    for ours, theirs in zip(rows["bank__entries"], entries, strict=True):
        # A reversed credit takes money away; the other library once gave it a plus.
        sign = -1 if theirs["status"] == "RC" else 1
        assert ours["amount_minor"] == sign * minor(theirs["amount"])
        assert ours["currency"] == theirs["amount"]["currency"]
        assert ours["credit_debit"] == ("CRDT" if theirs["status"] in {"C", "RD"} else "DBIT")
        assert ours["is_reversal"] == theirs["status"].startswith("R")
        assert ours["proprietary_code"] == theirs["id"]
        assert ours["value_date"] == theirs["date"]
        assert ours["booking_date"] == theirs.get("guessed_entry_date")


@pytest.mark.parametrize("name", READABLE)
def test_what_the_bank_tells_of_each_entry_is_kept(data, read, name):
    rows = read(name)

    _, entries = expected(data, name)
    for ours, theirs in zip(rows["bank__entry_details"], entries, strict=True):
        told = theirs.get("purpose") or theirs.get("transaction_details") or ""
        side = "debtor" if ours["credit_debit"] == "CRDT" else "creditor"
        # The other library once cut long texts off.
        assert "".join(ours["remittance"]).startswith(told)
        assert ours.get(f"{side}_name") == theirs.get("applicant_name")
        assert ours.get("end_to_end_id") == theirs.get("end_to_end_reference")


@pytest.mark.parametrize("name", READABLE)
def test_balances_are_read_as_the_other_library_reads_them(data, read, name):
    rows = read(name)

    found, _ = expected(data, name)
    number = len(rows["bank__statements"])
    ours = [
        (row["balance_code"], row["amount_minor"], row["currency"], row["balance_date"])
        for row in rows["bank__balances"]
        if row["statement_no"] == number
    ]
    # The other library keeps the balances of the file's earlier statements too.
    assert set(ours) <= {
        (code, minor(theirs["amount"]), theirs["amount"]["currency"], theirs["date"])
        for tag, code in mt940.BALANCE_CODES.items()
        if (theirs := found.get(tag))
    }
    assert rows["bank__statements"][-1]["account"] == found.get("account_identification")


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_a_file_that_does_not_foot_stops_its_import(data, name, reason):
    with pytest.raises(FileRefused, match=re.escape(reason)):
        mt940.parse((data / "bank" / "mt940" / f"{name}.sta").read_bytes())


def test_files_that_foot_land_and_the_others_are_put_aside_with_their_reason(receipt, lake):
    assert sorted(receipt.refused.values()) == sorted(REFUSED.values())
    assert len(receipt.landed) == len(LANDED)
    landed = lake.execute("""
        with entries as (
            select file_name, count(*) as entries, sum(amount_minor) as moved
            from lake.raw.bank__entries group by file_name
        )
        select split_part(file_name, '/', 2), count(*), any_value(entries), any_value(moved)
        from lake.raw.bank__statements left join entries using (file_name)
        where message_type = 'mt940' group by 1
    """).fetchall()
    assert {name: tuple(facts) for name, *facts in landed} == {
        name.replace("/", "-"): facts for name, facts in LANDED.items()
    }


@pytest.mark.usefixtures("receipt")
def test_every_landed_statement_leads_from_its_opening_to_its_closing_balance(lake):
    unfooted = lake.execute("""
        select file_name, statement_no from lake.raw.bank__statements as statements
        where message_type = 'mt940' and (
            select sum(amount_minor) filter (balance_code = 'CLBD')
                   - sum(amount_minor) filter (balance_code = 'OPBD')
            from lake.raw.bank__balances where file_name = statements.file_name
            and statement_no = statements.statement_no
        ) <> (
            select coalesce(sum(amount_minor), 0) from lake.raw.bank__entries
            where file_name = statements.file_name and statement_no = statements.statement_no
        )
    """).fetchall()

    assert unfooted == []
