"""What a client did on a platform, read from it at the moment it is asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from operational.platforms.mt5 import Fields, Mt5
from operational.platforms.server_time import to_utc

SIDES = {"0": "buy", "1": "sell"}
"""MetaTrader's actions that are trades; balance operations and charges are others."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a server's wall clock
_LOTS_OF_EXT = 10**8
_LOTS = 10**4


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution of a client's order."""

    at: datetime
    login: int
    deal: int
    side: str
    symbol: str
    lots: Decimal
    price: str
    profit: str


def trades(mt5: Mt5, login: int, since: datetime, until: datetime) -> list[Trade]:
    """A login's executions in a window, in order of time.

    Raises:
        Mt5Unavailable, Mt5Refused.
    """
    found = mt5.deals(login, since, until)
    done = [_trade(deal, login, mt5.zone) for deal in found if deal["Action"] in SIDES]
    return sorted(done, key=lambda one: (one.at, one.deal))


def _trade(deal: Fields, login: int, zone: str) -> Trade:
    wall = _EPOCH + timedelta(milliseconds=int(deal.get("TimeMsc") or int(deal["Time"]) * 1000))
    # VolumeExt is the finer one; older builds do not send it.
    fine = deal.get("VolumeExt")
    lots = Decimal(fine) / _LOTS_OF_EXT if fine else Decimal(deal["Volume"]) / _LOTS
    return Trade(
        at=to_utc(wall, zone).astimezone(UTC),
        login=login,
        deal=int(deal["Deal"]),
        side=SIDES[deal["Action"]],
        symbol=deal["Symbol"],
        lots=lots.normalize(),
        price=deal["Price"],
        profit=deal["Profit"],
    )
