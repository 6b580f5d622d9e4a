"""What the processes of the fault tests do until they are killed."""

import gc
import importlib
import os
import random
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import uvicorn
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction, configure_mappers

from api import app, once
from api.app import create_app
from operational import worker
from operational.kit.settings import Settings
from operational.kit.vendors import trust
from operational.messaging import arrivals
from operational.messaging.arrivals import Arrived
from operational.messaging.idempotency import Answer

# Once, before any process is forked.
trust()
configure_mappers()


def serve(settings: Settings) -> None:
    """The API, as `python -m api.app` runs it."""
    app.serve(settings)


def serve_dying(settings: Settings, deaths: int, die: Callable[[random.Random], None]) -> None:
    """The API, which dies that many times as `die` arranges it, and then lives.

    It listens before it is forked: whoever calls meanwhile waits for the next life.
    """
    door = socket.create_server(("127.0.0.1", settings.api_port), backlog=100)
    config = uvicorn.Config(create_app(settings), log_level="error", lifespan="on")
    config.load()
    gc.freeze()
    for number in range(deaths):
        alive, mine = os.pipe()
        child = os.fork()
        if not child:
            os.close(mine)
            _die_with_the_parent(alive)
            die(random.Random(f"W2 {number}"))
            uvicorn.Server(config).run(sockets=[door])
        os.close(alive)
        os.waitpid(child, 0)
        os.close(mine)
    uvicorn.Server(config).run(sockets=[door])


def _die_with_the_parent(alive: int) -> None:
    """Nobody is left behind when a test ends early: the pipe ends with the parent."""
    threading.Thread(target=lambda: os.read(alive, 1) or os._exit(0), daemon=True).start()


def die_storing(dice: random.Random) -> None:
    """SIGKILL around one of the next commits of callbacks, in this process only."""
    last, is_committed = dice.randint(1, 3), dice.random() < 0.3
    store, calls = arrivals.store, iter(range(1, last + 1))

    def dying(connection: Connection, arrived: Sequence[Arrived], *, now: datetime) -> int:
        is_last = next(calls) == last
        if is_last and not is_committed:
            os.kill(os.getpid(), signal.SIGKILL)
        stored = store(connection, arrived, now=now)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return stored

    arrivals.store = dying


def die_before_answering(_: random.Random) -> None:
    """SIGKILL when the work of a money endpoint is committed and not yet answered."""
    do = once.Once._do

    def marked(self: once.Once, key: str, work: Callable[[], Answer]) -> Answer:
        self._session.info["is_money"] = True
        return do(self, key, work)

    def dying(session: Session, transaction: SessionTransaction) -> None:
        if "is_money" in session.info and transaction.parent is None:
            os.kill(os.getpid(), signal.SIGKILL)

    once.Once._do = marked
    event.listen(Session, "after_transaction_end", dying)


def work(settings: Settings) -> None:
    """The worker, as `python -m operational.worker` runs it."""
    worker.run(settings, threading.Event())


def vendor(name: str, port: int, home: Path, webhook_url: str | None = None) -> None:
    """One of the stand-ins, as `python -m sandbox.<name>` runs it."""
    sys.argv = [f"sandbox.{name}", "--port", str(port), "--home", str(home)]
    sys.argv += ["--webhook-url", webhook_url] if webhook_url else []
    importlib.import_module(f"sandbox.{name}.__main__").main()
