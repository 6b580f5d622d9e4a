"""The MetaTrader stand-in's tables, and its records as they travel: every value a string."""

import json
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from sqlite3 import Row

from operational.kit.money import exponent
from sandbox.mt5 import server_time
from sandbox.mt5.retcodes import NOT_FOUND, Failed
from sandbox.store import Store

TABLES = """
create table if not exists users (
    login integer primary key, grp text not null, currency text not null, rights integer not null,
    leverage integer not null, balance_minor integer not null default 0,
    credit_minor integer not null default 0, password text not null, investor text not null,
    body text not null
);
create table if not exists deals (
    deal integer primary key, login integer not null, time integer not null,
    time_msc integer not null, symbol text not null, deleted integer not null default 0,
    body text not null
);
create index if not exists deals_login on deals (login, time);
create index if not exists deals_time on deals (time);
create table if not exists positions (
    position integer primary key, login integer not null, symbol text not null, is_buy integer,
    volume_e8 integer not null, price_open text not null, opened text not null, body text not null
);
create index if not exists positions_login on positions (login);
"""

Fields = dict[str, str]

DEAL_FIELDS: Fields = {
    "Deal": "0", "ExternalID": "", "Login": "0", "Dealer": "0", "Order": "0", "Action": "0",
    "Entry": "0", "Reason": "0", "Digits": "0", "DigitsCurrency": "2", "ContractSize": "0.00",
    "Time": "0", "TimeMsc": "0", "Symbol": "", "Price": "0", "Volume": "0", "VolumeExt": "0",
    "Profit": "0.00", "Storage": "0.00", "Commission": "0.00", "Fee": "0.00",
    "RateProfit": "0.00000000", "RateMargin": "0.00000000", "ExpertID": "0", "PositionID": "0",
    "Comment": "", "ProfitRaw": "0.00", "PricePosition": "0", "PriceSL": "0", "PriceTP": "0",
    "VolumeClosed": "0", "VolumeClosedExt": "0", "TickValue": "0", "TickSize": "0", "Flags": "0",
    "Gateway": "", "PriceGateway": "0", "ModifyFlags": "0", "Value": "0.00", "ApiData": "",
    "MarketBid": "0", "MarketAsk": "0", "MarketLast": "0",
}  # fmt: skip

MONEY_FIELDS = ("Profit", "Storage", "Commission", "Fee")
CREDIT_ACTION = 3
COMMENT_MAX = 31


def user_row(store: Store, login: int) -> Row:
    """The account.

    Raises:
        Failed: no such login.
    """
    found = store.rows("select * from users where login = ?", login)
    if not found:
        raise Failed(NOT_FOUND)
    return found[0]


def to_minor(amount: Decimal, currency: str) -> int:
    """Round an amount to minor units, half up as MetaTrader does."""
    return int(amount.scaleb(exponent(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def to_text(minor: int, currency: str) -> str:
    """As MetaTrader writes money: with the currency's digits, at least two."""
    places = exponent(currency)
    return f"{Decimal(minor).scaleb(-places):.{max(places, 2)}f}"


def new_deal(store: Store, user: Row, at: datetime, **fields: str) -> Fields:
    """Write a deal and move the account's balance, or credit, by its money."""
    currency: str = user["currency"]
    time_msc = server_time.milliseconds(at)
    ticket = store.next_number("deal", 100_001)
    deal = DEAL_FIELDS | {
        "Deal": str(ticket),
        "Login": str(user["login"]),
        "DigitsCurrency": str(exponent(currency)),
        "Time": str(time_msc // 1000),
        "TimeMsc": str(time_msc),
    }
    deal |= fields
    deal["Comment"] = deal["Comment"][:COMMENT_MAX]
    with store.transaction() as db:
        db.execute(
            "insert into deals (deal, login, time, time_msc, symbol, body) values (?, ?, ?, ?, ?, ?)",
            (
                ticket,
                user["login"],
                time_msc // 1000,
                time_msc,
                deal["Symbol"],
                json.dumps(deal),
            ),
        )
        move_money(store, user, deal, money_of(deal, currency))
    return deal


def money_of(deal: Fields, currency: str) -> int:
    """What the deal does to the account, in minor units."""
    return sum(to_minor(Decimal(deal[name]), currency) for name in MONEY_FIELDS)


def move_money(store: Store, user: Row, deal: Fields, minor: int) -> None:
    column = "credit_minor" if int(deal["Action"]) == CREDIT_ACTION else "balance_minor"
    with store.transaction() as db:
        sql = f"update users set {column} = {column} + ? where login = ?"  # noqa: S608 - two names of ours
        db.execute(sql, (minor, user["login"]))


def deals_where(
    store: Store, where: str, *values: object, page: str = "order by time_msc, deal"
) -> list[Fields]:
    """Deals that are not deleted, oldest first unless another page is asked for."""
    sql = f"select body from deals where deleted = 0 and {where} {page}"  # noqa: S608 - `where` is ours
    return [json.loads(row["body"]) for row in store.rows(sql, *values)]
