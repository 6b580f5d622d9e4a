"""Start one stand-in: command line, application, uvicorn."""

import argparse
import asyncio
import signal
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from sandbox import admin
from sandbox.edge import Edge
from sandbox.once import KeyReused
from sandbox.world import World

_KEEP_ALIVE_SECONDS = 180
_TICK_SECONDS = 0.2
_SHUTDOWN_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Options:
    """Where a stand-in listens, keeps its files and sends its callbacks."""

    host: str
    port: int
    home: Path
    webhook_url: str | None


def read_options(name: str, port: int) -> Options:
    parser = argparse.ArgumentParser(prog=f"sandbox.{name}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--home", type=Path, default=Path(".kingpost/sandbox"))
    parser.add_argument("--webhook-url", default=None)
    given = parser.parse_args()
    if given.webhook_url and httpx.URL(given.webhook_url).scheme not in {"http", "https"}:
        parser.error(f"{given.webhook_url} is no address to send callbacks to")
    return Options(given.host, given.port, given.home, given.webhook_url)


def build_app(
    world: World, routers: list[APIRouter], on_timer: Callable[[World, str], None]
) -> FastAPI:
    """The application behind its edge; `on_timer` is what time alone does to a subject."""

    def tick() -> None:
        world.timers.run(lambda subject: on_timer(world, subject))

    async def ticking() -> None:
        while True:
            await asyncio.to_thread(tick)
            await asyncio.sleep(_TICK_SECONDS)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        loops = [asyncio.create_task(world.deliveries.run()), asyncio.create_task(ticking())]
        for loop in loops:
            loop.add_done_callback(_end_with)
        yield
        for loop in loops:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop
        await world.deliveries.close()
        world.store.close()

    app = FastAPI(title=f"{world.vendor.name} stand-in", lifespan=lifespan)
    for router in (admin.routes(world, tick), *routers):
        app.include_router(router)
    app.add_exception_handler(KeyReused, _key_reused)
    app.add_middleware(Edge, world=world)
    return app


def _end_with(loop: asyncio.Task[None]) -> None:
    """A stand-in whose loop has died would be silent for ever: end, and let the log say why."""
    if not loop.cancelled() and (error := loop.exception()):
        traceback.print_exception(error)
        signal.raise_signal(signal.SIGTERM)


def _key_reused(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "The key was used for another call."}, 409)


def serve(app: FastAPI, options: Options, http: type[asyncio.Protocol] | str = "auto") -> None:
    """Listen until stopped."""
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        log_level="warning",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        http=http,
    )
