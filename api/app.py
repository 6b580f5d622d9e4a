"""The HTTP door, assembled."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from api import door, errors
from api.edge import Edge, Meter
from api.hub import Hub, Providers
from api.mailroom import Mailroom
from api.routes import (
    account,
    adjustments,
    audit,
    breaks,
    callbacks,
    client_money,
    clients,
    disputes,
    health,
    ledger,
    me,
    messages,
    oidc,
    own_withdrawals,
    partners,
    payments,
    plans,
    platforms,
    psps,
    refunds,
    review,
    rules,
    sessions,
    users,
    withdrawals,
)
from api.web import account as own_account
from api.web import documents, entrance, partner, room, welcome
from api.web import staff as screens
from api.web import withdrawals as own_withdrawal_pages
from operational.access.totp import FieldKey
from operational.kit import db, log
from operational.kit.clock import utc_now
from operational.kit.settings import Settings

STATIC = Path(__file__).parent / "web" / "static"
ROUTERS = (
    health.router,
    sessions.router,
    oidc.router,
    oidc.pages,
    clients.router,
    me.router,
    own_withdrawals.router,
    review.router,
    payments.router,
    withdrawals.router,
    withdrawals.places,
    psps.router,
    platforms.router,
    breaks.router,
    client_money.router,
    partners.router,
    plans.router,
    ledger.router,
    adjustments.router,
    disputes.router,
    refunds.router,
    rules.router,
    messages.router,
    users.router,
    account.router,
    audit.router,
    entrance.router,
    room.router,
    own_withdrawal_pages.router,
    documents.router,
    partner.router,
    own_account.router,
    welcome.router,
    *screens.ROUTERS,
)

# Threads answer requests; each holds at most one connection, and one more to record a refusal.
CONNECTIONS = 20
SWITCH_SECONDS = 0.0005


class Api(FastAPI):
    """FastAPI, but for callbacks: those are measured and go straight to their door.

    The layers between cost the busiest door as much as its work, and what the edge does for browsers
    half as much again.
    """

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self.add_middleware(Edge, settings=settings)
        self._callbacks = Meter(callbacks.CallbackDoor())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if callbacks.is_callback(scope):
            scope["app"] = self
            await self._callbacks(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """The application over one database.

    Raises:
        RuntimeError: a route names no permission.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = db.engine(settings, db.API, pool_size=CONNECTIONS)
        mailroom = Mailroom(engine, clock)
        mailroom.start()
        app.state.hub = Hub(
            settings, engine, FieldKey.of(settings), mailroom, Providers(settings), clock
        )
        yield
        mailroom.close()
        engine.dispose()

    app = Api(
        settings,
        title="Kingpost",
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.router.routes.extend(callbacks.routes)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    errors.register(app)
    if unguarded := door.open_doors(app.routes):
        raise RuntimeError(f"routes without a permission: {', '.join(unguarded)}")
    return app


def serve(settings: Settings) -> None:
    """Run the API as a process of its own."""
    log.configure("api")
    # The thread that stores callbacks hands over often; it must not wait 5 ms for its turn.
    sys.setswitchinterval(SWITCH_SECONDS)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.api_port,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    serve(Settings())
