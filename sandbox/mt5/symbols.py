"""What is traded: contract sizes, and a price for every moment that is always the same."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from sandbox.mt5.retcodes import INVALID, Failed


@dataclass(frozen=True, slots=True)
class Symbol:
    """Points are units of the last digit; swaps are points a lot and night."""

    name: str
    base: str
    profit_currency: str
    digits: int
    contract: int
    start: str
    spread_points: int
    swap_long: str
    swap_short: str

    @property
    def point(self) -> Decimal:
        return Decimal(1).scaleb(-self.digits)

    def rounded(self, price: Decimal) -> Decimal:
        return price.quantize(self.point, ROUND_HALF_UP)


def _forex(name: str, digits: int, start: str, spread: int, swaps: tuple[str, str]) -> Symbol:
    return Symbol(name, name[:3], name[3:], digits, 100_000, start, spread, *swaps)


_ALL = (
    _forex("EURUSD", 5, "1.08500", 8, ("-7.2", "2.9")),
    _forex("GBPUSD", 5, "1.27000", 10, ("-4.1", "-1.2")),
    _forex("USDJPY", 3, "151.500", 9, ("11.8", "-22.6")),
    _forex("USDCHF", 5, "0.88500", 11, ("7.9", "-13.1")),
    _forex("USDCAD", 5, "1.36500", 12, ("2.1", "-6.4")),
    _forex("AUDUSD", 5, "0.65500", 9, ("-2.8", "-0.4")),
    _forex("NZDUSD", 5, "0.60500", 13, ("-1.9", "-1.1")),
    _forex("EURGBP", 5, "0.85400", 11, ("-5.6", "1.3")),
    _forex("EURJPY", 3, "164.400", 14, ("9.7", "-19.9")),
    _forex("GBPJPY", 3, "192.400", 18, ("14.2", "-27.3")),
    _forex("USDPLN", 5, "3.98000", 180, ("-31", "-48")),
    _forex("USDCZK", 4, "23.2000", 190, ("-20", "-41")),
    _forex("USDZAR", 4, "18.4000", 600, ("-210", "90")),
    _forex("USDBRL", 4, "5.1000", 400, ("-160", "70")),
    _forex("USDAED", 4, "3.6725", 30, ("-3", "-3")),
    Symbol("XAUUSD", "XAU", "USD", 2, 100, "2350.00", 22, "-38.5", "17.2"),
    Symbol("XAGUSD", "XAG", "USD", 3, 5_000, "28.500", 25, "-6.1", "2.4"),
    Symbol("US500", "USD", "USD", 1, 10, "5300.0", 6, "-11.4", "1.8"),
    Symbol("USTEC", "USD", "USD", 1, 10, "18600.0", 14, "-38.2", "6.0"),
    Symbol("DE40", "EUR", "EUR", 1, 10, "18500.0", 12, "-29.0", "3.5"),
    Symbol("UKOIL", "USD", "USD", 2, 1_000, "83.00", 4, "1.1", "-3.9"),
    Symbol("BTCUSD", "BTC", "USD", 2, 1, "65000.00", 2500, "-3400", "-900"),
)
SYMBOLS = {symbol.name: symbol for symbol in _ALL}

# Waves of value noise: period in minutes, height in millionths of the price.
_WAVES = (
    (43_200, 24_000),
    (7_200, 11_000),
    (1_440, 5_000),
    (240, 2_000),
    (30, 700),
    (5, 250),
    (1, 90),
)
_HEIGHT = 1_000_000
_START = datetime(2020, 1, 1, tzinfo=UTC)


def symbol(name: str) -> Symbol:
    """The specification.

    Raises:
        Failed: no such symbol.
    """
    found = SYMBOLS.get(name)
    if found is None:
        raise Failed(INVALID)
    return found


@lru_cache(maxsize=100_000)
def _noise(name: str, period: int, step: int) -> int:
    digest = hashlib.blake2b(f"{name}:{period}:{step}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % (2 * _HEIGHT + 1) - _HEIGHT


def mid(traded: Symbol, at: datetime) -> Decimal:
    """The price between bid and ask: whole numbers only, so it is the same on every machine."""
    seconds = (at - _START) // timedelta(seconds=1)
    millionths = 0
    for period, height in _WAVES:
        step, into = divmod(seconds, period * 60)
        left, right = (_noise(traded.name, period, step + i) for i in (0, 1))
        level = left * (period * 60 - into) + right * into
        millionths += level * height // (period * 60 * _HEIGHT)
    return traded.rounded(Decimal(traded.start) * (_HEIGHT + millionths) / _HEIGHT)


def quote(traded: Symbol, at: datetime) -> tuple[Decimal, Decimal]:
    """Bid and ask."""
    below = traded.spread_points // 2 * traded.point
    bid = mid(traded, at) - below
    return bid, bid + traded.spread_points * traded.point


def rate(source: str, target: str, at: datetime) -> Decimal:
    """What one unit of a currency is worth in another.

    Raises:
        Failed: no price leads from one to the other.
    """
    if source == target:
        return Decimal(1)
    worth = _in_dollars(source, at) / _in_dollars(target, at)
    return worth.quantize(Decimal("0.00000001"), ROUND_HALF_UP)


_PEGGED = {"USD": Decimal(1), "USC": Decimal("0.01"), "USDT": Decimal(1), "USDC": Decimal(1)}


def _in_dollars(currency: str, at: datetime) -> Decimal:
    if currency in _PEGGED:
        return _PEGGED[currency]
    if direct := SYMBOLS.get(f"{currency}USD"):
        return mid(direct, at)
    return 1 / mid(symbol(f"USD{currency}"), at)
