"""A daily report as a paper (PDF) and as a workbook (Excel), drawn from its content alone."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from operational.kit.money import Money, exponent
from operational.reconciliation import statement
from operational.reconciliation.statement import TITLES, Item, Side

_SIDES = {
    Side.OWED: "Owed to clients",
    Side.HELD: "Held for clients",
    Side.EXPLAINED: "Why the two differ",
}
_RED, _INK, _MUTED, _LINE = (179, 38, 30), (20, 35, 44), (90, 106, 116), (221, 228, 232)
_WIDE, _EDGE = 190, 10
EXACT_MAX = 10**15
"""A workbook's numbers are floats: beyond this they would no longer be whole."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on the paper besides the content."""

    version: int
    status: str
    digest: str
    signature: str
    """Who signed or refused, when and why; empty before."""
    reason: str
    """Why this version was asked for."""
    trend: dict[str, list[tuple[date, int]]]


def pdf(content: dict[str, Any], paper: Paper) -> bytes:
    """The report to print and to file."""
    sheet = FPDF()
    sheet.set_creation_date(datetime.fromisoformat(content["as_of"]).astimezone(UTC))
    sheet.set_title(f"Client money {content['day']}")
    sheet.set_auto_page_break(auto=True, margin=15)
    sheet.add_page()
    _head(sheet, content, paper)
    _summary(sheet, content)
    for part in content["currencies"]:
        _currency(sheet, part, paper.trend.get(part["currency"], []))
    _foot(sheet, content, paper)
    return bytes(sheet.output())


def _head(sheet: FPDF, content: dict[str, Any], paper: Paper) -> None:
    _text(sheet, "Client money reconciliation", 17, bold=True, height=9)
    _text(sheet, f"{content['day']} (UTC), version {paper.version}, {paper.status}", 12, height=7)
    if paper.reason:
        _text(sheet, f"Worked out again: {paper.reason}", 9, color=_MUTED)
    for fault in statement.faults(content):
        _text(sheet, fault[:1].upper() + fault[1:] + ".", 10, bold=True, color=_RED)
    sheet.ln(3)


def _summary(sheet: FPDF, content: dict[str, Any]) -> None:
    names = ("Owed", "Held", "Difference", "Explained", "Unexplained")
    _row(sheet, ("", *names), bold=True)
    for part in content["currencies"]:
        amounts = [_amount(part, f"{name.lower()}_minor") for name in names]
        _row(sheet, (part["currency"], *amounts), red=bool(part["unexplained_minor"]))
    sheet.ln(4)


def _currency(sheet: FPDF, part: dict[str, Any], days: Sequence[tuple[date, int]]) -> None:
    _text(sheet, part["currency"], 14, bold=True, height=8)
    for side, title in _SIDES.items():
        lines = grouped(part, side)
        if lines:
            if sheet.will_page_break(20):
                sheet.add_page()
            _text(sheet, title, 10, bold=True, color=_MUTED, height=6)
        for line in lines:
            _line(sheet, line, part["currency"])
        if lines:
            total = part[f"{side}_minor"]
            _pair(sheet, "Together", _money(total, part["currency"]), bold=True)
    if len(days) > 1:
        _bars(sheet, days, part["currency"])
    sheet.ln(4)


def _foot(sheet: FPDF, content: dict[str, Any], paper: Paper) -> None:
    _text(sheet, paper.signature or "Not signed.", 10, bold=True)
    sheet.ln(2)
    _text(
        sheet,
        f"Figures of snapshot {content['snapshot']} of the lake, as of {content['as_of']}."
        f" SHA-256 of the content: {paper.digest}",
        7,
        color=_MUTED,
        height=3.5,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the paper: one figure, or many breaks of a sort together."""

    title: str
    note: str
    amount_minor: int
    is_missing: bool


def grouped(part: dict[str, Any], side: Side) -> list[Line]:
    """The figures of one side in the order of the report; breaks of one sort are added up."""
    sums: dict[tuple[str, str], list[dict[str, Any]]] = {}
    shown = (Side.OWED, Side.NOTED) if side is Side.OWED else (side,)
    order = list(Item)
    figures = [one for one in part["figures"] if one["side"] in shown]
    for one in sorted(figures, key=lambda one: order.index(Item(one["item"]))):
        name = one["note"] if one["item"] == Item.BREAK else one["name"]
        sums.setdefault((one["item"], name), []).append(one)
    return [
        Line(
            TITLES[Item(item)],
            f"{name} ({len(ones)})" if item == Item.BREAK else _remark(ones[0]),
            sum(one["amount_minor"] for one in ones),
            any(one["is_missing"] for one in ones),
        )
        for (item, name), ones in sums.items()
    ]


def _remark(figure: dict[str, Any]) -> str:
    return ", ".join(text for text in (figure["name"], figure["note"]) if text)


def _line(sheet: FPDF, line: Line, currency: str) -> None:
    color = _RED if line.is_missing else _INK
    text = f"{line.title}: {line.note}" if line.note else line.title
    _pair(sheet, text, _money(line.amount_minor, currency), color=color)


def _bars(sheet: FPDF, days: Sequence[tuple[date, int]], currency: str) -> None:
    """The difference of each day, above or below a line."""
    tall, room = max(abs(minor) for _, minor in days) or 1, 11
    if sheet.get_y() > 240:  # noqa: PLR2004 - millimetres down an A4 page
        sheet.add_page()
    _text(sheet, f"Difference, {days[0][0]} to {days[-1][0]}", 8, color=_MUTED)
    axis, width = sheet.get_y() + room, min(_WIDE / len(days), 12)
    for place, (_, minor) in enumerate(days):
        height = room * abs(minor) / tall
        sheet.set_fill_color(*(_RED if minor < 0 else (15, 76, 92)))
        top = axis if minor < 0 else axis - height
        sheet.rect(_EDGE + place * width, top, width * 0.7, max(height, 0.1), style="F")
    sheet.set_draw_color(*_LINE)
    sheet.line(_EDGE, axis, _EDGE + len(days) * width, axis)
    sheet.set_y(axis + room + 1)
    _text(sheet, f"The largest: {_money(tall, currency)}", 8, color=_MUTED)


def _text(
    sheet: FPDF,
    text: str,
    size: int,
    *,
    bold: bool = False,
    color: tuple[int, int, int] = _INK,
    height: float = 5,
) -> None:
    sheet.set_font("Helvetica", "B" if bold else "", size)
    sheet.set_text_color(*color)
    sheet.multi_cell(_WIDE, height, _plain(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _pair(
    sheet: FPDF,
    left: str,
    right: str,
    *,
    bold: bool = False,
    color: tuple[int, int, int] = _INK,
) -> None:
    sheet.set_font("Helvetica", "B" if bold else "", 9)
    sheet.set_text_color(*color)
    if sheet.will_page_break(10):
        sheet.add_page()
    top = sheet.get_y()
    sheet.multi_cell(138, 4.6, _plain(left), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    bottom = sheet.get_y()
    sheet.set_xy(_EDGE + 138, top)
    sheet.cell(52, 4.6, right, align="R")
    sheet.set_xy(_EDGE, bottom)


def _row(sheet: FPDF, cells: Iterable[str], *, bold: bool = False, red: bool = False) -> None:
    sheet.set_font("Helvetica", "B" if bold else "", 9)
    sheet.set_text_color(*(_RED if red else _MUTED if bold else _INK))
    for place, cell in enumerate(cells):
        sheet.cell(15 if place == 0 else 35, 6, cell, border="B", align="L" if place == 0 else "R")
    sheet.ln()


def _amount(part: dict[str, Any], name: str) -> str:
    return _money(part[name], part["currency"]).partition(" ")[0]


def _money(minor: int, currency: str) -> str:
    """``1,234.50 USD``."""
    exact = Money(minor, currency)
    return f"{exact.major:,.{exponent(currency)}f} {currency}"


def _plain(text: str) -> str:
    """What the paper's own font can draw."""
    return text.encode("latin-1", "replace").decode("latin-1")


def workbook(content: dict[str, Any], paper: Paper) -> bytes:
    """Every figure as a row. Text is text: nothing that was written somewhere is ever a formula."""
    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(made, options)
    book.set_properties({"created": datetime.fromisoformat(content["as_of"]).replace(tzinfo=None)})
    bold = book.add_format({"bold": True})
    formats = {
        part["currency"]: book.add_format({"num_format": _pattern(part["currency"])})
        for part in content["currencies"]
    }
    about = book.add_worksheet("Report")
    facts = {
        "Day (UTC)": content["day"],
        "Version": str(paper.version),
        "Status": paper.status,
        "Signature": paper.signature or "not signed",
        "Worked out again": paper.reason,
        "As of": content["as_of"],
        "Snapshot": str(content["snapshot"]),
        "SHA-256 of the content": paper.digest,
        **{f"Gap {n}": fault for n, fault in enumerate(statement.faults(content), start=1)},
    }
    for row, (name, value) in enumerate(facts.items()):
        about.write_string(row, 0, name, bold)
        about.write_string(row, 1, value)
    about.set_column(0, 0, 24)
    about.set_column(1, 1, 80)

    sums = book.add_worksheet("Sums")
    names = ("owed", "held", "difference", "explained", "unexplained")
    _titles(sums, ("currency", *names, *(f"{name}_minor" for name in names)), bold)
    for row, part in enumerate(content["currencies"], start=1):
        sums.write_string(row, 0, part["currency"])
        for place, name in enumerate(names, start=1):
            minor = part[f"{name}_minor"]
            _number(sums, row, place, Money(minor, part["currency"]), formats[part["currency"]])
            _whole(sums, row, place + len(names), minor)

    rows = book.add_worksheet("Figures")
    _titles(
        rows,
        ("currency", "side", "item", "name", "note", "missing", "amount", "amount_minor"),
        bold,
    )
    figures = [one for part in content["currencies"] for one in part["figures"]]
    for row, one in enumerate(figures, start=1):
        missing = "yes" if one["is_missing"] else ""
        texts = (one["currency"], one["side"], TITLES[Item(one["item"])], one["name"], one["note"])
        for place, text in enumerate((*texts, missing)):
            rows.write_string(row, place, text)
        amount = Money(one["amount_minor"], one["currency"])
        _number(rows, row, 6, amount, formats[one["currency"]])
        _whole(rows, row, 7, one["amount_minor"])
    book.close()
    return made.getvalue()


def _titles(sheet: Any, names: Iterable[str], bold: Any) -> None:
    for place, name in enumerate(names):
        sheet.write_string(0, place, name, bold)
    sheet.set_column(0, 20, 18)
    sheet.freeze_panes(1, 0)


def _number(sheet: Any, row: int, place: int, amount: Money, form: Any) -> None:
    if abs(amount.minor) < EXACT_MAX:
        sheet.write_number(row, place, amount.major, form)
    else:
        sheet.write_string(row, place, str(amount.major))


def _whole(sheet: Any, row: int, place: int, minor: int) -> None:
    if abs(minor) < EXACT_MAX:
        sheet.write_number(row, place, minor)
    else:
        sheet.write_string(row, place, str(minor))


def _pattern(currency: str) -> str:
    places = exponent(currency)
    return "#,##0" + ("." + "0" * places if places else "")
