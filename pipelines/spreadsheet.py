"""Excel workbooks as rows of values: one visible sheet of an agreed name, no formulas followed."""

import io
import warnings
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import openpyxl

from pipelines import contracts
from pipelines.contracts import FileRefused

ROWS_MAX = 200_000

BROKEN_WORKBOOK = (*contracts.BROKEN_ZIP, AttributeError, LookupError, SyntaxError, TypeError)
"""What openpyxl was seen to raise over workbooks damaged at random; SyntaxError is broken XML."""

Cell = str | datetime


def rows(content: bytes, sheets: frozenset[str]) -> Iterator[tuple[int, list[Cell]]]:
    """Every row that holds anything, with its number as the spreadsheet shows it.

    Numbers come as decimal text: a spreadsheet keeps binary doubles, whose shortest spelling is
    what the sender typed. Empty cells come as ``""``.

    Raises:
        FileRefused: no workbook, a hidden or second sheet, another sheet name, too many rows.
    """
    sheet = _sheet(content, sheets)
    if sheet.max_row > ROWS_MAX:
        raise FileRefused(f"the sheet has {sheet.max_row} rows")
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = [_cell(value, number) for value in values]
        if any(cells):
            yield number, cells


def _sheet(content: bytes, sheets: frozenset[str]) -> openpyxl.worksheet.worksheet.Worksheet:
    contracts.open_zip(content).close()
    with warnings.catch_warnings():
        # MetaTrader writes no default style; what cells look like is nothing to us.
        warnings.simplefilter("ignore", UserWarning)
        try:
            workbook = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        except BROKEN_WORKBOOK as error:
            raise FileRefused(f"not an Excel workbook: {error}") from None
    if [each.sheet_state for each in workbook.worksheets] != ["visible"]:
        raise FileRefused("the workbook must have one sheet, and that visible")
    sheet = workbook.worksheets[0]
    if sheet.title not in sheets:
        raise FileRefused(f"the sheet is called {sheet.title!r}, agreed was {sorted(sheets)}")
    return sheet


def _cell(value: object, row: int) -> Cell:
    match value:
        case None:
            return ""
        case datetime():
            return value
        case bool():
            raise FileRefused("holds a truth value", row=row)
        case int():
            return str(value)
        case float():
            return format(Decimal(repr(value)), "f")
        case _:
            return str(value).strip()
