"""Opening and closing positions: deals in and out, profit, swap, commission, margin."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from sqlite3 import Row

from sandbox.mt5 import server_time
from sandbox.mt5.accounts import ENABLED, TRADE_DISABLED, account_state
from sandbox.mt5.retcodes import (
    BAD_VOLUME,
    DISABLED,
    INVALID,
    NO_MONEY,
    NOT_FOUND,
    Failed,
)
from sandbox.mt5.retcodes import TRADE_DISABLED as TRADING_OFF
from sandbox.mt5.symbols import Symbol, quote, rate, symbol
from sandbox.mt5.tables import (
    MONEY_FIELDS,
    Fields,
    deals_where,
    money_of,
    move_money,
    new_deal,
    to_minor,
    to_text,
    user_row,
)
from sandbox.store import Store

LOT_E8 = 100_000_000
_VOLUME_STEP = LOT_E8 // 100
_VOLUME_MAX = 500 * LOT_E8
_COMMISSION_PER_LOT = Decimal("3.50")
_COMMISSION_GROUPS = ("raw", "ecn", "pro")
_WEDNESDAY = 2
CANCELLED = {"0": "13", "1": "14"}
_MODIFIED_BY_API = 32


def volume_e8(lots: Decimal) -> int:
    """Lots as whole hundred-millionths.

    Raises:
        Failed: not a hundredth of a lot, nothing, or too much.
    """
    volume = int(lots * LOT_E8)
    if volume % _VOLUME_STEP or not 0 < volume <= _VOLUME_MAX or volume != lots * LOT_E8:
        raise Failed(BAD_VOLUME)
    return volume


def _may_trade(user: Row) -> None:
    if not user["rights"] & ENABLED:
        raise Failed(DISABLED)
    if user["rights"] & TRADE_DISABLED or user["grp"].startswith("preliminary"):
        raise Failed(TRADING_OFF)


def open_position(
    store: Store,
    login: int,
    *,
    name: str,
    is_buy: bool,
    lots: Decimal,
    at: datetime,
    price: Decimal | None = None,
    reason: int = 0,
    comment: str = "",
    check_margin: bool = True,
) -> Fields:
    """Open a position, at the market unless a price is given; return its deal.

    Raises:
        Failed: account blocked or trading off, bad volume, unknown symbol, not enough margin.
    """
    user = user_row(store, login)
    _may_trade(user)
    traded, volume = symbol(name), volume_e8(lots)
    bid, ask = quote(traded, at)
    paid = traded.rounded(price) if price else (ask if is_buy else bid)
    to_deposit = rate(traded.profit_currency, user["currency"], at)
    if check_margin:
        needed = paid * lots * traded.contract * to_deposit / user["leverage"]
        if account_state(store, user, at).margin_free < needed:
            raise Failed(NO_MONEY)
    position = store.next_number("order", 500_001)
    deal = new_deal(
        store,
        user,
        at,
        **_trade_fields(traded, lots, paid, to_deposit),
        Action="0" if is_buy else "1",
        Entry="0",
        Order=str(position),
        PositionID=str(position),
        Reason=str(reason),
        Comment=comment,
        Commission=_commission(user, lots, at),
    )
    with store.transaction() as db:
        db.execute(
            "insert into positions values (?, ?, ?, ?, ?, ?, ?, ?)",
            (position, login, name, is_buy, volume, str(paid), at.isoformat(), json.dumps(deal)),
        )
    return deal


def close_position(
    store: Store,
    position: int,
    *,
    at: datetime,
    lots: Decimal | None = None,
    price: Decimal | None = None,
    reason: int = 0,
    comment: str = "",
) -> Fields:
    """Close a position, whole or in part, at the market unless a price is given.

    Raises:
        Failed: no such position, more than is open, account blocked or trading off.
    """
    found = store.rows("select * from positions where position = ?", position)
    if not found:
        raise Failed(NOT_FOUND)
    held = found[0]
    user = user_row(store, held["login"])
    _may_trade(user)
    traded = symbol(held["symbol"])
    volume = held["volume_e8"] if lots is None else volume_e8(lots)
    if volume > held["volume_e8"]:
        raise Failed(BAD_VOLUME)
    closed = Decimal(volume) / LOT_E8
    bid, ask = quote(traded, at)
    got = traded.rounded(price) if price else (bid if held["is_buy"] else ask)
    opened = Decimal(held["price_open"])
    to_deposit = rate(traded.profit_currency, user["currency"], at)
    raw = (got - opened if held["is_buy"] else opened - got) * closed * traded.contract
    deal = new_deal(
        store,
        user,
        at,
        **_trade_fields(traded, closed, got, to_deposit),
        Action="1" if held["is_buy"] else "0",
        Entry="1",
        Order=str(store.next_number("order", 500_001)),
        PositionID=str(position),
        Reason=str(reason),
        Comment=comment,
        Commission=_commission(user, closed, at),
        Profit=_money(raw * to_deposit, user),
        ProfitRaw=to_text(to_minor(raw, traded.profit_currency), traded.profit_currency),
        Storage=_storage(user, traded, held, closed, at),
        PricePosition=held["price_open"],
        VolumeClosed=str(volume // 10_000),
        VolumeClosedExt=str(volume),
    )
    with store.transaction() as db:
        sql = "update positions set volume_e8 = volume_e8 - ? where position = ?"
        db.execute(sql, (volume, position))
        db.execute("delete from positions where position = ? and volume_e8 = 0", (position,))
    return deal


def _trade_fields(traded: Symbol, lots: Decimal, price: Decimal, to_deposit: Decimal) -> Fields:
    """What deals in and out say alike."""
    volume = int(lots * LOT_E8)
    half = traded.spread_points * traded.point / 2
    return {
        "Symbol": traded.name,
        "Digits": str(traded.digits),
        "ContractSize": f"{traded.contract}.00",
        "Price": str(price),
        "Volume": str(volume // 10_000),
        "VolumeExt": str(volume),
        "RateProfit": f"{to_deposit:.8f}",
        "RateMargin": f"{to_deposit:.8f}",
        "TickSize": str(traded.point),
        "TickValue": f"{traded.point * traded.contract * to_deposit:.6f}",
        "Value": f"{price * lots * traded.contract * to_deposit:.2f}",
        "MarketBid": str(traded.rounded(price - half)),
        "MarketAsk": str(traded.rounded(price + half)),
    }


def _money(amount: Decimal, user: Row) -> str:
    return to_text(to_minor(amount, user["currency"]), user["currency"])


def _commission(user: Row, lots: Decimal, at: datetime) -> str:
    """Raw-spread groups pay 3.50 dollars a lot and side."""
    if not any(word in user["grp"].lower() for word in _COMMISSION_GROUPS):
        return _money(Decimal(0), user)
    return _money(-_COMMISSION_PER_LOT * lots * rate("USD", user["currency"], at), user)


def _storage(user: Row, traded: Symbol, held: Row, lots: Decimal, at: datetime) -> str:
    """Swap for every server midnight the position lived through, Wednesday's three times."""
    first = server_time.wall(datetime.fromisoformat(held["opened"])).date()
    last = server_time.wall(at).date()
    days = [first + timedelta(days=i) for i in range((last - first).days)]
    nights = sum(3 if day.weekday() == _WEDNESDAY else day.weekday() < 5 for day in days)  # noqa: PLR2004 - Saturday
    points = Decimal(traded.swap_long if held["is_buy"] else traded.swap_short)
    to_deposit = rate(traded.profit_currency, user["currency"], at)
    return _money(points * traded.point * traded.contract * lots * nights * to_deposit, user)


def deal_of(store: Store, ticket: int) -> Fields:
    """The deal.

    Raises:
        Failed: no such deal.
    """
    found = deals_where(store, "deal = ?", ticket)
    if not found:
        raise Failed(NOT_FOUND)
    return found[0]


def change_deal(store: Store, ticket: int, changes: Fields) -> Fields:
    """Rewrite a deal in place, as a dealer may; cancelling clears its money.

    Raises:
        Failed: no such deal, or a cancellation of what is no trade.
    """
    deal = deal_of(store, ticket)
    user = user_row(store, int(deal["Login"]))
    before = money_of(deal, user["currency"])
    changed = deal | {name: value for name, value in changes.items() if name in deal}
    if changed["Action"] != deal["Action"]:
        if changed["Action"] != CANCELLED.get(deal["Action"]):
            raise Failed(INVALID)
        nothing = to_text(0, user["currency"])
        changed |= dict.fromkeys((*MONEY_FIELDS, "ProfitRaw"), nothing)
        _forget_position(store, deal)
    changed["ModifyFlags"] = str(int(deal["ModifyFlags"]) | _MODIFIED_BY_API)
    with store.transaction() as db:
        db.execute("update deals set body = ? where deal = ?", (json.dumps(changed), ticket))
        move_money(store, user, deal, money_of(changed, user["currency"]) - before)
    return changed


def _forget_position(store: Store, deal: Fields) -> None:
    """A cancelled opening leaves nothing open."""
    if deal["Entry"] == "0":
        with store.transaction() as db:
            db.execute("delete from positions where position = ?", (deal["PositionID"],))


def remove_deal(store: Store, ticket: int, *, restore: bool = False) -> None:
    """Delete a deal, or bring it back; the balance follows.

    Raises:
        Failed: there is none to delete, or to restore.
    """
    found = store.rows("select * from deals where deal = ? and deleted = ?", ticket, restore)
    if not found:
        raise Failed(NOT_FOUND)
    deal = json.loads(found[0]["body"])
    user = user_row(store, found[0]["login"])
    money = money_of(deal, user["currency"])
    with store.transaction() as db:
        db.execute("update deals set deleted = ? where deal = ?", (not restore, ticket))
        move_money(store, user, deal, money if restore else -money)
