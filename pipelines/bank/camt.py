"""ISO 20022 account reports (camt.052), statements (camt.053) and notifications (camt.054).

Versions 1 to 8. What moved between them: `Sts` is text up to version 6
and `Sts/Cd` after; parties sit under `Pty` or `Agt` from version 8; version 1 has `Btch` and
`TxDtls` directly under the entry.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import pyarrow as pa
from lxml import etree

from operational.kit.money import Money
from pipelines import contracts
from pipelines.bank import tables
from pipelines.contracts import Batch, FileRefused, Row

NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[234])\.001\.0([1-8])")
RECORDS = {"camt.052": "Rpt", "camt.053": "Stmt", "camt.054": "Ntfctn"}
STATUSES = {"BOOK", "PDNG", "INFO", "FUTR"}

Rows = dict[str, list[Row]]


def parse(content: bytes) -> Batch:
    """Read and check one camt file.

    Raises:
        FileRefused: the document breaks its schema where we read it, or its sums do not hold.
    """
    rows = read(content)
    controls = check(rows)
    first = rows["bank__statements"][0]
    return Batch(
        source="camt",
        content_sha256=contracts.sha256(content),
        name=f"{first['account']}/{first['message_type']}/{first['statement_id']}",
        tables={
            table: pa.Table.from_pylist(rows[table], schema=schema)
            for table, schema in tables.SCHEMAS.items()
        },
        controls=controls,
    )


def read(content: bytes) -> Rows:
    """The rows of every statement in the document, by raw table, sums not yet checked."""
    root = contracts.parse_xml(content)
    found = NAMESPACE.fullmatch(etree.QName(root).namespace or "")
    if not found:
        raise FileRefused("not a camt.052, 053 or 054 document of versions 1 to 8", row=1)
    for element in root.iter(tag=etree.Element):
        element.tag = etree.QName(element).localname
    message = _required(root, "*")
    rows: Rows = defaultdict(list)
    for number, record in enumerate(message.findall(RECORDS[found[1]]), 1):
        header = {"message_type": found[1], "message_version": int(found[2])}
        header["message_id"] = _required(message, "GrpHdr/MsgId").text
        rows["bank__statements"].append(_statement(record, number) | header)
        rows["bank__balances"] += _balances(record, number)
        for entry_number, entry in enumerate(record.findall("Ntry"), 1):
            place = {"statement_no": number, "entry_no": entry_number}
            rows["bank__entries"].append(place | _entry(entry))
            rows["bank__entry_details"] += [place | detail for detail in _details(entry)]
    if not rows["bank__statements"]:
        raise FileRefused(f"holds no {RECORDS[found[1]]}", row=message.sourceline)
    return rows


def check(rows: Rows) -> dict[str, int | str]:
    """Check that every statement foots and holds as many entries as its summary says.

    A camt.053 must open and close: opening booked balance + booked entries = closing booked
    balance. Reports and notifications carry no such pair.

    Raises:
        FileRefused: a statement that does not foot or cannot be checked.
    """
    for statement in rows["bank__statements"]:
        _check_summary(rows, statement)
        if statement["message_type"] == "camt.053":
            _check_footing(rows, statement["statement_no"])
    booked: dict[str, int | str] = {"entries": len(rows["bank__entries"])}
    for entry in rows["bank__entries"]:
        if entry["status"] == "BOOK":
            key = f"booked {entry['currency']}"
            booked[key] = int(booked.get(key, 0)) + entry["amount_minor"]
    return booked


def _check_footing(rows: Rows, number: int) -> None:
    mine = [row for row in rows["bank__balances"] if row["statement_no"] == number]
    opening = next((row for row in mine if row["balance_code"] == "OPBD"), None) or next(
        (row for row in mine if row["balance_code"] == "PRCD"), None
    )
    closing = next((row for row in mine if row["balance_code"] == "CLBD"), None)
    if opening is None or closing is None:
        raise FileRefused(f"statement {number} does not state both OPBD and CLBD", column="Bal")
    booked = [
        row
        for row in rows["bank__entries"]
        if row["statement_no"] == number and row["status"] == "BOOK"
    ]
    currencies = {row["currency"] for row in (opening, closing, *booked)}
    if len(currencies) > 1:
        reason = f"statement {number} mixes {', '.join(sorted(currencies))}"
        raise FileRefused(reason, column="Bal/Amt/@Ccy")
    expected = opening["amount_minor"] + sum(row["amount_minor"] for row in booked)
    if expected != closing["amount_minor"]:
        reason = (
            f"statement {number} does not foot: opening and entries make {expected} minor units, "
            f"closing says {closing['amount_minor']}"
        )
        raise FileRefused(reason, column="CLBD")


def _check_summary(rows: Rows, statement: Row) -> None:
    """Compare the counts and sums a statement states in `TxsSummry` with what it holds."""
    entries = [
        row for row in rows["bank__entries"] if row["statement_no"] == statement["statement_no"]
    ]
    for tag, stated in statement.pop("summary").items():
        direction = {"TtlCdtNtries": "CRDT", "TtlDbtNtries": "DBIT"}.get(tag)
        mine = [row for row in entries if direction in {None, row["credit_debit"]}]
        count, total = stated
        if count is not None and count != len(mine):
            raise FileRefused(f"says {count} entries and holds {len(mine)}", column=tag)
        major = sum(abs(Money(row["amount_minor"], row["currency"]).major) for row in mine)
        if total is not None and total != major:
            raise FileRefused(f"says entries sum to {total}, they sum to {major}", column=tag)


def _statement(record: Any, number: int) -> Row:
    account = record.find("Acct")
    if account is None:
        raise FileRefused("this statement names no account", row=record.sourceline, column="Acct")
    return {
        "statement_no": number,
        "statement_id": _required(record, "Id").text,
        "sequence_number": _text(record, "ElctrncSeqNb"),
        "legal_sequence_number": _text(record, "LglSeqNb"),
        "account": _account(account),
        "account_name": _text(account, "Nm"),
        "page_number": _text(record, "StmtPgntn/PgNb", "RptPgntn/PgNb", "NtfctnPgntn/PgNb"),
        "copy_duplicate": _text(record, "CpyDplctInd"),
        "additional_information": _text(record, "AddtlStmtInf", "AddtlRptInf", "AddtlNtfctnInf"),
        "created_at": _instant(record, "CreDtTm"),
        "from_at": _instant(record, "FrToDt/FrDtTm"),
        "to_at": _instant(record, "FrToDt/ToDtTm"),
        "summary": dict(_summary(record)),
    }


def _summary(record: Any) -> Iterator[tuple[str, tuple[int | None, Decimal | None]]]:
    for tag in ("TtlNtries", "TtlCdtNtries", "TtlDbtNtries"):
        total = record.find(f"TxsSummry/{tag}")
        if total is not None:
            place: dict[str, Any] = {"row": total.sourceline, "column": tag}
            count, amount = total.findtext("NbOfNtries"), total.findtext("Sum")
            yield (
                tag,
                (
                    None if count is None else contracts.whole(count.strip(), **place),
                    None if amount is None else contracts.decimal(amount.strip(), **place),
                ),
            )


def _balances(record: Any, number: int) -> Iterator[Row]:
    for balance_number, balance in enumerate(record.findall("Bal"), 1):
        amount, currency = _amount(_required(balance, "Amt"), _direction(balance))
        _, on = _moment(balance, "Dt")
        yield {
            "statement_no": number,
            "balance_no": balance_number,
            "balance_code": _required(
                balance, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Cd"
            ).text,
            "amount_minor": amount,
            "currency": currency,
            "balance_date": on,
        }


def _entry(entry: Any) -> Row:
    direction = _direction(entry)
    amount, currency = _amount(_required(entry, "Amt"), direction)
    status = _required(entry, "Sts/Cd", "Sts/Prtry", "Sts").text
    if status not in STATUSES:
        raise FileRefused(f"unknown status {status!r}", row=entry.sourceline, column="Sts")
    booked_at, booking_date = _moment(entry, "BookgDt")
    batch = entry.find("NtryDtls/Btch") if entry.find("Btch") is None else entry.find("Btch")
    count = None if batch is None else batch.find("NbOfTxs")
    return {
        "entry_reference": _text(entry, "NtryRef"),
        "servicer_reference": _text(entry, "AcctSvcrRef"),
        "batch_payment_id": None if batch is None else _text(batch, "PmtInfId"),
        "amount_minor": amount,
        "currency": currency,
        "credit_debit": direction,
        "status": status,
        "is_reversal": _text(entry, "RvslInd") in {"true", "1"},
        "transaction_domain": _text(entry, "BkTxCd/Domn/Cd"),
        "transaction_family": _text(entry, "BkTxCd/Domn/Fmly/Cd"),
        "transaction_subfamily": _text(entry, "BkTxCd/Domn/Fmly/SubFmlyCd"),
        "proprietary_code": _text(entry, "BkTxCd/Prtry/Cd"),
        "proprietary_issuer": _text(entry, "BkTxCd/Prtry/Issr"),
        "additional_information": _text(entry, "AddtlNtryInf"),
        "booked_at": booked_at,
        "booking_date": booking_date,
        "value_date": _moment(entry, "ValDt")[1],
        "batch_count": None
        if count is None
        else contracts.whole(count.text or "", row=count.sourceline, column="NbOfTxs"),
    }


def _details(entry: Any) -> Iterator[Row]:
    found = chain(entry.findall("NtryDtls/TxDtls"), entry.findall("TxDtls"))
    for number, detail in enumerate(found, 1):
        stated = detail.find("Amt")
        direction = _direction(entry if detail.find("CdtDbtInd") is None else detail)
        amount, currency = (None, None) if stated is None else _amount(stated, direction)
        references = detail.find("Refs")
        yield {
            "detail_no": number,
            "amount_minor": amount,
            "currency": currency,
            "credit_debit": direction,
            "remittance": _texts(detail, "RmtInf/Ustrd"),
            "creditor_references": _texts(detail, "RmtInf/Strd/CdtrRefInf/Ref"),
            "additional_remittance": _texts(detail, "RmtInf/Strd/AddtlRmtInf"),
            "return_reason": _text(detail, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
            "additional_information": _text(detail, "AddtlTxInf"),
            **({} if references is None else _references(references)),
            **_parties(detail),
        }


def _references(references: Any) -> Row:
    return {
        "end_to_end_id": _text(references, "EndToEndId"),
        "instruction_id": _text(references, "InstrId"),
        "message_id": _text(references, "MsgId"),
        "payment_information_id": _text(references, "PmtInfId"),
        "transaction_id": _text(references, "TxId"),
        "mandate_id": _text(references, "MndtId"),
        "servicer_reference": _text(references, "AcctSvcrRef"),
        "cheque_number": _text(references, "ChqNb"),
        "clearing_reference": _text(references, "ClrSysRef"),
        "uetr": _text(references, "UETR"),
    }


def _parties(detail: Any) -> Row:
    parties = detail.find("RltdPties")
    row: Row = {
        "debtor_bank": _text(detail, *_bank("DbtrAgt")),
        "creditor_bank": _text(detail, *_bank("CdtrAgt")),
    }
    if parties is None:
        return row
    for side, tag in (("debtor", "Dbtr"), ("creditor", "Cdtr")):
        account = parties.find(f"{tag}Acct")
        row[f"{side}_name"] = _text(parties, *_named(tag))
        row[f"{side}_account"] = None if account is None else _account(account)
        row[f"{side}_country"] = _text(parties, *_named(tag, "PstlAdr/Ctry"))
        row[f"ultimate_{side}_name"] = _text(parties, *_named(f"Ultmt{tag}"))
    return row


def _named(tag: str, what: str = "Nm") -> tuple[str, ...]:
    """Where a party says `what`: itself, or as a person or a bank from version 8 on."""
    return f"{tag}/{what}", f"{tag}/Pty/{what}", f"{tag}/Agt/FinInstnId/{what}"


def _bank(tag: str) -> tuple[str, ...]:
    place = f"RltdAgts/{tag}/FinInstnId"
    return f"{place}/BICFI", f"{place}/BIC", f"{place}/CmbndId/BIC"


def _account(account: Any) -> str | None:
    return _text(account, "Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id", "Id/BBAN", "Id/UPIC")


def _direction(element: Any) -> str:
    found = _required(element, "CdtDbtInd")
    if found.text not in {"CRDT", "DBIT"}:
        raise FileRefused(
            f"unknown direction {found.text!r}", row=found.sourceline, column="CdtDbtInd"
        )
    return str(found.text)


def _amount(element: Any, direction: str) -> tuple[int, str]:
    place: dict[str, Any] = {"row": element.sourceline, "column": element.tag}
    amount: Decimal = contracts.decimal((element.text or "").strip(), **place)
    if amount < 0:
        raise FileRefused("amounts are positive, their direction is CdtDbtInd", **place)
    currency = element.get("Ccy") or ""
    minor = contracts.minor(amount, currency, **place)
    return (minor if direction == "CRDT" else -minor), currency


def _moment(element: Any, tag: str) -> tuple[datetime | None, date | None]:
    """The instant, where a bank states one, and the date as written in the bank's own zone."""
    at = element.find(f"{tag}/DtTm")
    if at is not None:
        place: dict[str, Any] = {"row": at.sourceline, "column": tag}
        written = (at.text or "").strip()
        return contracts.instant(written, **place), contracts.day(written[:10], **place)
    on = element.find(f"{tag}/Dt")
    if on is None:
        return None, None
    return None, contracts.day((on.text or "").strip(), row=on.sourceline, column=tag)


def _instant(element: Any, path: str) -> datetime | None:
    found = element.find(path)
    if found is None:
        return None
    return contracts.instant((found.text or "").strip(), row=found.sourceline, column=path)


def _required(element: Any, *paths: str) -> Any:
    for path in paths:
        found = element.find(path)
        if found is not None and (path == "*" or (found.text or "").strip()):
            return found
    raise FileRefused("this element is missing", row=element.sourceline, column=paths[0])


def _text(element: Any, *paths: str) -> str | None:
    for path in paths:
        found = element.findtext(path)
        if found and found.strip():
            return str(found.strip())
    return None


def _texts(element: Any, path: str) -> list[str]:
    return [found.text.strip() for found in element.findall(path) if found.text]
