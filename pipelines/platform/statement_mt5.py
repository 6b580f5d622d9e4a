"""MT5's trade history report (Excel): positions, orders, deals, open positions, results."""

import re
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa

from operational.platforms import server_time
from pipelines import contracts, spreadsheet
from pipelines.contracts import Batch, FileRefused, Row
from pipelines.platform import statements

CLOCK = "%Y.%m.%d %H:%M:%S"
SHEETS = frozenset({"Sheet1"})
HEADERS = {
    "Positions": ["Time", "Position", "Symbol", "Type", "Volume", "Price", "S / L", "T / P",
                  "Time", "Price", "Commission", "Swap", "Profit"],
    "Orders": ["Open Time", "Order", "Symbol", "Type", "Volume", "Price", "S / L", "T / P",
               "Time", "State", "", "Comment"],
    "Deals": ["Time", "Deal", "Symbol", "Type", "Direction", "Volume", "Price", "Order",
              "Commission", "Fee", "Swap", "Profit", "Balance", "Comment"],
    "Open Positions": ["Time", "Position", "Symbol", "Type", "Volume", "Price", "S / L", "T / P",
                       "Market Price", "Swap", "", "Profit", "Comment"],
    "Results": [],
}  # fmt: skip
WIDTH = 15
"""Columns of the printed page; a sheet may be saved without its empty ones."""
ACCOUNT = re.compile(r"(?P<login>\d+) \((?P<currency>[A-Z]{3,4}), (?P<server>[^,]+), \w+, \w+\)")
CLOSE_REASON = re.compile(r"\[(so|sl|tp) ")
MOVEMENTS = ("commission_minor", "fee_minor", "swap_minor", "profit_minor")

Cells = list[str]


def parse(content: bytes, zone: str = server_time.NEW_YORK_CLOSE) -> Batch:
    """Read and check one history report.

    Args:
        content: the workbook; MT5 writes its parts in UTF-16, as they declare.
        zone: that of the server (see `server_time`); the file does not say.

    Raises:
        FileRefused: no history report of MT5, a balance that does not follow from the one before
            and the deal, or a printed total that its rows do not make.
    """
    reader = _Reader(content, zone)
    deals, positions, orders = reader.deals(), reader.positions(), reader.orders()
    statement = reader.statement(deals, positions)
    return Batch(
        source="mt5_statement",
        content_sha256=contracts.sha256(content),
        name=f"{statement['server']}/{statement['login']}/{statement['printed_server_time']}",
        tables={
            "platform__statements": pa.Table.from_pylist([statement], statements.STATEMENTS),
            "platform__statement_trades": pa.Table.from_pylist(positions, statements.TRADES),
            "platform__statement_deals": pa.Table.from_pylist(deals, statements.DEALS),
            "platform__statement_orders": pa.Table.from_pylist(orders, statements.ORDERS),
        },
        controls={
            "deals": len(deals),
            "balance": statement["balance_minor"],
            "equity": statement["equity_minor"],
        },
    )


class _Reader:
    """The report's one sheet, cut into its sections."""

    def __init__(self, content: bytes, zone: str) -> None:
        self.zone = zone
        self.sections: dict[str, list[tuple[int, Cells]]] = defaultdict(list)
        self.labels: dict[str, str] = {}
        section = ""
        for number, values in spreadsheet.rows(content, SHEETS):
            cells = [*map(str, values), *[""] * (WIDTH - len(values))]
            if cells[0] in HEADERS and not any(cells[1:]):
                section = cells[0]
            elif section == "Results" or cells[0].endswith(":"):
                self._label(cells)
            else:
                self.sections[section].append((number, cells))
        self.account = ACCOUNT.fullmatch(self.labels.get("Account", ""))
        if not self.account or not self._is_history():
            raise FileRefused("not a trade history report of MT5", row=1)
        self.currency = self.account["currency"]

    def deals(self) -> list[Row]:
        """Every deal; its balance must follow from the one before."""
        rows, totals = self._section("Deals", self._deal)
        for before, after in pairwise(rows):
            expected = before["balance_minor"] + _moved(after)
            if expected != after["balance_minor"]:
                reason = f"the balance should be {expected}, not {after['balance_minor']}"
                raise FileRefused(reason, row=after["row_no"], column="Balance")
        for column, name in zip(range(8, 12), MOVEMENTS, strict=True):
            self._check_total(rows, name, totals, column)
        return rows

    def positions(self) -> list[Row]:
        closed, _ = self._section("Positions", self._closed)
        still_open, totals = self._section("Open Positions", self._open)
        self._check_total(still_open, "swap_minor", totals, 10)
        self._check_total(still_open, "profit_minor", totals, 11)
        return closed + still_open

    def orders(self) -> list[Row]:
        return self._section("Orders", self._order)[0]

    def statement(self, deals: list[Row], positions: list[Row]) -> Row:
        """The totals at the foot, held against the rows."""
        assert self.account, "checked when the report was opened"
        amount = {
            name: self._minor(self.labels.get(label, ""), None, label)
            for name, label in (
                ("balance", "Balance"), ("equity", "Equity"), ("credit", "Credit Facility"),
                ("floating", "Floating P/L"), ("margin", "Margin"), ("net", "Total Net Profit"),
            )
        }  # fmt: skip
        by_section = {"closed": 0, "open": 0}
        for row in positions:
            by_section[row["section"]] += _moved(row)
        self._must_equal(by_section["closed"], amount["net"], "Total Net Profit")
        self._must_equal(by_section["open"], amount["floating"], "Floating P/L")
        worth = amount["balance"] + amount["credit"] + amount["floating"]
        self._must_equal(worth, amount["equity"], "Equity")
        if deals:
            self._must_equal(deals[-1]["balance_minor"], amount["balance"], "Balance")
        printed = contracts.wall_clock(self.labels.get("Date", ""), "%Y.%m.%d %H:%M")
        return {
            "platform": "mt5",
            "company": self.labels.get("Company"),
            "server": self.account["server"],
            "login": self.account["login"],
            "holder": self.labels.get("Name"),
            "currency": self.currency,
            "opening_balance_minor": deals[0]["balance_minor"] - _moved(deals[0])
            if deals
            else amount["balance"],
            "balance_minor": amount["balance"],
            "equity_minor": amount["equity"],
            "credit_minor": amount["credit"],
            "floating_minor": amount["floating"],
            "margin_minor": amount["margin"],
            "printed_at": server_time.to_utc(printed, self.zone),
            "printed_server_time": printed,
        }  # fmt: skip

    def _is_history(self) -> bool:
        head = self.sections.get("", [])
        return bool(head) and head[0][1][0] == "Trade History Report"

    def _label(self, cells: Cells) -> None:
        """Each label ends in a colon; its value is the next cell that holds anything."""
        label = ""
        for cell in filter(None, cells):
            if cell.endswith(":"):
                label = cell.removesuffix(":")
            elif label:
                self.labels[label], label = cell, ""

    def _section(self, name: str, shape: Any) -> tuple[list[Row], tuple[int, Cells] | None]:
        """A section's rows, and the line of totals under them, which names no time."""
        lines = self.sections.get(name, [])
        if not lines:
            return [], None
        number, header = lines[0]
        expected = HEADERS[name]
        for column, found in enumerate(header):
            agreed = expected[column] if column < len(expected) else ""
            if found != agreed:
                reason = f"{name} has {found!r} in column {column + 1}"
                raise FileRefused(reason, row=number, column=agreed)
        rows = [shape(number, cells) for number, cells in lines[1:] if cells[0]]
        return rows, next(((number, cells) for number, cells in lines[1:] if not cells[0]), None)

    def _deal(self, number: int, cells: Cells) -> Row:
        closed_by = CLOSE_REASON.match(cells[13])
        amounts = zip((*MOVEMENTS, "balance_minor"), cells[8:13], strict=True)
        return {
            "row_no": number,
            "deal": contracts.whole(cells[1], row=number, column="Deal"),
            "symbol": cells[2] or None,
            "operation": cells[3],
            "direction": cells[4] or None,
            "volume_e8": statements.lots_e8(cells[5], number, "Volume") if cells[5] else None,
            "price": self._price(cells[6], number),
            "order": contracts.whole(cells[7], row=number, column="Order") if cells[7] else None,
            **{name: self._minor(cell, number, name) for name, cell in amounts},
            "currency": self.currency,
            "comment": cells[13] or None,
            "close_reason": closed_by[1] if closed_by else None,
            **self._moment("executed", cells[0], number),
        }

    def _position(self, number: int, cells: Cells, section: str) -> Row:
        return {
            "row_no": number,
            "section": section,
            "ticket": contracts.whole(cells[1], row=number, column="Position"),
            "symbol": cells[2],
            "operation": cells[3],
            "volume_e8": statements.lots_e8(cells[4], number, "Volume"),
            "open_price": self._price(cells[5], number),
            "stop_loss": self._price(cells[6], number),
            "take_profit": self._price(cells[7], number),
            "currency": self.currency,
            **self._moment("open", cells[0], number),
        }

    def _closed(self, number: int, cells: Cells) -> Row:
        amounts = zip(("commission_minor", "swap_minor", "profit_minor"), cells[10:13], strict=True)
        return {
            **self._position(number, cells, "closed"),
            "close_price": self._price(cells[9], number),
            **{name: self._minor(cell, number, name) for name, cell in amounts},
            **self._moment("close", cells[8], number),
        }

    def _open(self, number: int, cells: Cells) -> Row:
        return {
            **self._position(number, cells, "open"),
            "close_price": self._price(cells[8], number),
            "swap_minor": self._minor(cells[9], number, "Swap"),
            "profit_minor": self._minor(cells[11], number, "Profit"),
            "comment": cells[12] or None,
        }

    def _order(self, number: int, cells: Cells) -> Row:
        asked, _, filled = cells[4].partition(" / ")
        return {
            "row_no": number,
            "order": contracts.whole(cells[1], row=number, column="Order"),
            "symbol": cells[2],
            "operation": cells[3],
            "state": cells[9],
            "volume_e8": statements.lots_e8(asked, number, "Volume"),
            "filled_e8": statements.lots_e8(filled, number, "Volume"),
            "price": None if cells[5] == "market" else self._price(cells[5], number),
            "stop_loss": self._price(cells[6], number),
            "take_profit": self._price(cells[7], number),
            "comment": cells[11] or None,
            **self._moment("open", cells[0], number),
            **self._moment("done", cells[8], number),
        }

    def _moment(self, name: str, text: str, number: int) -> dict[str, datetime]:
        shown = contracts.wall_clock(text, CLOCK, row=number, column="Time")
        return {f"{name}_server_time": shown, f"{name}_at": server_time.to_utc(shown, self.zone)}

    def _price(self, text: str, number: int) -> Decimal | None:
        return contracts.exact(text, row=number, column="Price") if text else None

    def _minor(self, text: str, number: int | None, column: str) -> int:
        place: dict[str, Any] = {"row": number, "column": column}
        return contracts.minor(contracts.decimal(text, **place), self.currency, **place)

    def _check_total(
        self, rows: list[Row], name: str, totals: tuple[int, Cells] | None, column: int
    ) -> None:
        if totals is None:
            raise FileRefused("a section lacks its line of totals", column=name)
        number, cells = totals
        stated = self._minor(cells[column], number, name)
        self._must_equal(sum(row[name] for row in rows), stated, name)

    def _must_equal(self, found: int, stated: int, label: str) -> None:
        if found != stated:
            reason = f"the rows make {found} minor units, the report says {stated}"
            raise FileRefused(reason, column=label)


def _moved(row: Row) -> int:
    """What a row changed the balance by. The platform signs commission, fee and swap itself."""
    return sum(row.get(name) or 0 for name in MOVEMENTS)
