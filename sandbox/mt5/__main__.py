"""``python -m sandbox.mt5 --port 8103 --home DIR``."""

from fastapi import Request
from fastapi.responses import Response

from sandbox.mt5 import deals, routes, terminal
from sandbox.mt5.calls import failed
from sandbox.mt5.retcodes import Failed
from sandbox.mt5.sessions import Manager, Mt5Protocol
from sandbox.mt5.tables import TABLES
from sandbox.mt5.vendor import MetaTrader, fresh_secrets
from sandbox.server import build_app, read_options, serve
from sandbox.world import World, build_world


def _nothing_happens(_world: World, _subject: str) -> None:
    """No timers run here."""


def main() -> None:
    options = read_options("mt5", 8103)
    world = build_world(
        options.home,
        make_vendor=lambda _secrets: MetaTrader(),
        fresh_secrets=fresh_secrets,
        name="mt5",
        webhook_url=None,
        tables=TABLES,
    )
    manager = Manager(world.secrets["manager_login"][0], world.secrets["manager_password"][0])
    routers = [*routes.routes(world, manager), deals.routes(world)]
    app = build_app(world, [*routers, terminal.routes(world)], _nothing_happens)

    @app.exception_handler(Failed)
    def refused(request: Request, failure: Failed) -> Response:
        is_person = "text/html" in request.headers.get("accept", "")
        return terminal.back(failure) if is_person else failed(failure)

    serve(app, options, Mt5Protocol)


if __name__ == "__main__":
    main()
