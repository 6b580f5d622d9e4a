"""The Web API for managers: session, accounts, balance operations, positions, market."""

import json
from datetime import datetime

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from sandbox.mt5 import accounts, server_time
from sandbox.mt5.calls import CallDep, authorised, done
from sandbox.mt5.retcodes import BAD_PASSWORD, Failed
from sandbox.mt5.sessions import Manager
from sandbox.mt5.symbols import SYMBOLS, Symbol, quote, symbol
from sandbox.mt5.tables import Fields, to_text, user_row
from sandbox.world import World


def routes(world: World, manager: Manager) -> list[APIRouter]:
    """The handshake is open; all else needs it, on the same connection."""
    open_router = APIRouter(prefix="/api")
    router = APIRouter(prefix="/api", dependencies=[Depends(authorised)])
    _add_handshake(open_router, manager)
    _add_session(router, world)
    _add_users(router, world)
    _add_user_reading(router, world)
    _add_money(router, world)
    _add_positions(router, world)
    _add_market(router, world)
    return [open_router, router]


def _add_handshake(router: APIRouter, manager: Manager) -> None:
    @router.get("/auth/start")
    async def start(call: CallDep) -> JSONResponse:
        challenge = manager.challenge(call.session, call.text("login"))
        return done(version_access="4330", srv_rand=challenge)

    @router.get("/auth/answer")
    async def answer(call: CallDep) -> JSONResponse:
        given, challenge = call.text("srv_rand_answer"), call.text("cli_rand")
        proof = manager.prove(call.session, given, challenge)
        return done(version_trade="4330", cli_rand_answer=proof)


def _add_session(router: APIRouter, world: World) -> None:
    @router.get("/test/access")
    async def access() -> JSONResponse:
        return done()

    @router.get("/quit")
    async def leave(call: CallDep) -> JSONResponse:
        call.session.is_open = False
        return done()

    @router.get("/time/server")
    def time() -> JSONResponse:
        return done({"Time": str(server_time.milliseconds(world.now()) // 1000)})


def _add_users(router: APIRouter, world: World) -> None:
    @router.api_route("/user/add", methods=["GET", "POST"])
    def add(call: CallDep) -> JSONResponse:
        with world.store.transaction():
            login = accounts.add_user(world.store, call.fields, world.now())
            return done(accounts.user_fields(user_row(world.store, login)))

    @router.api_route("/user/update", methods=["GET", "POST"])
    def update(call: CallDep) -> JSONResponse:
        login = call.whole("login")
        with world.store.transaction():
            accounts.update_user(world.store, login, call.fields)
            return done(accounts.user_fields(user_row(world.store, login)))

    @router.get("/user/check_password")
    def check_password(call: CallDep) -> JSONResponse:
        user = user_row(world.store, call.whole("login"))
        column = "investor" if call.text("type") == "investor" else "password"
        if user[column] != accounts.password_hash(call.text("password")):
            raise Failed(BAD_PASSWORD)
        return done()

    @router.api_route("/user/change_password", methods=["GET", "POST"])
    def change_password(call: CallDep) -> JSONResponse:
        login = user_row(world.store, call.whole("login"))["login"]
        column = "investor" if call.text("type") == "investor" else "password"
        hashed = accounts.accepted(call.text("password"))
        with world.store.transaction() as db:
            sql = f"update users set {column} = ? where login = ?"  # noqa: S608 - one of two names
            db.execute(sql, (hashed, login))
        return done()


def _add_user_reading(router: APIRouter, world: World) -> None:
    store = world.store

    @router.get("/user/get")
    def get(call: CallDep) -> JSONResponse:
        return done(accounts.user_fields(user_row(store, call.whole("login"))))

    @router.get("/user/get_batch")
    def get_batch(call: CallDep) -> JSONResponse:
        users = accounts.users_where(store, call.logins(), call.text("group"))
        return done([accounts.user_fields(user) for user in users])

    @router.get("/user/logins")
    def logins(call: CallDep) -> JSONResponse:
        users = accounts.users_where(store, [], call.text("group"))
        return done([str(user["login"]) for user in users])

    @router.get("/user/total")
    def total() -> JSONResponse:
        return done({"Total": str(len(accounts.users_where(store, [], "")))})

    @router.get("/user/account/get")
    def account(call: CallDep) -> JSONResponse:
        user = user_row(store, call.whole("login"))
        return done(accounts.account_fields(store, user, world.now()))

    @router.get("/user/account/get_batch")
    def account_batch(call: CallDep) -> JSONResponse:
        users = accounts.users_where(store, call.logins(), call.text("group"))
        return done([accounts.account_fields(store, user, world.now()) for user in users])


def _add_money(router: APIRouter, world: World) -> None:
    @router.api_route("/trade/balance", methods=["GET", "POST"])
    def balance(call: CallDep) -> JSONResponse:
        with world.store.transaction():
            deal = accounts.operate(
                world.store,
                call.whole("login"),
                action=call.whole("type"),
                amount=call.decimal("balance"),
                comment=call.text("comment"),
                check_margin=call.whole("check_margin", 1) != 0,
                at=world.now(),
            )
        return done({"Ticket": deal["Deal"]})

    @router.get("/user/check_balance")
    def check_balance(call: CallDep) -> JSONResponse:
        user = user_row(world.store, call.whole("login"))
        history = accounts.history_of(world.store, user)
        columns = {"Balance": "balance_minor", "Credit": "credit_minor"}
        if call.whole("fixflag", 0):
            with world.store.transaction() as db:
                sql = "update users set balance_minor = ?, credit_minor = ? where login = ?"
                db.execute(sql, (*history.values(), user["login"]))
        return done(
            {
                name: {
                    "User": to_text(user[column], user["currency"]),
                    "History": to_text(history[column], user["currency"]),
                }
                for name, column in columns.items()
            }
        )


def _position(row_body: str, at: datetime, volume_e8: int) -> Fields:
    """An open position as the Web API writes it."""
    deal: Fields = json.loads(row_body)
    traded = symbol(deal["Symbol"])
    bid, ask = quote(traded, at)
    kept = ("Login", "Symbol", "Action", "Digits", "DigitsCurrency", "Reason", "ContractSize")
    return {name: deal[name] for name in kept} | {
        "Position": deal["PositionID"],
        "TimeCreate": deal["Time"],
        "TimeUpdate": deal["Time"],
        "PriceOpen": deal["Price"],
        "PriceCurrent": str(bid if deal["Action"] == "0" else ask),
        "PriceSL": deal["PriceSL"],
        "PriceTP": deal["PriceTP"],
        "Volume": str(volume_e8 // 10_000),
        "VolumeExt": str(volume_e8),
        "Comment": deal["Comment"],
    }


def _add_positions(router: APIRouter, world: World) -> None:
    def listed(logins: list[int], mask: str) -> list[Fields]:
        chosen = {user["login"] for user in accounts.users_where(world.store, logins, mask)}
        rows = world.store.rows("select * from positions order by position")
        now = world.now()
        return [
            _position(row["body"], now, row["volume_e8"]) for row in rows if row["login"] in chosen
        ]

    @router.get("/position/get_total")
    def total(call: CallDep) -> JSONResponse:
        return done({"Total": str(len(listed([call.whole("login")], "")))})

    @router.get("/position/get_page")
    def page(call: CallDep) -> JSONResponse:
        offset, size = call.page()
        return done(listed([call.whole("login")], "")[offset : offset + size])

    @router.get("/position/get_batch")
    def batch(call: CallDep) -> JSONResponse:
        return done(listed(call.logins(), call.text("group")))


def _specification(traded: Symbol) -> Fields:
    return {
        "Symbol": traded.name,
        "CurrencyBase": traded.base,
        "CurrencyProfit": traded.profit_currency,
        "CurrencyMargin": traded.base,
        "Digits": str(traded.digits),
        "Point": str(traded.point),
        "ContractSize": f"{traded.contract}.00",
        "TickSize": str(traded.point),
        "Spread": str(traded.spread_points),
        "SwapLong": traded.swap_long,
        "SwapShort": traded.swap_short,
        "TradeMode": "4",
        "VolumeMin": "100",
        "VolumeStep": "100",
        "VolumeMax": "5000000",
    }


def _add_market(router: APIRouter, world: World) -> None:
    @router.get("/symbol/list")
    def symbols() -> JSONResponse:
        return done(list(SYMBOLS))

    @router.get("/symbol/get")
    def one(call: CallDep) -> JSONResponse:
        return done(_specification(symbol(call.text("symbol"))))

    @router.get("/tick/last")
    def tick(call: CallDep) -> JSONResponse:
        traded = symbol(call.text("symbol"))
        bid, ask = quote(traded, world.now())
        time = str(server_time.milliseconds(world.now()) // 1000)
        return done(
            [
                {
                    "Symbol": traded.name,
                    "Digits": str(traded.digits),
                    "Bid": str(bid),
                    "Ask": str(ask),
                    "Last": "0",
                    "Datetime": time,
                }
            ]
        )
