"""The trader's terminal: a page with buttons, and the same orders as JSON. Not MetaTrader's API."""

import json
import secrets
from decimal import Decimal, InvalidOperation
from sqlite3 import Row
from typing import Annotated
from urllib.parse import quote_plus

from fastapi import APIRouter, Cookie, Depends, Form, Header
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sandbox.mt5 import accounts, trading
from sandbox.mt5.orders import Order, Result, carry_out
from sandbox.mt5.retcodes import BAD_PASSWORD, BAD_VOLUME, DISABLED, Failed, text
from sandbox.mt5.symbols import SYMBOLS, quote
from sandbox.mt5.symbols import symbol as specification
from sandbox.mt5.tables import Fields, deals_where, user_row
from sandbox.once import once
from sandbox.pages import templates
from sandbox.store import Document
from sandbox.vendor import Answer
from sandbox.world import World

_FROM_THE_WEB = 17
_LAST_DEALS = "order by time_msc desc, deal desc limit 20"


def routes(world: World) -> APIRouter:
    router = APIRouter(prefix="/terminal")
    _add_orders(router, world)
    _add_pages(router, world)
    _add_dealer(router, world)
    return router


def _add_orders(router: APIRouter, world: World) -> None:
    @router.post("/trade")
    def trade(
        orders: list[Order], idempotency_key: Annotated[str | None, Header()] = None
    ) -> list[Result]:
        """As many steps as you like, see `Order`; with a key once, however often it is asked."""

        def effect() -> Answer:
            return Answer(200, json.dumps(carry_out(world, orders)).encode())

        answer, _ = once(world, idempotency_key, repr(orders), effect)
        results: list[Result] = json.loads(answer.body)
        return results

    @router.get("/price")
    def price(symbol: str) -> Document:
        traded = specification(symbol)
        bid, ask = quote(traded, world.now())
        return {"symbol": symbol, "bid": str(bid), "ask": str(ask), "at": world.now().isoformat()}


def _add_pages(router: APIRouter, world: World) -> None:
    signed_in: dict[str, int] = {}

    def trader(terminal: Annotated[str, Cookie()] = "") -> Row | None:
        """Who is signed in; a blocked account is thrown out at once."""
        login = signed_in.get(terminal)
        user = user_row(world.store, login) if login else None
        return user if user and user["rights"] & accounts.ENABLED else None

    TraderDep = Annotated[Row | None, Depends(trader)]  # noqa: N806 - a type

    @router.get("/")
    def show(user: TraderDep, complaint: str = "") -> HTMLResponse:
        return _page(world, user, complaint)

    @router.post("/login")
    def sign_in(login: Annotated[int, Form()], password: Annotated[str, Form()]) -> Response:
        user = user_row(world.store, login)
        if user["password"] != accounts.password_hash(password):
            raise Failed(BAD_PASSWORD)
        if not user["rights"] & accounts.ENABLED:
            raise Failed(DISABLED)
        token = secrets.token_urlsafe(24)
        signed_in[token] = login
        answer = RedirectResponse("/terminal/", 303)
        answer.set_cookie("terminal", token, httponly=True, samesite="lax")
        return answer

    @router.post("/open")
    def open_position(
        user: TraderDep,
        name: Annotated[str, Form(alias="symbol")],
        lots: Annotated[str, Form()],
        side: Annotated[str, Form()],
    ) -> Response:
        if user is None:
            raise Failed(DISABLED)
        with world.store.transaction():
            trading.open_position(
                world.store,
                user["login"],
                name=name,
                is_buy=side == "buy",
                lots=_lots(lots),
                at=world.now(),
                reason=_FROM_THE_WEB,
            )
        return RedirectResponse("/terminal/", 303)

    @router.post("/close/{position}")
    def close_position(position: int, user: TraderDep) -> Response:
        owner = world.store.rows("select login from positions where position = ?", position)
        if user is None or not owner or owner[0]["login"] != user["login"]:
            raise Failed(DISABLED)
        with world.store.transaction():
            trading.close_position(world.store, position, at=world.now(), reason=_FROM_THE_WEB)
        return RedirectResponse("/terminal/", 303)


def _lots(given: str) -> Decimal:
    try:
        return Decimal(given)
    except InvalidOperation:
        raise Failed(BAD_VOLUME) from None


def back(failure: Failed) -> RedirectResponse:
    """To the page, with the reason on top."""
    return RedirectResponse(f"/terminal/?complaint={quote_plus(text(failure.code))}", 303)


def _page(world: World, user: Row | None, complaint: str) -> HTMLResponse:
    now = world.now()
    shown: Document = {"user": None, "complaint": complaint}
    if user is not None:
        shown |= {
            "user": accounts.user_fields(user),
            "currency": user["currency"],
            "account": accounts.account_fields(world.store, user, now),
            "quotes": {name: quote(traded, now) for name, traded in SYMBOLS.items()},
            "positions": _positions(world, user),
            "deals": deals_where(world.store, "login = ?", user["login"], page=_LAST_DEALS),
        }
    return HTMLResponse(templates.get_template("terminal.html").render(shown))


def _positions(world: World, user: Row) -> list[Fields]:
    """Open positions with what each has made so far."""
    sql = "select * from positions where login = ? order by position desc"
    positions = []
    for row in world.store.rows(sql, user["login"]):
        profit = accounts.floating(row, user["currency"], world.now())
        lots = Decimal(row["volume_e8"]) / trading.LOT_E8
        opening: Fields = json.loads(row["body"])
        positions.append(opening | {"Lots": f"{lots:.2f}", "Floating": f"{profit:,.2f}"})
    return positions


def _add_dealer(router: APIRouter, world: World) -> None:
    @router.get("/dealer")
    def accounts_page() -> HTMLResponse:
        """Every account with its switches, as somebody at the broker's dealing desk sees them."""
        users = [accounts.user_fields(user) for user in accounts.users_where(world.store, [], "")]
        bits = {"enabled": accounts.ENABLED, "trade_disabled": accounts.TRADE_DISABLED}
        return HTMLResponse(templates.get_template("dealer.html").render(users=users, bits=bits))

    @router.post("/dealer/{login}/{switch}")
    def flip(login: int, switch: str) -> Response:
        """Block or unblock an account, or its trading, on the platform itself."""
        bit = accounts.ENABLED if switch == "enabled" else accounts.TRADE_DISABLED
        with world.store.transaction():
            rights = user_row(world.store, login)["rights"] ^ bit
            accounts.update_user(world.store, login, {"rights": str(rights)})
        return RedirectResponse("/terminal/dealer", 303)
