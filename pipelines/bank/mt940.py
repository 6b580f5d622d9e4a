"""SWIFT MT940 customer statements, read with the mt-940 library, checked and shaped by us."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import mt940 as library
import pyarrow as pa

from pipelines import contracts
from pipelines.bank import tables
from pipelines.contracts import Batch, FileRefused, Row

# Every fix of the library, above all the sign of RC: a reversed credit takes money away.
OPTIONS = library.Options.all()
OPENINGS = ("final_opening_balance", "intermediate_opening_balance", "opening_balance")
CLOSINGS = ("final_closing_balance", "intermediate_closing_balance", "closing_balance")
BALANCE_CODES = {
    "final_opening_balance": "OPBD",
    "intermediate_opening_balance": "ITBD",
    "opening_balance": "OPBD",
    "final_closing_balance": "CLBD",
    "intermediate_closing_balance": "ITBD",
    "closing_balance": "CLBD",
    "available_balance": "CLAV",
    "forward_available_balance": "FWAV",
}
"""Tags 60 to 65 in the codes camt uses, so that both land in one table."""

ONCE = re.compile(r"(?m)^:(25|28|60|62)[A-Z]?:")

Rows = dict[str, list[Row]]


def parse(content: bytes, encoding: str = "utf-8") -> Batch:
    """Read and check one MT940 file of any number of statements.

    Raises:
        FileRefused: not in `encoding`, not MT940, a currency not held here, or a statement whose
            opening balance and entries do not make its closing balance.
    """
    rows = read(content, encoding)
    if not rows["bank__statements"]:
        raise FileRefused("holds no statement (tag :20:)", row=1)
    booked: dict[str, int | str] = {"entries": len(rows["bank__entries"])}
    for statement in rows["bank__statements"]:
        currency, total = _check(rows, statement)
        booked[f"booked {currency}"] = int(booked.get(f"booked {currency}", 0)) + total
    first, opening = rows["bank__statements"][0], rows["bank__balances"][0]
    return Batch(
        source="mt940",
        content_sha256=contracts.sha256(content),
        name=f"{first['account']}/{first['sequence_number']}/{opening['balance_date']}",
        tables={
            table: pa.Table.from_pylist(rows[table], schema=schema)
            for table, schema in tables.SCHEMAS.items()
        },
        controls=booked,
    )


def read(content: bytes, encoding: str = "utf-8") -> Rows:
    """The rows of every statement in the file, by raw table, balances not yet checked."""
    rows: Rows = defaultdict(list)
    text = contracts.decode(content, encoding)
    for number, (line, block) in enumerate(_blocks(text), 1):
        _shape(rows, _read(block, line), number, line)
    return rows


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Each statement's text with the line it starts on. Tag 20 comes once, at its head."""
    starts = [found.start() for found in re.finditer(r"(?m)^:20:", text)]
    for start, end in pairwise([*starts, len(text)]):
        yield text.count("\n", 0, start) + 1, text[start:end]


def _read(block: str, line: int) -> Any:
    seen: set[str] = set()
    for found in ONCE.finditer(block):
        if found[1] in seen:
            row = line + block.count("\n", 0, found.start())
            raise FileRefused("comes twice in one statement", row=row, column=f":{found[1]}:")
        seen.add(found[1])
    statement = library.models.Transactions(options=OPTIONS)
    try:
        statement.parse(block)
    except RuntimeError as error:
        _, tag, value = error.args
        before = block.partition(value.splitlines()[0] if value else "\0")[0]
        row = line + before.count("\n")
        raise FileRefused(
            "this field is not as MT940 writes it", row=row, column=f":{tag.id}:"
        ) from None
    except (ValueError, ArithmeticError) as error:
        raise FileRefused(f"a date or amount is not readable: {error}", row=line) from None
    return statement


def _check(rows: Rows, statement: Row) -> tuple[str, int]:
    """The currency and sum of the entries, once they lead from opening to closing."""
    number, line = statement["statement_no"], statement["line"]
    balances = [row for row in rows["bank__balances"] if row["statement_no"] == number]
    opening = next((row for row in balances if row["tag"] in OPENINGS), None)
    closing = next((row for row in balances if row["tag"] in CLOSINGS), None)
    if opening is None or closing is None or not statement["account"]:
        reason = f"statement {number} lacks an account, an opening or a closing balance"
        raise FileRefused(reason, row=line)
    currencies = {opening["currency"], closing["currency"]}
    if len(currencies) > 1:
        raise FileRefused(f"statement {number} mixes {', '.join(sorted(currencies))}", row=line)
    entries = [row for row in rows["bank__entries"] if row["statement_no"] == number]
    total = sum(row["amount_minor"] for row in entries)
    if opening["amount_minor"] + total != closing["amount_minor"]:
        reason = (
            f"statement {number} does not foot: opening and entries make "
            f"{opening['amount_minor'] + total} minor units, closing says {closing['amount_minor']}"
        )
        raise FileRefused(reason, row=line, column=":62:")
    return str(opening["currency"]), total


def _shape(rows: Rows, statement: Any, number: int, line: int) -> None:
    """Add a statement's rows; `line` and `tag` serve the check and are no columns."""
    data = statement.data
    numbers = (data.get("statement_number"), data.get("sequence_number"))
    rows["bank__statements"].append(
        {
            "statement_no": number,
            "message_type": "mt940",
            "message_id": data.get("transaction_reference"),
            "statement_id": data.get("transaction_reference"),
            "sequence_number": "/".join(each for each in numbers if each) or None,
            "account": data.get("account_identification"),
            "line": line,
        }
    )
    held = [name for name in BALANCE_CODES if name in data]
    for balance_no, name in enumerate(held, 1):
        balance = data[name]
        rows["bank__balances"].append(
            {
                "statement_no": number,
                "balance_no": balance_no,
                "balance_code": BALANCE_CODES[name],
                "tag": name,
                "amount_minor": contracts.minor(
                    balance.amount.amount, balance.amount.currency, row=line, column=name
                ),
                "currency": balance.amount.currency,
                "balance_date": _date(balance.date),
            }
        )
    for entry_no, entry in enumerate(statement, 1):
        place = {"statement_no": number, "entry_no": entry_no}
        rows["bank__entries"].append(place | _entry(entry.data, line))
        rows["bank__entry_details"].append(place | _detail(entry.data))


def _entry(data: Row, line: int) -> Row:
    mark = data["status"].upper()
    amount = data["amount"]
    place: dict[str, Any] = {"row": line, "column": ":61:"}
    return {
        "servicer_reference": data.get("bank_reference"),
        "customer_reference": data.get("customer_reference"),
        "amount_minor": contracts.minor(amount.amount, amount.currency or "", **place),
        "currency": amount.currency,
        "credit_debit": "CRDT" if mark in {"C", "RD"} else "DBIT",
        "status": "BOOK",
        "is_reversal": mark.startswith("R"),
        "proprietary_code": data.get("id"),
        "additional_information": data.get("extra_details") or None,
        "booking_date": _date(data.get("entry_date")),
        "value_date": _date(data["date"]),
    }


def _detail(data: Row) -> Row:
    """What tag 86 tells. The other party pays a credit and is paid by a debit."""
    side = "debtor" if data["status"].upper() in {"C", "RD"} else "creditor"
    told = data.get("purpose") or data.get("transaction_details")
    return {
        "detail_no": 1,
        "end_to_end_id": data.get("end_to_end_reference"),
        "mandate_id": data.get("additional_position_reference"),
        f"{side}_name": data.get("applicant_name"),
        f"{side}_account": data.get("applicant_iban") or data.get("gvc_applicant_iban"),
        f"{side}_bank": data.get("applicant_bin") or data.get("gvc_applicant_bin"),
        "credit_debit": "CRDT" if side == "debtor" else "DBIT",
        "remittance": [told] if told else [],
        "additional_information": data.get("posting_text"),
    }


def _date(found: date | None) -> date | None:
    """The library's own date class as a plain one."""
    return None if not isinstance(found, date) else date(found.year, found.month, found.day)
