"""What clients trade: positions opened and closed on the platform's terminal, four hours at a time.

A few deals reach the server late, and a few are cancelled by the dealing desk a day or two after,
as happens at every broker; whoever reads deals must cope with both.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from sandbox.story.prices import Bars
from sandbox.story.tale import Account, Tale

BLOCK = timedelta(hours=4)
_SYMBOLS = {
    "EURUSD": 30, "XAUUSD": 22, "GBPUSD": 12, "USDJPY": 8, "US500": 7, "DE40": 6, "USTEC": 5,
    "BTCUSD": 4, "EURJPY": 3, "UKOIL": 3,
}  # fmt: skip
_HEAVY = {"XAUUSD": 4, "BTCUSD": 2}
"""A lot of these is worth some four or two times a lot of EURUSD."""
_ROUND_THE_CLOCK = frozenset({"BTCUSD"})
_HOURS_OPEN = 22
"""Of a trading day; appetite is positions a day."""
_HOLDS = {"scalp": 12, "day": 70, "swing": 18}
_SATURDAY, _FRIDAY, _LAST_HOUR = 5, 4, 20

Order = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Position:
    """One position to be: all of it is drawn before it is opened."""

    ref: str
    login: int
    symbol: str
    side: str
    lots: Decimal
    opens: datetime
    closes: datetime
    is_late: bool
    is_cancelled: bool


class Desk:
    """All trading of the story."""

    def __init__(self, tale: Tale, bars: dict[str, Bars]) -> None:
        self.tale, self.bars = tale, bars
        self.open: dict[str, tuple[Position, int]] = {}
        """By ref: the position and the platform's number of it."""
        self.withheld: list[Position] = []
        self.to_cancel: list[tuple[datetime, int]] = []

    def start(self) -> None:
        """Put every block of the story on the agenda, at its end."""
        first, number = self.tale.start, 0
        while first + BLOCK <= self.tale.end:
            self.tale.at(first + BLOCK, partial(self.trade, first, number))
            first, number = first + BLOCK, number + 1

    def trade(self, first: datetime, number: int) -> None:
        """Everything that happened on the platform in one block, in one call."""
        drawn = self._drawn(first, number)
        self.withheld += [position for position in drawn if position.is_late]
        arriving, self.withheld = _split(self.withheld, first - timedelta(days=1))
        orders = self._orders([one for one in drawn if not one.is_late], first)
        orders += [order for one in arriving for order in (self._opening(one), self._closing(one))]
        cancelled, self.to_cancel = _due(self.to_cancel, first)
        orders += [
            {"op": "cancel", "at": self.tale.now.isoformat(), "deal": deal} for deal in cancelled
        ]
        if not orders:
            return
        results = self.tale.stage.trade(f"trades {number}", orders)
        self._keep(orders, results, {one.ref: one for one in [*drawn, *arriving]})

    def _drawn(self, first: datetime, number: int) -> list[Position]:
        found = []
        for key in sorted(self.tale.accounts):
            account = self.tale.accounts[key]
            if account.funded_at < first and not account.is_blocked:
                found += self._of_account(account, first, number)
        return sorted(found, key=lambda one: (one.opens, one.ref))

    def _of_account(self, account: Account, first: datetime, number: int) -> list[Position]:
        dice = account.person.dice(f"trades {number}")
        found: list[Position] = []
        at = first
        while (
            at := at + timedelta(hours=dice.expovariate(account.person.appetite / _HOURS_OPEN))
        ) < first + BLOCK:
            position = self._position(
                account, at, f"{account.person.key}-{number}-{len(found)}", dice
            )
            if position is not None:
                found.append(position)
        return found

    def _position(self, account: Account, at: datetime, ref: str, dice: Random) -> Position | None:
        symbol = dice.choices(list(_SYMBOLS), list(_SYMBOLS.values()))[0]
        hold = dice.choices(list(_HOLDS), list(_HOLDS.values()))[0]
        lots = account.funds / 4000 * dice.lognormvariate(-0.6, 0.6) / _HEAVY.get(symbol, 1)
        luck = dice.random()
        position = Position(
            ref=ref,
            login=account.login,
            symbol=symbol,
            side=dice.choice(("buy", "sell")),
            lots=Decimal(round(100 * min(5.0, max(0.01, lots)))) / 100,
            opens=at,
            closes=at + _duration("day" if hold == "swing" and symbol in self.bars else hold, dice),
            is_late=luck < 0.006,  # noqa: PLR2004 - six in a thousand
            is_cancelled=luck > 0.995,  # noqa: PLR2004 - five in a thousand
        )
        return position if self._is_tradable(position) else None

    def _is_tradable(self, position: Position) -> bool:
        if position.symbol in _ROUND_THE_CLOCK:
            return True
        if not (_is_open(position.opens) and _is_open(position.closes)):
            return False
        bars = self.bars.get(position.symbol)
        ends = (position.opens, position.closes)
        # Real bars and the platform's own quotes differ, so such a position does not stay open.
        return bars is None or (
            position.closes < self.tale.end and all(bars.at(when) is not None for when in ends)
        )

    def _orders(self, drawn: list[Position], first: datetime) -> list[Order]:
        """Openings of this block and closings that are due, in the order of time."""
        last = first + BLOCK
        orders = [self._opening(position) for position in drawn]
        orders += [self._closing(position) for position in drawn if position.closes < last]
        for ref, (position, held) in list(self.open.items()):
            if position.closes < last:
                orders.append(self._closing(position) | {"position": held})
                del self.open[ref]
        return sorted(orders, key=lambda order: (order["at"], order["op"] == "close"))

    def _opening(self, position: Position) -> Order:
        return self._priced(position, position.opens) | {
            "op": "open",
            "login": position.login,
            "symbol": position.symbol,
            "side": position.side,
            "lots": str(position.lots),
            "check_margin": position.symbol not in self.bars,
        }

    def _closing(self, position: Position) -> Order:
        return self._priced(position, position.closes) | {"op": "close"}

    def _priced(self, position: Position, at: datetime) -> Order:
        order: Order = {"ref": position.ref, "at": at.isoformat()}
        bars = self.bars.get(position.symbol)
        return order | {"price": str(bars.at(at))} if bars else order

    def _keep(self, orders: list[Order], results: list[Order], drawn: dict[str, Position]) -> None:
        """Remember what stays open, and which deal is to be cancelled."""
        closed = {order["ref"] for order in orders if order["op"] == "close"}
        for order, result in zip(orders, results, strict=True):
            position = drawn.get(order.get("ref", ""))
            if position is None or "deal" not in result:
                continue
            if order["op"] == "open" and position.ref not in closed:
                self.open[position.ref] = (position, result["position"])
            if order["op"] == "close" and position.is_cancelled:
                days = position.lots % 2 + 1
                self.to_cancel.append(
                    (position.closes + timedelta(days=float(days)), result["deal"])
                )


def _duration(hold: str, dice: Random) -> timedelta:
    match hold:
        case "scalp":
            return timedelta(seconds=dice.uniform(15, 175))
        case "day":
            return timedelta(minutes=3 + dice.expovariate(1 / 110))
        case _:
            return timedelta(days=dice.uniform(0.5, 3.5))


def _is_open(at: datetime) -> bool:
    """Markets rest at weekends; a little earlier and later than they really do."""
    return at.weekday() < _SATURDAY and not (at.weekday() == _FRIDAY and at.hour > _LAST_HOUR)


def _split(positions: list[Position], before: datetime) -> tuple[list[Position], list[Position]]:
    due = [position for position in positions if position.closes < before]
    return due, [position for position in positions if position not in due]


def _due(
    cancellations: list[tuple[datetime, int]], now: datetime
) -> tuple[list[int], list[tuple[datetime, int]]]:
    due = [deal for at, deal in cancellations if at <= now]
    return due, [(at, deal) for at, deal in cancellations if at > now]
