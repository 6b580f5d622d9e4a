"""MT4's printed statement (HTML): closed trades, balance operations, open trades, totals."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
from lxml import etree, html

from operational.platforms import server_time
from pipelines import contracts
from pipelines.contracts import Batch, FileRefused, Row
from pipelines.platform import statements

CLOCK = "%Y.%m.%d %H:%M:%S"
SECTIONS = {"Closed Transactions:": "closed", "Open Trades:": "open", "Working Orders:": "working"}
TRADE_CELLS = 14
BALANCE_CELLS = 5
TOTAL_CELLS = 5
AMOUNTS = ("commission_minor", "taxes_minor", "swap_minor", "profit_minor")
CANCELLED_CELLS = 11
WORKING_CELLS = {9, 10, 11}


def parse(
    content: bytes, encoding: str = "cp1252", zone: str = server_time.NEW_YORK_CLOSE
) -> Batch:
    """Read and check one statement.

    Args:
        content: the file as MT4 printed it.
        encoding: that of the terminal which printed it; the file does not say.
        zone: that of the server (see `server_time`); the file does not say.

    Raises:
        FileRefused: no statement of MT4, or a printed total that its rows do not make.
    """
    reader = _Reader(contracts.decode(content, encoding), zone)
    rows = list(reader.trades())
    statement = reader.statement(rows)
    return Batch(
        source="mt4_statement",
        content_sha256=contracts.sha256(content),
        name=f"{statement['login']}/{statement['printed_server_time']}",
        tables={
            "platform__statements": pa.Table.from_pylist([statement], statements.STATEMENTS),
            "platform__statement_trades": pa.Table.from_pylist(rows, statements.TRADES),
        },
        controls={
            "rows": len(rows),
            "balance": statement["balance_minor"],
            "equity": statement["equity_minor"],
        },
    )


class _Reader:
    """The statement's one table, read from top to bottom."""

    def __init__(self, text: str, zone: str) -> None:
        try:
            document = html.document_fromstring(text)
        except etree.ParserError as error:
            raise FileRefused(f"not HTML: {error}") from None
        self.zone = zone
        self.lines = [
            (line.sourceline, cells)
            for line in document.iter("tr")
            if (cells := [_clean(cell) for cell in line.iter("td")])
        ]
        if not self.lines:
            raise FileRefused("holds no table")
        self.labels = dict(self._labelled())
        for label in ("Account", "Currency", "Balance", "Equity", "Closed Trade P/L"):
            if label not in self.labels:
                raise FileRefused("not an MT4 statement: this is missing", column=label)
        self.currency = self.labels["Currency"]
        self.printed = document.findtext(".//div/b") or document.findtext(".//b") or ""

    def trades(self) -> Iterator[Row]:
        """One row per trade and balance operation; each section's totals are checked as it ends."""
        section, sums = "", dict.fromkeys(AMOUNTS, 0)
        for number, cells in self.lines:
            if cells[0] in SECTIONS:
                section, sums = SECTIONS[cells[0]], dict.fromkeys(AMOUNTS, 0)
            elif section and cells[0].isdigit():
                row = self._row(number, cells, section)
                yield row
                if row["operation"] != "balance":
                    sums = {name: sums[name] + row.get(name, 0) for name in AMOUNTS}
            elif len(cells) == TOTAL_CELLS and not cells[0] and section in {"closed", "open"}:
                stated = [self._minor(cell, number, "total") for cell in cells[1:]]
                if stated != list(sums.values()):
                    reason = f"the {section} rows make {list(sums.values())}, the total {stated}"
                    raise FileRefused(reason, row=number, column="Profit")

    def statement(self, rows: list[Row]) -> Row:
        """The totals at the foot, held against the rows."""
        amount = {
            name: self._minor(self.labels.get(label, "0.00"), None, label)
            for name, label in (
                ("balance", "Balance"), ("equity", "Equity"), ("credit", "Credit Facility"),
                ("floating", "Floating P/L"), ("margin", "Margin"), ("closed", "Closed Trade P/L"),
                ("moved", "Deposit/Withdrawal"),
            )
        }  # fmt: skip
        moved = sum(row["profit_minor"] for row in rows if row["operation"] == "balance")
        self._must_equal(moved, amount["moved"], "Deposit/Withdrawal")
        for section, label in (("closed", "closed"), ("open", "floating")):
            traded = sum(
                row.get(name, 0)
                for row in rows
                if row["section"] == section and row["operation"] != "balance"
                for name in AMOUNTS
            )
            self._must_equal(traded, amount[label], label)
        worth = amount["balance"] + amount["credit"] + amount["floating"]
        self._must_equal(worth, amount["equity"], "Equity")
        printed = contracts.wall_clock(self._printed_at(), "%Y %B %d, %H:%M")
        return {
            "platform": "mt4",
            "company": self.printed.strip() or None,
            "login": self.labels["Account"],
            "holder": self.labels.get("Name"),
            "currency": self.currency,
            "leverage": contracts.whole(self.labels.get("Leverage", "1:1").removeprefix("1:")),
            "opening_balance_minor": amount["balance"] - amount["moved"] - amount["closed"],
            "balance_minor": amount["balance"],
            "equity_minor": amount["equity"],
            "credit_minor": amount["credit"],
            "floating_minor": amount["floating"],
            "margin_minor": amount["margin"],
            "printed_at": server_time.to_utc(printed, self.zone),
            "printed_server_time": printed,
        }  # fmt: skip

    def _labelled(self) -> Iterator[tuple[str, str]]:
        """Labels with their values, in one cell (`Currency: USD`) or in the next one."""
        for _, cells in self.lines:
            for cell, after in zip(cells, [*cells[1:], ""], strict=True):
                label, colon, value = cell.partition(":")
                if colon and value:
                    yield label, value.strip()
                elif colon and after:
                    yield label, after

    def _printed_at(self) -> str:
        return next((cell for cell in self.lines[0][1] if cell[:4].isdigit()), "")

    def _row(self, number: int, cells: list[str], section: str) -> Row:
        if len(cells) < BALANCE_CELLS:
            raise FileRefused(f"has {len(cells)} cells", row=number)
        row: Row = {
            "row_no": number,
            "section": section,
            "ticket": contracts.whole(cells[0], row=number, column="Ticket"),
            "operation": cells[2],
            "currency": self.currency,
            **self._moment("open", cells[1], number),
        }
        if cells[2] in {"balance", "credit"} and len(cells) == BALANCE_CELLS:
            profit = self._minor(cells[4], number, "Profit")
            return row | {"comment": cells[3], "profit_minor": profit}
        is_pending = section == "working" and len(cells) in WORKING_CELLS
        is_cancelled = len(cells) == CANCELLED_CELLS and cells[-1] == "cancelled"
        if not is_pending and not is_cancelled and len(cells) != TRADE_CELLS:
            raise FileRefused(f"has {len(cells)} cells, a trade {TRADE_CELLS}", row=number)
        row |= {"symbol": cells[4], "volume_e8": statements.lots_e8(cells[3], number, "Size")}
        prices = {"open_price": 5, "stop_loss": 6, "take_profit": 7, "close_price": 9 - is_pending}
        for name, place in prices.items():
            # MT4 prints 0 where no stop or target is set.
            row[name] = contracts.exact(cells[place], row=number, column=name) or None
        if is_pending:
            return row
        if cells[8]:
            row |= self._moment("close", cells[8], number)
        if is_cancelled:
            return row | {"comment": cells[-1]}
        amounts = zip(AMOUNTS, cells[10:], strict=True)
        return row | {name: self._minor(cell, number, name) for name, cell in amounts}

    def _moment(self, name: str, text: str, number: int) -> dict[str, datetime]:
        shown = contracts.wall_clock(text, CLOCK, row=number, column=f"{name} time")
        return {f"{name}_server_time": shown, f"{name}_at": server_time.to_utc(shown, self.zone)}

    def _minor(self, text: str, number: int | None, column: str) -> int:
        """MT4 groups thousands with a space."""
        place: dict[str, Any] = {"row": number, "column": column}
        return contracts.minor(
            contracts.decimal(text.replace(" ", ""), **place), self.currency, **place
        )

    def _must_equal(self, found: int, stated: int, label: str) -> None:
        if found != stated:
            reason = f"the rows make {found} minor units, the statement says {stated}"
            raise FileRefused(reason, column=label)


def _clean(cell: Any) -> str:
    return str(cell.text_content()).replace("\xa0", " ").strip()
