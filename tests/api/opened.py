"""A running API over a fresh database, and people to knock at its door."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Self

import httpx
import uvicorn
from fastapi import FastAPI

from operational.access import passwords, queries, service, sessions, totp
from operational.access.matrix import Role, is_staff
from operational.access.models import User
from operational.access.totp import FieldKey
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.ids import uuid7

HUB = Actor.system("test")
PASSWORD = "correct horse battery"
HASHED = passwords.hash_password(PASSWORD)


@dataclass
class Clock:
    """A clock the test sets."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 9, 30, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **spans: int) -> None:
        self.now += timedelta(**spans)


class Server(uvicorn.Server):
    """uvicorn in a thread of the test process, on a free port."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of `app` while it runs."""
    server = Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the API did not start"
        thread.join(0.01)
    yield server.url
    server.should_exit = True
    thread.join(10)


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on at this moment."""
    with ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


@dataclass
class Door:
    """A running API with its database and clock."""

    app: FastAPI
    url: str
    database: object
    clock: Clock
    visitors: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.visitors.close()

    @property
    def key(self) -> FieldKey:
        return FieldKey.of(self.database.settings)

    def visitor(self, **headers: str) -> httpx.Client:
        """Somebody without a session; their browser says where requests come from."""
        said = {"Sec-Fetch-Site": "same-origin"} | headers
        # Plain HTTP on loopback; loading the certificates would cost more than the requests.
        client = httpx.Client(base_url=self.url, headers=said, timeout=60, verify=False)
        return self.visitors.enter_context(client)

    def someone(self, role: Role, email: str | None = None) -> tuple[User, str]:
        """A new user of a role, with a token of a session just opened."""
        email = email or f"{role}-{uuid7().hex[-12:]}@example.com"
        with db.transaction(self.database.engine()) as session:
            user = service.create_user(
                session,
                email=email,
                name=f"{role.title()} Example",
                password=HASHED,
                is_hashed=True,
                role=role,
                actor=HUB,
                now=self.clock(),
            )
            _, token = sessions.open_session(
                session, user, ip="127.0.0.1", user_agent="test", now=self.clock()
            )
        return user, token

    def signed_in(self, role: Role) -> httpx.Client:
        """A program of a new user of this role."""
        _, token = self.someone(role)
        return self.visitor(Authorization=f"Bearer {token}")

    def secret_of(self, user: User) -> str | None:
        """A fresh one-time-code secret for staff."""
        with db.transaction(self.database.engine()) as session:
            if not is_staff(queries.roles_of(session, user.id)):
                return None
            return service.enrol_totp(session, user.id, key=self.key, actor=HUB, now=self.clock())

    def code(self, secret: str) -> str:
        return totp.code_at(secret, self.clock())

    def query(self, work: Callable):
        """Look into the database."""
        with db.transaction(self.database.engine()) as session:
            return work(session)
