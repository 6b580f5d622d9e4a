"""camt.052, 053 and 054 of versions 1 to 8: read like another reader reads them, landed if they foot."""

import json
from datetime import UTC, datetime

import pytest

from pipelines.bank import camt, receive
from pipelines.contracts import FileRefused
from tests.peers.landed import landed

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

LANDED = {
    "camt052.v1": 1, "camt052.v2": 1, "camt052.v2.other-account": 1,
    "camt052.v2.with-account-name": 1, "camt052.v4": 1, "camt052.v6": 1,
    "camt052.v6.Amt-zero": 1, "camt052.v8": 1, "camt053.v2.multi.statement": 2, "camt054.v2": 1,
    "camt054.v2.with-account-name": 1, "camt054.v4": 1, "camt054.v8": 1,
    "camt054.v8-with-UETR": 1, "camt054.v8-with-financial-institution": 1,
}  # fmt: skip
"""Files that may be imported, with their number of entries: reports and notifications, which carry
no pair of booked balances, and the one statement file that foots."""

MIXED = "column 'Bal/Amt/@Ccy': statement 1 mixes EUR, SEK"
UNCHECKABLE = "column 'Bal': statement 1 does not state both OPBD and CLBD"
REFUSED = {
    "camt053.v2.all-balance-types": "column 'CLBD': statement 1 does not foot: "
    "opening and entries make 986 minor units, closing says 404",
    "camt053.v2.five.decimals": "column 'CLBD': statement 1 does not foot: "
    "opening and entries make 2700 minor units, closing says 2705",
    "camt053.v2.minimal": MIXED,
    "camt053.v2.minimal.ultimate": MIXED,
    "camt053.v2.with-account-name": UNCHECKABLE,
    "camt053.v2.with-party-ids": MIXED,
    "camt053.v2.wrong": "row 3: holds no Stmt",
    "camt053.v3": MIXED,
    "camt053.v4": MIXED,
    "camt053.v8": MIXED,
    "camt53.only-Dt-with-DtTm": UNCHECKABLE,
}
"""Samples whose balances were made up; as statements of a real account they stop an import."""

READABLE = sorted({*LANDED, *REFUSED} - {"camt053.v2.wrong"})

BALANCE_TYPES = {
    "OPBD": "opening", "PRCD": "opening", "CLBD": "closing", "OPAV": "opening_available",
    "CLAV": "closing_available", "FWAV": "forward_available", "INFO": "information",
    "ITAV": "interim_available", "ITBD": "interim", "XPCD": "expected_credit",
}  # fmt: skip
REFERENCES = {
    "end_to_end_id": "EndToEndId", "instruction_id": "InstructionId", "message_id": "MessageId",
    "payment_information_id": "PaymentInformationId", "transaction_id": "TransactionId",
    "mandate_id": "MandateId", "servicer_reference": "AccountServicerReference",
    "cheque_number": "ChequeNumber", "clearing_reference": "ClearingSystemReference",
    "uetr": "UuidEndToEndReference",
}  # fmt: skip
OWN_DIRECTION = {"camt052.v4", "camt052.v6", "camt052.v6.Amt-zero", "camt054.v4", "camt054.v8"}
"""Here a payment states a direction other than its entry's; the other reader overlooks it."""


def money(found):
    return None if found is None else (int(found["getAmount"]), found["getCurrency"]["getCode"])


def day(found):
    return None if found is None else found["0"][:10]


def iso(moment):
    return None if moment is None else moment.isoformat()


@pytest.fixture(scope="module")
def receipt(data, drop, settings, lake):
    """What became of every sample; each comes from a bank of its own: they share numbers."""
    if not data.is_dir():
        return None
    for name in (*LANDED, *REFUSED):
        drop("bank", name, data / "bank" / "camt" / f"{name}.xml")
    return receive.receive(settings, lake, now=NOW)


@pytest.fixture
def read(data, receipt, lake):
    """A file's rows as they stand in the lake, and what the other reader made of it.

    A file that was refused left none there; what the parser read before that is compared.
    """

    def found(name):
        folder = data / "bank" / "camt"
        expected = json.loads((folder / f"{name}.json").read_text())
        if name in LANDED:
            return landed(lake, f"camt/{name}/%"), expected
        return camt.read((folder / f"{name}.xml").read_bytes()), expected

    return found


def last_record(rows, expected):
    """The other reader's export keeps only the last statement of a file, and its entries."""
    number = len(expected["getRecords"])
    entries = expected["getEntries"]
    record = entries[0]["getRecord"] if entries else expected["getRecords"][0]
    return number, record, [row for row in rows["bank__entries"] if row["statement_no"] == number]


@pytest.mark.parametrize("name", READABLE)
def test_a_statement_is_read_as_the_other_reader_reads_it(read, name):
    rows, expected = read(name)

    number, record, _ = last_record(rows, expected)
    assert len(rows["bank__statements"]) == number
    ours = rows["bank__statements"][-1]
    assert ours["message_id"] == expected["getGroupHeader"]["getMessageId"]
    assert ours["statement_id"] == record["getId"]
    assert ours["account"] == record["getAccount"]["getIdentification"]
    assert ours["sequence_number"] == record.get("getElectronicSequenceNumber")
    assert ours["legal_sequence_number"] == record.get("getLegalSequenceNumber")
    assert ours["copy_duplicate"] == record.get("getCopyDuplicateIndicator")
    assert ours["additional_information"] == record.get("getAdditionalInformation")
    assert ours["page_number"] == (record.get("getPagination") or {}).get("getPageNumber")
    for moment, theirs in (
        ("created_at", "CreatedOn"),
        ("from_at", "FromDate"),
        ("to_at", "ToDate"),
    ):
        assert iso(ours[moment]) == (record.get(f"get{theirs}") or {"0": None})["0"]
    assert [
        (BALANCE_TYPES[row["balance_code"]], (row["amount_minor"], row["currency"]), str(row["balance_date"]))
        for row in rows["bank__balances"]
        if row["statement_no"] == number
    ] == [
        (each["getType"], money(each["getAmount"]), day(each["getDate"]))
        for each in record.get("getBalances", [])
    ]  # fmt: skip


@pytest.mark.parametrize("name", READABLE)
def test_entries_are_read_as_the_other_reader_reads_them(read, name):
    rows, expected = read(name)

    _, _, entries = last_record(rows, expected)
    assert len(entries) == len(expected["getEntries"])
    for ours, theirs in zip(entries, expected["getEntries"], strict=True):
        code = theirs["getBankTransactionCode"]
        domain, proprietary = code["getDomain"] or {}, code["getProprietary"] or {}
        family = domain.get("getFamily") or {}
        assert (ours["amount_minor"], ours["currency"]) == money(theirs["getAmount"])
        assert ours["credit_debit"] == theirs["getCreditDebitIndicator"]
        assert ours["status"] == theirs["getStatus"]
        assert ours["is_reversal"] == theirs["getReversalIndicator"]
        assert ours["entry_reference"] == theirs["getReference"]
        assert ours["servicer_reference"] == theirs["getAccountServicerReference"]
        if name != "camt052.v1":
            # Version 1 keeps the batch elsewhere, where the other reader does not look.
            assert ours["batch_payment_id"] == theirs["getBatchPaymentId"]
        assert ours["additional_information"] == (theirs["getAdditionalInfo"] or None)
        assert str(ours["value_date"] or "") == (day(theirs["getValueDate"]) or "")
        assert str(ours["booking_date"] or "") == (day(theirs["getBookingDate"]) or "")
        if ours["booked_at"]:
            assert iso(ours["booked_at"]) == theirs["getBookingDate"]["0"]
        assert ours["transaction_domain"] == domain.get("getCode")
        assert ours["transaction_family"] == family.get("getCode")
        assert ours["transaction_subfamily"] == family.get("getSubFamilyCode")
        assert ours["proprietary_code"] == proprietary.get("getCode")
        assert ours["proprietary_issuer"] == (proprietary.get("getIssuer") or None)


@pytest.mark.parametrize("name", READABLE)
def test_payments_inside_an_entry_are_read_as_the_other_reader_reads_them(read, name):
    rows, expected = read(name)

    number, _, entries = last_record(rows, expected)
    for entry, theirs in zip(entries, expected["getEntries"], strict=True):
        ours = [
            row
            for row in rows["bank__entry_details"]
            if (row["statement_no"], row["entry_no"]) == (number, entry["entry_no"])
        ]
        details = theirs["getTransactionDetails"]
        # The export replaces what it has shown before, above all the first payment.
        details = [theirs["getTransactionDetail"], *details[1:]] if details else []
        assert len(ours) == len(details)
        for row, detail in zip(ours, details, strict=True):
            assert_same_payment(row, detail, own_direction=name in OWN_DIRECTION)


def assert_same_payment(row, detail, *, own_direction):
    stated = money(detail["getAmount"])
    if stated and own_direction:
        assert (abs(row["amount_minor"]), row["currency"]) == (abs(stated[0]), stated[1])
        assert (row["credit_debit"], detail["getCreditDebitIndicator"]) == ("CRDT", "DBIT")
    else:
        assert row["amount_minor"] == (stated[0] if stated else None)
        assert row["credit_debit"] == detail["getCreditDebitIndicator"]
    for ours, theirs in REFERENCES.items():
        assert row.get(ours) == (detail["getReference"] or {}).get(f"get{theirs}")
    parties = {
        party["getRelatedPartyType"]["__CLASS__"].rpartition("\\")[2]: party
        for party in detail["getRelatedParties"]
    }
    for side, theirs in (("debtor", "Debtor"), ("creditor", "Creditor")):
        party = parties.get(theirs)
        assert row.get(f"{side}_name") == (party and party["getRelatedPartyType"]["getName"])
        account = party and party["getAccount"]
        assert row.get(f"{side}_account") == (account and account["getIdentification"])
        address = party and party["getRelatedPartyType"]["getAddress"]
        assert row.get(f"{side}_country") == (address and address["getCountry"])
        ultimate = parties.get(f"Ultimate{theirs}")
        named = ultimate and ultimate["getRelatedPartyType"]["getName"]
        assert row.get(f"ultimate_{side}_name") == named
    remittance = detail["getRemittanceInformation"]
    blocks = remittance["getUnstructuredBlocks"] if remittance else []
    assert len(row["remittance"]) == len(blocks)
    if blocks:
        assert row["remittance"][0] == remittance["getUnstructuredBlock"]["getMessage"]


def test_a_document_without_a_statement_is_refused(data):
    wrong = (data / "bank" / "camt" / "camt053.v2.wrong.xml").read_bytes()

    with pytest.raises(FileRefused, match="holds no Stmt"):
        camt.parse(wrong)


def test_statements_that_foot_land_and_the_others_are_put_aside_with_their_reason(receipt, lake):
    assert receipt.refused == {f"{name}/{name}.xml": reason for name, reason in REFUSED.items()}
    assert set(receipt.landed) == {f"{name}/{name}.xml" for name in LANDED}
    landed = lake.execute("""
        select split_part(file_name, '/', 2), count(*), sum(amount_minor)
        from lake.raw.bank__entries where file_name like 'camt/%' group by 1
    """).fetchall()
    assert {name: count for name, count, _ in landed} == LANDED
    totals = {name: total for name, _, total in landed}
    assert totals.pop("camt053.v2.multi.statement") == 885 - 700
    assert set(totals.values()) == {-20_000_000}
