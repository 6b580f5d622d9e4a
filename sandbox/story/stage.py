"""The stage: a database, the vendors, and the worker's own loops driven by a simulated clock."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from operational import worker
from operational.kit import db
from operational.kit.settings import Settings
from operational.kit.vendors import keys
from operational.kyc.vault import Vault
from operational.messaging import arrivals, inbox, outbox
from operational.messaging.inbox import Handler
from operational.messaging.outbox import Carrier
from operational.payments import queries, sweeper
from operational.payments import service as payments
from operational.payments.psp import Psp, connect
from operational.platforms.mt5 import Manager, Mt5
from operational.platforms.service import SERVER
from sandbox.story.book import Book

_TIMEOUT_SECONDS = 60.0
_NEXT_DUE = text("select min(next_at) from messaging.outbox where status = 'pending'")


@dataclass
class Clock:
    """The story's time."""

    now: datetime


class TimeTravel(httpx.BaseTransport):
    """A connection whose calls happen, for the stand-in, at the story's time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # MetaTrader's session lives on one connection that stays open.
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None)
        self._inner = httpx.HTTPTransport(limits=limits)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Sandbox-Time"] = self._clock.now.isoformat()
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


@dataclass
class Stage:
    """Everything an act needs."""

    settings: Settings
    engine: Engine
    book: Book
    clock: Clock
    psps: dict[str, Psp]
    mt5: Mt5
    vault: Vault
    urls: dict[str, str]
    http: httpx.Client
    carriers: dict[str, Carrier] = field(init=False)
    handlers: dict[str, Handler] = field(init=False)

    def __post_init__(self) -> None:
        self.handlers = worker.handlers(self.psps)
        self.carriers = worker.psp_carriers(
            self.psps, self.settings, self.engine
        ) | worker.platform_carriers(self.mt5)

    def carry(self, limit: int | None = None) -> None:
        """Carry what is due, as the worker would: up to `limit` commands, or all there are."""
        count = limit or outbox.CANDIDATES
        while outbox.carry(self.engine, self.carriers, lambda: self.clock.now, limit=count):
            if limit:
                break
        # A telling that was killed may have begun a command; its next tries come with time.
        while self.book.is_resumed and (due := self._next_due()) is not None:
            self.clock.now = max(self.clock.now, due)
            outbox.carry(self.engine, self.carriers, lambda: self.clock.now)

    def _next_due(self) -> datetime | None:
        with self.engine.connect() as connection:
            due: datetime | None = connection.scalar(_NEXT_DUE)
            return due

    def process(self, count: int | None = None) -> None:
        """Apply what is due, as the worker would: `count` callbacks, or all there are."""
        done = 0
        while done != count and inbox.process_one(self.engine, self.handlers, self.clock.now):
            done += 1

    def sweep(self) -> None:
        """Ask the PSPs about payments that stay silent, as the worker would."""
        sweeper.sweep(self.engine, self.psps, self.clock.now)
        self.process()

    def moves(
        self, psp: str, act: str, moves: list[dict[str, Any]], *, is_told: bool = True
    ) -> None:
        """Let clients act at a PSP; its signed callbacks arrive, unless they are lost."""
        self._hear(psp, act, moves, "return" if is_told else "never")

    def listen(self, psp: str, act: str) -> None:
        """Let time do its part at a PSP, and take what it has to say of everything so far."""
        self._hear(psp, act, [], "waiting")

    def _hear(self, psp: str, act: str, moves: list[dict[str, Any]], deliver: str) -> None:
        if self.book.told(act) is not None:
            # The last telling may have ended before it applied what it had received.
            self.process()
            return
        answer = self.http.post(
            f"{self.urls[psp]}/sandbox/moves",
            params={"deliver": deliver},
            json=moves,
            headers={
                "Idempotency-Key": self.book.key(act),
                "Sandbox-Time": self.clock.now.isoformat(),
            },
        )
        answer.raise_for_status()
        found = answer.json()
        told = self.book.once(act, lambda session: self._receive(session, psp, found))
        self.process(told["new"])

    def trade(self, act: str, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Place orders on the platform; answers in the orders' order."""
        answer = self.http.post(
            f"{self.urls['mt5']}/terminal/trade",
            json=orders,
            headers={"Idempotency-Key": self.book.key(act)},
        )
        answer.raise_for_status()
        results: list[dict[str, Any]] = answer.json()
        return results

    def _receive(self, session: Session, psp: str, found: dict[str, Any]) -> dict[str, Any]:
        """As the API does: browsers come back; signatures are checked, then all is stored."""
        for tried in found["objects"]:
            if "sessionResult" in tried:
                payment = session.scalars(queries.by_reference(tried["merchantReference"])).one()
                payments.keep_session_result(payment, tried["sessionResult"])
        adapter, new = self.psps[psp], 0
        for callback in found["callbacks"]:
            headers = {name.lower(): value for name, value in callback["headers"].items()}
            body = callback["body"].encode()
            arrived = payments.believe(adapter, headers, body, now=self.clock.now)
            new += arrivals.store(session.connection(), arrived, now=self.clock.now)
        return {"new": new}


@contextmanager
def opened(settings: Settings, chapter: str, start: datetime) -> Iterator[Stage]:
    """Set the stage over a migrated database and running stand-ins."""
    clock = Clock(start)
    engine = db.engine(settings, db.WORKER, pool_size=4, is_pinged=False)
    mt5 = keys(settings, "mt5")
    with ExitStack() as ours:
        psps = {
            name: connect.one(
                settings, name, keys(settings, name), ours.enter_context(TimeTravel(clock))
            )
            for name in connect.PROVIDERS
        }
        road = ours.enter_context(TimeTravel(clock))
        manager = Manager(SERVER, mt5["manager_login"][0], mt5["manager_password"][0])
        platform = ours.enter_context(Mt5(settings.mt5_url, manager, transport=road))
        http = ours.enter_context(httpx.Client(timeout=_TIMEOUT_SECONDS))
        ours.callback(engine.dispose)
        yield Stage(
            settings=settings,
            engine=engine,
            book=Book(engine, chapter),
            clock=clock,
            psps=psps,
            mt5=platform,
            vault=Vault(settings),
            urls={name: connect.stand_in_url(settings, name) for name in psps}
            | {"mt5": settings.mt5_url},
            http=http,
        )
