"""Adyen's settlement detail report: one batch of one merchant account, as CSV or Excel."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa

from operational.kit.money import AmountInvalid, exponent
from pipelines import contracts, spreadsheet
from pipelines.contracts import INSTANT, Batch, FileRefused, Row
from pipelines.spreadsheet import Cell

COLUMNS = (
    "Company Account", "Merchant Account", "Psp Reference", "Merchant Reference",
    "Payment Method", "Creation Date", "TimeZone", "Type", "Modification Reference",
    "Gross Currency", "Gross Debit (GC)", "Gross Credit (GC)", "Exchange Rate", "Net Currency",
    "Net Debit (NC)", "Net Credit (NC)", "Commission (NC)", "Markup (NC)", "Scheme Fees (NC)",
    "Interchange (NC)", "Payment Method Variant", "Modification Merchant Reference",
    "Batch Number",
)  # fmt: skip
OPTIONAL = (
    *(f"Reserved{number}" for number in range(4, 11)),
    "Booking Date", "Booking Date TimeZone", "Booking Type", "Acquirer", "ARN",
    "Payment Received Date", "Payment Received TimeZone", "Advancement Code",
)  # fmt: skip
SHEETS = frozenset({"Data", "Sheet1"})

TYPES = {
    each.lower(): each
    for each in (
        "Settled", "Refunded", "RefundedReversed", "Chargeback", "SecondChargeback",
        "ChargebackReversed", "Fee", "InvoiceDeduction", "MiscCosts", "BalanceTransfer",
        "DepositCorrection", "MerchantPayout", "MatchedStatement", "ManualCorrected",
        "AuthorisationSchemeFee", "BankInstructionReturned", "InternalCompanyPayout", "EpaPaid",
        "PaymentCost", "SettleCost", "PaidOut", "PaidOutReversed", "ReserveAdjustment",
    )
}  # fmt: skip
"""Adyen spells some of these with and without inner capitals; one spelling is kept."""

ZONE_HOURS = {
    "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "SGT": 8, "HKT": 8, "JST": 9, "AEST": 10, "AEDT": 11,
}  # fmt: skip
"""Hours ahead of UTC of the abbreviations Adyen writes; CST is Chicago's."""

FEES = {
    "commission_minor": "Commission (NC)",
    "markup_minor": "Markup (NC)",
    "scheme_fee_minor": "Scheme Fees (NC)",
    "interchange_minor": "Interchange (NC)",
}

RATE = pa.decimal128(28, 18)
"""Adyen writes up to 14 decimals."""

LINES = pa.schema(
    {
        "line_no": pa.int64(),
        "company_account": pa.string(),
        "merchant_account": pa.string(),
        "batch_number": pa.int64(),
        "psp_reference": pa.string(),
        "merchant_reference": pa.string(),
        "modification_reference": pa.string(),
        "modification_merchant_reference": pa.string(),
        "line_type": pa.string(),
        "payment_method": pa.string(),
        "payment_method_variant": pa.string(),
        "gross_minor": pa.int64(),
        "gross_currency": pa.string(),
        "exchange_rate": RATE,
        "net_minor": pa.int64(),
        "net_currency": pa.string(),
        **dict.fromkeys(FEES, pa.int64()),
        "created_at": INSTANT,
        "time_zone": pa.string(),
    }
)
"""One row per line of the report. Credit is positive, debit negative, fees positive when paid.
Fee lines may be equal but for `line_no`, the row in the file."""

Lines = Iterator[tuple[int, list[Cell]]]


def parse_csv(content: bytes) -> Batch:
    """Read and check the report as comma-separated UTF-8.

    Raises:
        FileRefused: see `_parse`.
    """
    return _parse(content, iter(contracts.csv_rows(contracts.decode(content, "utf-8"))))  # type: ignore[arg-type]


def parse_excel(content: bytes) -> Batch:
    """Read and check the report as an Excel workbook.

    Raises:
        FileRefused: see `_parse`.
    """
    return _parse(content, spreadsheet.rows(content, SHEETS))


def _parse(content: bytes, lines: Lines) -> Batch:
    """Read every line by its column's name and check that the batch sums to zero.

    Raises:
        FileRefused: a column renamed, a type, zone or currency unknown, two batches in one file,
            or credits and debits (the payout included) that do not cancel out.
    """
    number, header = next(lines, (1, []))
    names = [str(cell) for cell in header]
    contracts.match_header([name for name in names if name], COLUMNS, OPTIONAL, row=number)
    rows = [_line(number, names, cells) for number, cells in lines]
    if not rows:
        raise FileRefused("holds no lines", row=number)
    batches = {(row["merchant_account"], row["batch_number"]) for row in rows}
    if len(batches) > 1:
        raise FileRefused(f"holds {len(batches)} batches", column="Batch Number")
    _check_sums(rows)
    merchant, batch = batches.pop()
    return Batch(
        source="adyen_settlement",
        content_sha256=contracts.sha256(content),
        name=f"{merchant}/{batch}",
        tables={"psp__adyen_lines": pa.Table.from_pylist(rows, schema=LINES)},
        controls={
            "lines": len(rows),
            **{f"paid out {row['net_currency']}": -row["net_minor"] for row in rows
               if row["line_type"] == "MerchantPayout"},
            "net not explained by gross and fees": sum(not is_explained(row) for row in rows),
        },
    )  # fmt: skip


def is_explained(row: Row) -> bool:
    """Is the net the gross at the line's rate less its fees, give or take one minor unit?

    A line that is not becomes a fee break to look into; the batch still sums, so it is real.
    """
    if row["gross_minor"] is None or row["line_type"] == "MerchantPayout":
        return True
    rate = Decimal(1) if row["exchange_rate"] is None else row["exchange_rate"]
    shift = exponent(row["net_currency"]) - exponent(row["gross_currency"])
    gross = (row["gross_minor"] * rate).scaleb(shift)
    fees = sum(row[fee] or 0 for fee in FEES)
    return bool(abs(gross - fees - row["net_minor"]) <= 1)


def _check_sums(rows: list[Row]) -> None:
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["net_currency"]] += row["net_minor"]
    for currency, total in sums.items():
        if total:
            reason = f"the batch sums to {total} minor units of {currency}, not to zero"
            raise FileRefused(reason, column="Net Credit (NC)")


def _line(number: int, names: list[str], cells: list[Cell]) -> Row:
    values: dict[str, Cell] = dict.fromkeys(names, "")
    values.update(zip(names, cells, strict=False))
    if len(cells) > len(names) or values.pop("", ""):
        raise FileRefused("holds a cell outside the agreed columns", row=number)
    texts = {name: str(value) for name, value in values.items()}
    kind = TYPES.get(texts["Type"].lower())
    if kind is None:
        raise FileRefused(f"unknown type {texts['Type']!r}", row=number, column="Type")
    rate = texts["Exchange Rate"]
    return {
        "line_no": number,
        "company_account": texts["Company Account"],
        "merchant_account": texts["Merchant Account"],
        "batch_number": contracts.whole(texts["Batch Number"], row=number, column="Batch Number"),
        "psp_reference": texts["Psp Reference"] or None,
        "merchant_reference": texts["Merchant Reference"] or None,
        "modification_reference": texts["Modification Reference"] or None,
        "modification_merchant_reference": texts["Modification Merchant Reference"] or None,
        "line_type": kind,
        "payment_method": texts["Payment Method"] or None,
        "payment_method_variant": texts["Payment Method Variant"] or None,
        "gross_minor": _signed(texts, "Gross", "GC", number),
        "gross_currency": texts["Gross Currency"] or None,
        "exchange_rate": contracts.exact(rate, RATE, row=number, column="Exchange Rate")
        if rate
        else None,
        "net_minor": _signed(texts, "Net", "NC", number) or 0,
        "net_currency": _currency(texts["Net Currency"], number, "Net Currency"),
        **{
            name: _amount(texts, column, texts["Net Currency"], number)
            for name, column in FEES.items()
        },
        "created_at": _created_at(values["Creation Date"], texts["TimeZone"], number),
        "time_zone": texts["TimeZone"],
    }  # fmt: skip


def _signed(texts: dict[str, str], which: str, suffix: str, number: int) -> int | None:
    """Credit less debit; empty where the line states neither."""
    currency = texts[f"{which} Currency"]
    credit = _amount(texts, f"{which} Credit ({suffix})", currency, number)
    debit = _amount(texts, f"{which} Debit ({suffix})", currency, number)
    return None if credit is None and debit is None else (credit or 0) - (debit or 0)


def _amount(texts: dict[str, str], column: str, currency: str, number: int) -> int | None:
    if not texts[column]:
        return None
    place: dict[str, Any] = {"row": number, "column": column}
    return contracts.minor(contracts.decimal(texts[column], **place), currency, **place)


def _currency(text: str, number: int, column: str) -> str:
    try:
        exponent(text)
    except AmountInvalid as error:
        raise FileRefused(str(error), row=number, column=column) from None
    return text


def _created_at(written: Cell, zone: str, number: int) -> datetime:
    if zone not in ZONE_HOURS:
        raise FileRefused(f"unknown time zone {zone!r}", row=number, column="TimeZone")
    if isinstance(written, str):
        place: dict[str, Any] = {"row": number, "column": "Creation Date"}
        written = contracts.wall_clock(written, "%Y-%m-%d %H:%M:%S", **place)
    offset = timezone(timedelta(hours=ZONE_HOURS[zone]))
    return written.replace(tzinfo=offset).astimezone(UTC)
