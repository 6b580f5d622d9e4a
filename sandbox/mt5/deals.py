"""The Web API's deals: one, counted, paged by at most a hundred, in batches; changed in place."""

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from sandbox.mt5 import accounts, trading
from sandbox.mt5.calls import Call, CallDep, authorised, done
from sandbox.mt5.retcodes import INVALID, Failed
from sandbox.mt5.tables import deals_where
from sandbox.world import World

_FOREVER = 2**40
_WINDOW = "login = ? and time between ? and ?"


def routes(world: World) -> APIRouter:
    router = APIRouter(prefix="/api/deal", dependencies=[Depends(authorised)])
    _add_reading(router, world)
    _add_changing(router, world)
    return router


def _window(call: Call) -> tuple[int, int, int]:
    """Login, from, to; in seconds of the server's clock, both ends included."""
    return call.whole("login"), call.whole("from", 0), call.whole("to", _FOREVER)


def _add_reading(router: APIRouter, world: World) -> None:
    store = world.store

    @router.get("/get")
    def get(call: CallDep) -> JSONResponse:
        return done(trading.deal_of(store, call.whole("ticket")))

    @router.get("/get_total")
    def total(call: CallDep) -> JSONResponse:
        sql = f"select count(*) as n from deals where deleted = 0 and {_WINDOW}"  # noqa: S608 - a constant
        return done({"Total": str(store.rows(sql, *_window(call))[0]["n"])})

    @router.get("/get_page")
    def page(call: CallDep) -> JSONResponse:
        offset, size = call.page()
        return done(
            deals_where(
                store,
                _WINDOW,
                *_window(call),
                page=f"order by time_msc, deal limit {size} offset {offset}",
            )
        )

    @router.get("/get_batch")
    def batch(call: CallDep) -> JSONResponse:
        given = [name for name in ("login", "group", "ticket") if call.text(name)]
        if len(given) != 1:
            raise Failed(INVALID)
        if given == ["ticket"]:
            where, keys = "deal", call.logins("ticket")
        else:
            users = accounts.users_where(store, call.logins(), call.text("group"))
            where, keys = "login", [user["login"] for user in users]
        marks = ",".join("?" * len(keys))
        where = f"{where} in ({marks}) and time between ? and ? and symbol like ?"
        since, until = call.whole("from", 0), call.whole("to", _FOREVER)
        return done(
            deals_where(
                store, where, *keys, since, until, call.text("symbol").replace("*", "%") or "%"
            )
        )


def _add_changing(router: APIRouter, world: World) -> None:
    store = world.store

    @router.api_route("/update", methods=["GET", "POST"])
    def update(call: CallDep) -> JSONResponse:
        ticket = call.whole("deal", call.whole("ticket", 0))
        with store.transaction():
            return done(trading.change_deal(store, ticket, call.exact))

    @router.api_route("/delete", methods=["GET", "POST"])
    def delete(call: CallDep) -> JSONResponse:
        with store.transaction():
            for ticket in call.logins("ticket"):
                trading.remove_deal(store, ticket)
        return done()

    @router.api_route("/backup/restore", methods=["GET", "POST"])
    def restore(call: CallDep) -> JSONResponse:
        with store.transaction():
            for ticket in call.logins("ticket"):
                trading.remove_deal(store, ticket, restore=True)
        return done()
