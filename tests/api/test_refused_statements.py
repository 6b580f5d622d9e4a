"""D2: whatever statement PostgreSQL gives up on, a money request ends as done or as a clean no.

Every statement of every route that moves money is made to fail: with a serialization failure or a
deadlock, after which the request is run again; with a server process that is shut down, a failed
connection or a line that is cut, after which it is refused and nothing has changed. The commit counts
as a statement, and the line is also cut after it. Routes and how to call them are those of the
application, so a new one is tried here without being named. `TIMES=2` tries every failure everywhere.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import Connection, Engine, event, text

from api.app import ROUTERS
from api.deps import Needs
from operational.kit import db
from tests.api import cast
from tests.api.cookbook import RECIPES
from tests.api.recipes import Attempt
from tests.api.test_money_once import takes_a_key
from tests.times import TIMES

RAISE = "do $$ begin raise sqlstate '{state}'; end $$"
SERIALIZATION, DEADLOCK = RAISE.format(state="40001"), RAISE.format(state="40P01")
SHUT_DOWN = "select pg_terminate_backend(pg_backend_pid())"
CONNECTION_FAILURE = RAISE.format(state="08006")
CUT = "select 'the line is cut before this arrives'"
FATAL = (SHUT_DOWN, CONNECTION_FAILURE, CUT)

NO_MONEY = frozenset(
    {"audit", "clients", "disputes", "kpis", "kyc", "messages", "partners", "platforms", "reports"}
)
NO_MONEY |= {"review", "rules", "users"}
"""Nouns of permissions whose routes move money only under a key, if at all."""

TABLES = """
    select format('select %1$L, count(*), sum(row_xid::text::numeric) from %1$s', pg_class.oid::regclass)
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    join pg_attribute on attrelid = pg_class.oid and attname = 'row_xid'
    where relkind = 'r' and nspname not in ('access', 'audit')
"""


@dataclass
class Saboteur:
    """Replaces statements of the API's by ones that fail: one of each try, the commit the last."""

    engine: Engine
    strikes: list[tuple[int, str]] = field(default_factory=list)
    """Of the tries to come: at which statement, and by what."""
    is_for_ever: bool = False
    count: int = 0
    struck: int = 0
    cut_after_commit: bool = False

    def __enter__(self) -> Self:
        event.listen(self.engine, "begin", self._begin)
        event.listen(self.engine, "before_cursor_execute", self._strike, retval=True)
        event.listen(self.engine, "commit", self._commit)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self.engine, "begin", self._begin)
        event.remove(self.engine, "before_cursor_execute", self._strike)
        event.remove(self.engine, "commit", self._commit)

    @contextmanager
    def plot(self, *strikes: tuple[int, str], for_ever: bool = False) -> Iterator[None]:
        self.strikes, self.is_for_ever, self.struck = list(strikes), for_ever, 0
        yield
        self.strikes, self.cut_after_commit = [], False

    def _begin(self, _: Connection) -> None:
        self.count = 0

    def _strike(
        self, connection: Connection, _cursor: Any, sql: str, parameters: Any, *_: Any
    ) -> tuple[str, Any]:
        self.count += 1
        if not self.strikes or self.count <= self.strikes[0][0]:
            return sql, parameters
        _, failure = self.strikes[0] if self.is_for_ever else self.strikes.pop(0)
        self.struck += 1
        # Within this strike nothing is counted: the next try begins anew.
        self.count = -1_000
        if failure == CUT:
            cut(connection)
        return failure, ()

    def _commit(self, connection: Connection) -> None:
        if self.cut_after_commit:
            self.cut_after_commit = False
            connection.connection.dbapi_connection.commit()
            connection.connection.dbapi_connection.close()
        elif self.strikes:
            connection.exec_driver_sql("select 'the commit'")


def cut(connection: Connection) -> None:
    """Nothing goes out on this line or comes in any more."""
    line = connection.connection.dbapi_connection.fileno()
    with socket.socket(fileno=os.dup(line)) as end:
        end.shutdown(socket.SHUT_RDWR)


def moves_money(route: object) -> bool:
    """Under a key, as JSON or as a page; or by a permission about money, as JSON."""
    if not isinstance(route, APIRoute) or route.methods == {"GET"}:
        return False
    nouns = {
        rule.call.permission.split(".")[0]
        for rule in route.dependant.dependencies
        if isinstance(rule.call, Needs)
    }
    return takes_a_key(route) or (route.path.startswith("/api") and not nouns <= NO_MONEY)


ROUTED = [route for router in ROUTERS for route in router.routes if moves_money(route)]
ROUTES = sorted((min(route.methods), route.path) for route in ROUTED)
EACH_ROUTE = pytest.mark.parametrize(("method", "path"), ROUTES, ids=map(" ".join, ROUTES))


DONE = frozenset({200, 201, 202, 204, 303})
FEWEST = 3
"""Every such request takes more statements than that."""
KEYED = frozenset(route.path for route in ROUTED if takes_a_key(route))
MONEY = ("ledger.", "payments.", "platforms.")
"""Tables that hold money, by their schemas."""


def stride(path: str) -> int:
    """Under a key as JSON: every statement. Of pages and all else every seventh, unless more is asked for."""
    return 1 if TIMES > 1 or (path in KEYED and path.startswith("/api")) else 7


@dataclass
class Counter:
    """A money route of a running API, with a saboteur behind it."""

    opened: Any
    saboteur: Saboteur
    looked_at: str
    known: dict[str, dict[str, int]] = field(default_factory=dict)

    def attempt(self, method: str, path: str) -> Attempt:
        """A request that will succeed, of somebody new."""
        return RECIPES[method, path](self.opened)

    def ask(self, method: str, attempt: Attempt) -> httpx.Response:
        return attempt.client.request(method, attempt.path, **attempt.sent)

    def books(self) -> dict[str, tuple[int, int]]:
        """Of every table a money request may write: how many rows, and a sum that any write changes."""
        rows = self.opened.query(lambda session: session.execute(text(self.looked_at)).all())
        return {table: (rows, writers) for table, rows, writers in rows}

    def wanted(self, method: str, path: str) -> dict[str, int]:
        """The rows that an undisturbed request of this kind adds."""
        if path not in self.known:
            # The first of its kind may open accounts for all that follow.
            self.gained(method, self.attempt(method, path))
            self.known[path] = self.gained(method, self.attempt(method, path))
        return self.known[path]

    def gained(self, method: str, attempt: Attempt) -> dict[str, int]:
        """The rows that a request adds, by table. It must succeed."""
        before = self.books()
        answer = self.ask(method, attempt)
        assert answer.status_code in DONE, answer.text
        return rows_since(before, self.books())


def rows_since(
    before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> dict[str, int]:
    return {table: rows - before[table][0] for table, (rows, _) in after.items()}


@pytest.fixture(scope="module")
def counter(opened) -> Iterator[Counter]:
    cast.prepare(opened)
    with opened.database.engine(db.WORKER).connect() as connection:
        looked_at = " union all ".join(connection.scalars(text(TABLES)))
    with Saboteur(opened.app.state.hub.engine) as saboteur:
        yield Counter(opened, saboteur, looked_at)


@EACH_ROUTE
def test_what_is_run_again_has_one_effect(counter, method, path):
    """Two tries fail, at two statements that follow one another; the third succeeds."""
    wanted, at = counter.wanted(method, path), 0
    while True:
        with counter.saboteur.plot((at, SERIALIZATION), (at + 1, DEADLOCK)):
            gained = counter.gained(method, counter.attempt(method, path))
        assert gained == wanted, f"statement {at}"
        if not counter.saboteur.struck:
            break
        at += 2 * stride(path)

    assert at > FEWEST


@EACH_ROUTE
def test_what_cannot_be_run_again_is_refused_and_has_no_effect(counter, method, path):
    """The same request meets a failure at each statement, and at last none."""
    wanted = counter.wanted(method, path)
    attempt, before, at = counter.attempt(method, path), counter.books(), 0
    while True:
        for failure in FATAL if TIMES > 1 else (FATAL[at % len(FATAL)],):
            with counter.saboteur.plot((at, failure)):
                answer = counter.ask(method, attempt)
            if counter.saboteur.struck:
                assert answer.status_code == 503, f"statement {at}: {answer.text}"
                assert counter.books() == before
        if not counter.saboteur.struck:
            break
        at += stride(path)

    assert at > FEWEST
    assert answer.status_code in DONE, answer.text
    assert rows_since(before, counter.books()) == wanted


@EACH_ROUTE
def test_who_hears_nothing_of_a_commit_asks_again_and_is_told(counter, method, path):
    wanted = counter.wanted(method, path)
    attempt, before = counter.attempt(method, path), counter.books()
    with counter.saboteur.plot():
        counter.saboteur.cut_after_commit = True
        unheard = counter.ask(method, attempt)
    after = counter.books()
    again = counter.ask(method, attempt)

    assert unheard.status_code == 503
    assert rows_since(before, after) == wanted
    # Without a key it is another request: a second note is a note, a second payment is refused.
    tables = "" if path in KEYED else MONEY
    assert again.status_code in (DONE if path in KEYED else DONE | {409})
    assert {t: n for t, n in counter.books().items() if t.startswith(tables)} == {
        t: n for t, n in after.items() if t.startswith(tables)
    }


@pytest.mark.parametrize(("method", "path"), [ROUTES[0], ROUTES[-1]])
def test_a_conflict_that_does_not_go_away_is_a_clean_no_after_five_tries(counter, method, path):
    attempt, before = counter.attempt(method, path), counter.books()
    with counter.saboteur.plot((12, SERIALIZATION), for_ever=True):
        answer = counter.ask(method, attempt)

    assert counter.saboteur.struck == db.TRIES_MAX
    assert answer.status_code == 503
    assert not path.startswith("/api") or answer.json()["code"] == "busy"
    assert counter.books() == before
