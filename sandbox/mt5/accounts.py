"""Accounts on the MetaTrader stand-in: opening, changing, balance operations, account state."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from sqlite3 import Row

from operational.kit.money import EXPONENTS
from sandbox.mt5 import server_time
from sandbox.mt5.calls import whole
from sandbox.mt5.retcodes import (
    BAD_PASSWORD,
    BALANCE_LIMIT,
    EXISTS,
    INVALID,
    NO_MONEY,
    OPEN_POSITIONS,
    OTHER_CURRENCY,
    Failed,
)
from sandbox.mt5.symbols import quote, rate, symbol
from sandbox.mt5.tables import (
    CREDIT_ACTION,
    Fields,
    deals_where,
    money_of,
    new_deal,
    to_minor,
    to_text,
    user_row,
)
from sandbox.store import Store

ENABLED = 0x1
TRADE_DISABLED = 0x4
_RIGHTS_DEFAULT = 0x1E3
_BALANCE_ACTIONS = frozenset({2, 3, 4, 5, 6})
_BALANCE_MAX = 1_000_000_000
_STOP_OUT_PERCENT = 50
_LOT_E8 = 100_000_000
_PASSWORD_LENGTHS = range(8, 17)

_TEXT_FIELDS = (
    "CertSerialNumber", "MQID", "LastIP", "Name", "FirstName", "LastName", "MiddleName", "Company",
    "Account", "Country", "Language", "ClientID", "City", "State", "ZIPCode", "Address", "Phone",
    "Email", "ID", "Status", "Comment", "Color", "PhonePassword", "Agent", "TradeAccounts",
    "LeadSource", "LeadCampaign", "LimitOrders", "LimitPositions", "ApiData",
)  # fmt: skip
_NUMBERS = frozenset(
    {"CertSerialNumber", "MQID", "Language", "ClientID", "Color", "Agent"}
    | {"LimitOrders", "LimitPositions"}
)


def accepted(password: str) -> str:
    """The hash of a password the server takes: 8 to 16 characters, of every kind at least one.

    Raises:
        Failed: it does not take this one.
    """
    kinds = (str.islower, str.isupper, str.isdigit, lambda one: not one.isalnum())
    has_all = all(any(map(is_kind, password)) for is_kind in kinds)
    if not has_all or len(password) not in _PASSWORD_LENGTHS:
        raise Failed(BAD_PASSWORD)
    return password_hash(password)


def password_hash(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def deposit_currency(group: str) -> str:
    r"""Groups are named after their currency, such as ``real\standard-EUR``; else dollars."""
    words = group.replace("\\", "-").replace("_", "-").replace(".", "-").upper().split("-")
    return next((word for word in words if word in EXPONENTS), "USD")


def add_user(store: Store, fields: Fields, at: datetime) -> int:
    """Open an account and return its login, the next free one unless given.

    Raises:
        Failed: the login is taken, the group is missing, a number is none, or a password too weak.
    """
    group = fields.get("group", "")
    if not group:
        raise Failed(INVALID)
    login = _number(fields, "login", 0) or store.next_number("login", 900_001)
    if store.rows("select 1 from users where login = ?", login):
        raise Failed(EXISTS)
    body = {
        name: fields.get(name.lower(), "0" if name in _NUMBERS else "") for name in _TEXT_FIELDS
    }
    body["Registration"] = body["LastAccess"] = body["LastPassChange"] = str(
        server_time.milliseconds(at) // 1000
    )
    with store.transaction() as db:
        db.execute(
            "insert into users (login, grp, currency, rights, leverage, password, investor, body)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                login,
                group,
                deposit_currency(group),
                _number(fields, "rights", _RIGHTS_DEFAULT),
                _number(fields, "leverage", 100, least=1),
                _password(fields, "pass_main"),
                _password(fields, "pass_investor"),
                json.dumps(body),
            ),
        )
    return login


def update_user(store: Store, login: int, fields: Fields) -> None:
    """Write what is given; the rights as a whole mask. Balances are not moved by this.

    Raises:
        Failed: no such login, or a group of another currency while money or positions are there.
    """
    user = user_row(store, login)
    group = fields.get("group", user["grp"])
    currency = deposit_currency(group)
    if currency != user["currency"]:
        if user["balance_minor"] or user["credit_minor"]:
            raise Failed(OTHER_CURRENCY)
        if store.rows("select 1 from positions where login = ?", login):
            raise Failed(OPEN_POSITIONS)
    body = json.loads(user["body"])
    body |= {name: fields[name.lower()] for name in _TEXT_FIELDS if name.lower() in fields}
    with store.transaction() as db:
        db.execute(
            "update users set grp = ?, currency = ?, rights = ?, leverage = ?, body = ?"
            " where login = ?",
            (
                group,
                currency,
                _number(fields, "rights", user["rights"]),
                _number(fields, "leverage", user["leverage"], least=1),
                json.dumps(body),
                login,
            ),
        )


def _number(fields: Fields, name: str, default: int, least: int = 0) -> int:
    given = fields.get(name)
    number = whole(given) if given else default
    if number < least:
        raise Failed(INVALID)
    return number


def _password(fields: Fields, name: str) -> str:
    """Hashed as it is kept. An account may be opened without: nobody signs in to it."""
    given = fields.get(name) or fields.get(name.replace("_", ""), "")
    return accepted(given) if given else password_hash("")


def user_fields(user: Row) -> Fields:
    """The account as the Web API writes it."""
    zero = to_text(0, user["currency"])
    nothing = dict.fromkeys(
        (
            "CommissionDaily", "CommissionMonthly", "CommissionAgentDaily",
            "CommissionAgentMonthly", "BalancePrevDay", "BalancePrevMonth", "EquityPrevDay",
            "EquityPrevMonth", "InterestRate",
        ),
        zero,
    )  # fmt: skip
    return {
        "Login": str(user["login"]),
        "Group": user["grp"],
        "Rights": str(user["rights"]),
        "Leverage": str(user["leverage"]),
        "Balance": to_text(user["balance_minor"], user["currency"]),
        "Credit": to_text(user["credit_minor"], user["currency"]),
        **nothing,
        **json.loads(user["body"]),
    }


def users_where(store: Store, logins: list[int], mask: str) -> list[Row]:
    r"""Accounts by logins, or by a group mask such as ``real\*,!real\test*``."""
    if logins:
        marks = ",".join("?" * len(logins))
        sql = f"select * from users where login in ({marks}) order by login"  # noqa: S608 - question marks
        return store.rows(sql, *logins)
    rows = store.rows("select * from users order by login")
    return [row for row in rows if group_matches(row["grp"], mask)]


def group_matches(group: str, mask: str) -> bool:
    """``*`` stands for anything, ``!`` excludes, a comma separates."""
    words = [word for word in mask.split(",") if word]
    if any(fnmatchcase(group, word[1:]) for word in words if word.startswith("!")):
        return False
    wanted = [word for word in words if not word.startswith("!")]
    return not wanted or any(fnmatchcase(group, word) for word in wanted)


def operate(
    store: Store,
    login: int,
    *,
    action: int,
    amount: Decimal,
    comment: str,
    at: datetime,
    check_margin: bool = True,
) -> Fields:
    """A balance operation: no key, no memory; the same call twice moves the money twice.

    Raises:
        Failed: unknown kind (3), over a thousand million (4005), more than there is (10019).
    """
    if action not in _BALANCE_ACTIONS or not amount:
        raise Failed(INVALID)
    if abs(amount) > _BALANCE_MAX:
        raise Failed(BALANCE_LIMIT)
    user = user_row(store, login)
    minor = to_minor(amount, user["currency"])
    if check_margin and minor < 0:
        state = account_state(store, user, at)
        there = (
            state.credit
            if action == CREDIT_ACTION
            else min(state.balance, to_minor(state.margin_free, user["currency"]))
        )
        if there + minor < 0:
            raise Failed(NO_MONEY)
    return new_deal(
        store,
        user,
        at,
        Action=str(action),
        Profit=to_text(minor, user["currency"]),
        Comment=comment,
        Dealer="1000",
        Reason="2",
    )


@dataclass(frozen=True, slots=True)
class AccountState:
    """Balance and credit in minor units, the rest in exact major units."""

    currency: str
    leverage: int
    balance: int
    credit: int
    margin: Decimal
    profit: Decimal

    @property
    def equity(self) -> Decimal:
        both = self.balance + self.credit
        return Decimal(to_text(both, self.currency)) + self.profit

    @property
    def margin_free(self) -> Decimal:
        return self.equity - self.margin

    @property
    def margin_level(self) -> Decimal:
        return self.equity / self.margin * 100 if self.margin else Decimal(0)


def account_state(store: Store, user: Row, at: datetime) -> AccountState:
    """The account with its open positions at the prices of a moment."""
    margin = profit = Decimal(0)
    for position in store.rows("select * from positions where login = ?", user["login"]):
        profit += floating(position, user["currency"], at)
        margin += _value(position, user["currency"], at) / user["leverage"]
    return AccountState(
        user["currency"],
        user["leverage"],
        user["balance_minor"],
        user["credit_minor"],
        _cents(margin, user["currency"]),
        _cents(profit, user["currency"]),
    )


def _value(position: Row, currency: str, at: datetime) -> Decimal:
    """What the position was opened for, in the deposit currency."""
    traded = symbol(position["symbol"])
    units = Decimal(position["volume_e8"]) / _LOT_E8 * traded.contract
    return Decimal(position["price_open"]) * units * rate(traded.profit_currency, currency, at)


def floating(position: Row, currency: str, at: datetime) -> Decimal:
    """What closing the position now would bring, in the deposit currency."""
    traded = symbol(position["symbol"])
    units = Decimal(position["volume_e8"]) / _LOT_E8 * traded.contract
    bid, ask = quote(traded, at)
    opened = Decimal(position["price_open"])
    moved = bid - opened if position["is_buy"] else opened - ask
    return moved * units * rate(traded.profit_currency, currency, at)


def _cents(amount: Decimal, currency: str) -> Decimal:
    return Decimal(to_text(to_minor(amount, currency), currency))


def account_fields(store: Store, user: Row, at: datetime) -> Fields:
    """The account state as the Web API writes it."""
    state = account_state(store, user, at)
    zero = to_text(0, state.currency)
    stopped = bool(state.margin) and state.margin_level < _STOP_OUT_PERCENT
    return {
        "Login": str(user["login"]),
        "CurrencyDigits": "2",
        "Balance": to_text(state.balance, state.currency),
        "Credit": to_text(state.credit, state.currency),
        "Margin": str(state.margin),
        "MarginFree": str(state.margin_free),
        "MarginLevel": f"{state.margin_level:.2f}",
        "MarginLeverage": str(state.leverage),
        "Profit": str(state.profit),
        "Storage": zero,
        "Floating": str(state.profit),
        "Equity": str(state.equity),
        "SOActivation": "2" if stopped else "0",
        "SOTime": "0",
        "SOLevel": "0.00",
        "BlockedCommission": zero,
        "BlockedProfit": zero,
    }


def history_of(store: Store, user: Row) -> dict[str, int]:
    """Balance and credit recomputed from the deals."""
    sums = {"balance_minor": 0, "credit_minor": 0}
    for deal in deals_where(store, "login = ?", user["login"]):
        column = "credit_minor" if int(deal["Action"]) == CREDIT_ACTION else "balance_minor"
        sums[column] += money_of(deal, user["currency"])
    return sums
