"""PayPal's settlement report (STL), and the statement people download from its site.

A house agrees on one of the two: both tell the same transactions.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipelines import contracts
from pipelines.contracts import INSTANT, Batch, FileRefused, Row

LINES = pa.schema(
    {
        "line_no": pa.int64(),
        "account": pa.string(),
        "period": pa.string(),
        "transaction_id": pa.string(),
        "invoice_id": pa.string(),
        "reference_id": pa.string(),
        "event_code": pa.string(),
        "description": pa.string(),
        "gross_minor": pa.int64(),
        "gross_currency": pa.string(),
        "fee_minor": pa.int64(),
        "fee_currency": pa.string(),
        "net_minor": pa.int64(),
        "started_at": INSTANT,
        "completed_at": INSTANT,
    }
)
"""One row per line. Credit is positive, debit negative, fees positive when paid."""

COLUMNS = (
    "Transaction ID", "Invoice ID", "PayPal Reference ID", "PayPal Reference ID Type",
    "Transaction Event Code", "Transaction Initiation Date", "Transaction Completion Date",
    "Transaction Debit or Credit", "Gross Transaction Amount", "Gross Transaction Currency",
    "Fee Debit or Credit", "Fee Amount", "Fee Currency", "Custom Field", "Consumer ID",
    "Payment Tracking ID",
)  # fmt: skip
OPTIONAL = (
    "Store ID", "Bank Reference ID", "Credit Transactional Fee", "Credit Promotional Fee",
    "Credit Term",
)  # fmt: skip
ORDER = {
    "RH": {"FH"}, "FH": {"SH"}, "SH": {"CH", "SF"}, "CH": {"SB", "SF"}, "SB": {"SB", "SF"},
    "SF": {"SF", "SC"}, "SC": {"SH", "RF", "RC"}, "RF": {"RF", "RC"}, "RC": {"FF"}, "FF": set(),
}  # fmt: skip
"""Which kind of row may follow which: headers of report, file and section, the columns, the lines,
and the footers that count and sum them."""
_SIGNS = {"CR": 1, "DR": -1}
_HUNDREDTHS = Decimal(100)
"""Amounts are in hundredths of every currency, also of those without decimals."""

Totals = dict[str, list[int]]
"""By currency: gross credits, gross debits, fee credits, fee debits."""
Cells = Sequence[str]


def parse(content: bytes) -> list[Batch]:
    """Read and check either of the two; the first row says which it is.

    Raises:
        FileRefused: see `_settlement` and `_statement`.
    """
    # PayPal marks its files as UTF-8 with a byte order mark, and those of its site are without.
    text = contracts.decode(content.removeprefix(b"\xef\xbb\xbf"), "utf-8")
    rows = list(contracts.csv_rows(text))
    if not rows:
        raise FileRefused("holds no rows")
    is_settlement = rows[0][1][0] == "RH"
    return [_settlement(content, rows)] if is_settlement else list(_statement(rows))


def _settlement(content: bytes, rows: list[tuple[int, list[str]]]) -> Batch:
    """A whole day of an account.

    Raises:
        FileRefused: a row out of order, a footer missing, or one whose count or sums are not those
            of the lines above it.
    """
    lines: list[Row] = []
    section, report, stated = _Sums(), _Sums(), _Stated()
    before, header, account, period = "", list[str](), "", ""
    for number, cells in rows:
        kind = cells[0]
        if kind not in (ORDER.get(before, set()) if before else {"RH"}):
            raise FileRefused(f"{kind[:10]!r} cannot follow {before!r}", row=number)
        before = kind
        if kind == "SH":
            account = _cell(cells, 3, number)
            period = f"{_instant(_cell(cells, 1, number), number, 'SH'):%Y-%m-%d}"
            section, stated, header = _Sums(), _Stated(), []
        elif kind == "CH":
            header = cells[1:]
            contracts.match_header(header, COLUMNS, OPTIONAL, row=number)
        elif kind == "SB":
            line = _line(number, header, cells[1:]) | {"account": account, "period": period}
            lines.append(line)
            section.add(line)
            report.add(line)
        elif kind in {"SF", "RF"}:
            stated.totals[_cell(cells, 1, number)] = [
                contracts.whole(_cell(cells, place, number), row=number, column=kind)
                for place in range(2, 6)
            ]
        elif kind in {"SC", "RC"}:
            count = contracts.whole(_cell(cells, 1, number), row=number, column=kind)
            _compare(section if kind == "SC" else report, stated.totals, count, number, kind)
            stated = _Stated()
    if before != "FF":
        raise FileRefused("ends before its footer", row=rows[-1][0])
    return Batch(
        source="paypal_settlement",
        content_sha256=contracts.sha256(content),
        name=f"{account}/{period}",
        tables={"psp__paypal_lines": pa.Table.from_pylist(lines, schema=LINES)},
        controls={"lines": len(lines), **report.nets()},
    )


class _Sums:
    """What lines add up to, as footers state it."""

    def __init__(self) -> None:
        self.count = 0
        self.totals: Totals = defaultdict(lambda: [0, 0, 0, 0])

    def add(self, line: Row) -> None:
        self.count += 1
        gross, fee = line["gross_hundredths"], line["fee_hundredths"]
        self.totals[line["gross_currency"]][0 if gross > 0 else 1] += abs(gross)
        self.totals[line["fee_currency"]][2 if fee > 0 else 3] += abs(fee)

    def nets(self) -> dict[str, int]:
        return {
            f"net {ccy}": sums[0] - sums[1] + sums[2] - sums[3] for ccy, sums in self.totals.items()
        }


@dataclass
class _Stated:
    """What footers said until they were compared."""

    totals: Totals

    def __init__(self) -> None:
        self.totals = {}


def _compare(held: _Sums, stated: Totals, count: int, number: int, kind: str) -> None:
    if count != held.count:
        raise FileRefused(f"says {count} lines, there are {held.count}", row=number, column=kind)
    # A report in one section may leave the sums to that section.
    if kind == "RC" and not stated:
        return
    for currency in sorted({*stated, *held.totals}):
        said, found = stated.get(currency, [0] * 4), held.totals.get(currency, [0] * 4)
        if said != found:
            footer = "SF" if kind == "SC" else "RF"
            reason = f"says {said} of {currency}, its lines make {found}"
            raise FileRefused(reason, row=number, column=footer)


def _line(number: int, header: Cells, cells: Cells) -> Row:
    if len(cells) != len(header):
        raise FileRefused(f"has {len(cells)} cells, the header {len(header)}", row=number)
    texts = dict(zip(header, cells, strict=True))
    currency = texts["Gross Transaction Currency"]
    fee_currency = texts["Fee Currency"] or currency
    if fee_currency != currency:
        raise FileRefused(f"a fee in {fee_currency}", row=number, column="Fee Currency")
    gross = _hundredths(texts, "Gross Transaction Amount", "Transaction Debit or Credit", number)
    fee = _hundredths(texts, "Fee Amount", "Fee Debit or Credit", number)
    gross_minor, paid_minor = (
        contracts.minor(Decimal(amount) / _HUNDREDTHS, currency, row=number, column=column)
        for amount, column in ((gross, "Gross Transaction Amount"), (fee, "Fee Amount"))
    )
    return {
        "line_no": number,
        "transaction_id": texts["Transaction ID"],
        "invoice_id": texts["Invoice ID"] or None,
        "reference_id": texts["PayPal Reference ID"] or None,
        "event_code": texts["Transaction Event Code"],
        "gross_minor": gross_minor,
        "gross_currency": currency,
        "fee_minor": -paid_minor,
        "fee_currency": fee_currency,
        "net_minor": gross_minor + paid_minor,
        "gross_hundredths": gross,
        "fee_hundredths": fee,
        "started_at": _instant(texts["Transaction Initiation Date"], number, "Transaction Initiation Date"),
        "completed_at": _instant(texts["Transaction Completion Date"], number, "Transaction Completion Date"),
    }  # fmt: skip


def _hundredths(texts: dict[str, str], column: str, side: str, number: int) -> int:
    """Signed by its debit or credit; nothing where the line states no fee."""
    if not texts[column]:
        return 0
    amount = contracts.whole(texts[column], row=number, column=column)
    if texts[side] not in _SIGNS:
        raise FileRefused(f"{texts[side][:10]!r} is neither CR nor DR", row=number, column=side)
    return _SIGNS[texts[side]] * amount


def _instant(text: str, number: int, column: str) -> datetime:
    """Such as ``2026/03/02 10:00:00 -0800``."""
    place: dict[str, Any] = {"row": number, "column": column}
    day, _, rest = text.partition(" ")
    clock, _, offset = rest.partition(" ")
    if len(offset) != 5 or offset[0] not in "+-":  # noqa: PLR2004 - a sign and four digits
        raise FileRefused(f"{text[:40]!r} has no offset", **place)
    contracts.wall_clock(f"{day} {clock}", "%Y/%m/%d %H:%M:%S", **place)
    return contracts.instant(f"{day.replace('/', '-')}T{clock}{offset}", **place)


def _cell(cells: Cells, place: int, number: int) -> str:
    if place >= len(cells):
        raise FileRefused(f"has {len(cells)} cells", row=number)
    return cells[place]


@dataclass(frozen=True)
class Dialect:
    """A statement as PayPal's site writes it in one language."""

    columns: tuple[str, ...]
    """In the order of ENGLISH."""
    day: str
    thousands: str
    point: str
    codes: dict[str, str]
    """What it calls a transaction, and PayPal's code of it."""


_ENGLISH = Dialect(
    (
        "Date", "Time", "Time Zone", "Description", "Currency", "Gross", "Fee", "Net", "Balance",
        "Transaction ID", "From Email Address", "Name", "Bank Name", "Bank Account",
        "Shipping and Handling Amount", "Sales Tax", "Invoice ID", "Reference Txn ID",
    ),
    "%m/%d/%Y", ",", ".",
    {
        "Express Checkout Payment": "T0006",
        "General Payment": "T0000",
        "Payment Refund": "T1107",
        "Chargeback": "T1201",
        "General Withdrawal - Bank Account": "T0400",
        "General Currency Conversion": "T0200",
    },
)  # fmt: skip
_SPANISH = Dialect(
    (
        "Fecha", "Hora", "Zona horaria", "Descripción", "Divisa", "Bruto", "Comisión", "Neto",
        "Saldo", "Id. de transacción", "Correo electrónico del remitente", "Nombre",
        "Nombre del banco", "Cuenta bancaria", "Importe de envío y manipulación",
        "Impuesto de ventas", "Id. de factura", "Id. de referencia de trans.",
    ),
    "%d/%m/%Y", ".", ",",
    {"Pago estándar": "T0000"},
)  # fmt: skip


def _statement(rows: list[tuple[int, list[str]]]) -> Iterator[Batch]:
    """Each day of each currency as a batch of its own: statements over overlapping days repeat days.

    Raises:
        FileRefused: a column renamed, a kind of transaction unknown, a net that is not gross less
            fee, or a balance that the net does not lead to.
    """
    number, header = rows[0]
    names = list(header)
    while names and not names[-1]:
        names.pop()
    dialect = _SPANISH if names[:1] == [_SPANISH.columns[0]] else _ENGLISH
    contracts.match_header(names, dialect.columns, row=number)
    lines = [_told(place, names, cells, dialect) for place, cells in rows[1:]]
    balances: dict[str, int] = {}
    for line in lines:
        currency, balance = line["gross_currency"], line["balance_minor"]
        before = balances.get(currency, balance - line["net_minor"])
        if before + line["net_minor"] != balance:
            reason = f"{before} and {line['net_minor']} do not make {balance}"
            raise FileRefused(reason, row=line["line_no"], column=dialect.columns[8])
        balances[currency] = balance
    lines.sort(key=lambda line: (line["period"], line["gross_currency"]))
    for (day, currency), group in groupby(
        lines, key=lambda line: (line["period"], line["gross_currency"])
    ):
        told = list(group)
        facts = [[str(line[name]) for name in LINES.names if name != "line_no"] for line in told]
        yield Batch(
            source="paypal_statement",
            content_sha256=contracts.sha256(repr(facts).encode()),
            name=f"{day}/{currency}",
            is_repeated=True,
            tables={"psp__paypal_lines": pa.Table.from_pylist(told, schema=LINES)},
            controls={"lines": len(told), f"net {currency}": sum(x["net_minor"] for x in told)},
        )


def _told(number: int, names: Cells, cells: Cells, dialect: Dialect) -> Row:
    if len(cells) < len(names) or any(cells[len(names) :]):
        raise FileRefused(f"has {len(cells)} cells, the header {len(names)}", row=number)
    texts = dict(zip(names, cells, strict=False))
    value = dict(zip(_ENGLISH.columns, (texts[name] for name in dialect.columns), strict=True))
    column = dict(zip(_ENGLISH.columns, dialect.columns, strict=True))
    code = dialect.codes.get(value["Description"])
    if code is None:
        reason = f"nobody agreed on {value['Description'][:40]!r}"
        raise FileRefused(reason, row=number, column=column["Description"])
    amounts = {
        name: _amount(value[name], dialect, value["Currency"], number, column[name])
        for name in ("Gross", "Fee", "Net", "Balance")
    }
    if amounts["Gross"] + amounts["Fee"] != amounts["Net"]:
        reason = f"{amounts['Gross']} and {amounts['Fee']} do not make {amounts['Net']}"
        raise FileRefused(reason, row=number, column=column["Net"])
    at = _zoned(value, dialect, number, column)
    return {
        "line_no": number,
        "account": "",
        "period": f"{contracts.day(value['Date'], dialect.day, row=number, column=column['Date'])}",
        "transaction_id": value["Transaction ID"],
        "invoice_id": value["Invoice ID"] or None,
        "reference_id": value["Reference Txn ID"] or None,
        "event_code": code,
        "description": value["Description"],
        "gross_minor": amounts["Gross"],
        "gross_currency": value["Currency"],
        "fee_minor": -amounts["Fee"],
        "fee_currency": value["Currency"],
        "net_minor": amounts["Net"],
        "balance_minor": amounts["Balance"],
        "started_at": at,
        "completed_at": at,
    }


def _amount(text: str, dialect: Dialect, currency: str, number: int, column: str) -> int:
    """Such as ``-1,058.09``; separators stand between thousands or not at all."""
    place: dict[str, Any] = {"row": number, "column": column}
    whole, point, decimals = text.partition(dialect.point)
    first, *groups = whole.split(dialect.thousands)
    if any(len(group) != 3 for group in groups) or (groups and not 0 < len(first.strip("-")) <= 3):  # noqa: PLR2004 - thousands
        raise FileRefused(f"{text[:40]!r} is not an amount as agreed", **place)
    plain = "".join((first, *groups)) + (f".{decimals}" if point else "")
    return contracts.minor(contracts.decimal(plain, **place), currency, **place)


def _zoned(
    value: dict[str, str], dialect: Dialect, number: int, column: dict[str, str]
) -> datetime:
    wall = contracts.wall_clock(
        f"{value['Date']} {value['Time']}",
        f"{dialect.day} %H:%M:%S",
        row=number,
        column=column["Date"],
    )
    try:
        zone = ZoneInfo(value["Time Zone"])
    except (KeyError, ValueError, OSError):
        reason = f"unknown time zone {value['Time Zone'][:40]!r}"
        raise FileRefused(reason, row=number, column=column["Time Zone"]) from None
    return wall.replace(tzinfo=zone).astimezone(UTC)
