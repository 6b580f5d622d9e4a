"""D2: whatever statement PostgreSQL gives up on, a money request ends as done or as a clean no.

Every statement of every money endpoint is made to fail once with a serialization failure, a
deadlock, a lost connection; and always, for a conflict that does not go away.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Engine, event, text

from api.app import create_app
from operational.access import sessions
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.clock import utc_now
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.platforms import service as platforms
from operational.platforms.service import Sighting
from tests.api.opened import served
from tests.payments.deposits import SYSTEM, a_verified_client, herself, rules_in_force

RAISE = "do $$ begin raise sqlstate '{state}'; end $$"
HANG_UP = "select pg_terminate_backend(pg_backend_pid())"
FAILURES = {
    "serialization failure": RAISE.format(state="40001"),
    "deadlock": RAISE.format(state="40P01"),
    "lost connection": HANG_UP,
}


@dataclass
class Saboteur:
    """Replaces one statement of the API's by one that fails."""

    engine: Engine
    sql: str = ""
    at: int | None = None
    for_ever: bool = False
    count: int = 0
    struck: int = 0
    victim: str | None = None

    def __post_init__(self) -> None:
        event.listen(self.engine, "before_cursor_execute", self._strike, retval=True)

    def _strike(
        self, _c: Connection, _cursor: Any, sql: str, parameters: Any, *_: Any
    ) -> tuple[str, Any]:
        self.count += 1
        is_first = self.at is not None and self.count > self.at and not self.struck
        if is_first:
            self.victim = sql
        if not is_first and not (self.for_ever and sql == self.victim):
            return sql, parameters
        self.struck += 1
        return self.sql, ()

    @contextmanager
    def plot(
        self, sql: str = "", at: int | None = None, *, for_ever: bool = False
    ) -> Iterator[None]:
        self.sql, self.at, self.for_ever = sql, at, for_ever
        self.count = self.struck = 0
        yield
        self.at = self.victim = None


@dataclass
class Counter:
    """A client at the counter of a running API."""

    door: httpx.Client
    saboteur: Saboteur
    token: str
    paths: dict[str, tuple[str, dict[str, Any]]]
    engine: Engine
    keys: int = 0

    def ask(self, what: str, key: str) -> httpx.Response:
        path, form = self.paths[what]
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        return self.door.post(path, json=form, headers=headers)

    def fresh_key(self) -> str:
        self.keys += 1
        return f"key-{self.keys}"

    def effects(self) -> int:
        """Everything a money request may leave behind, in one number."""
        made = (
            "select (select count(*) from payments.payment)"
            " + (select count(*) from platforms.transfer)"
            " + (select count(*) from platforms.trading_account)"
        )
        with self.engine.connect() as connection:
            return connection.scalar(text(made))


@pytest.fixture(scope="module")
def counter(module_database) -> Iterator[Counter]:
    worker = module_database.engine(db.WORKER)
    with db.transaction(worker) as session:
        rules_in_force(session)
        client = a_verified_client(session)
        wallet = ledger.client_wallet(session, client.id, "USD")
        gift = ledger.control_account(session, "test:gift", "expense", "USD")
        money = Money(10_000_000, "USD")
        legs = [ledger.Leg(wallet, money), ledger.Leg(gift, -money)]
        ledger.post(session, "gift", kind="gift", legs=legs, effective_at=utc_now(), actor=SYSTEM)
        account = platforms.request_account(
            session, client.id, currency="USD", leverage=100, actor=herself(client), now=utc_now()
        )
        account.login = 1
        platforms.see(session, account, Sighting(1, 0x163, 0), now=utc_now())
        visitor = Actor(id="anonymous", name="anonymous", roles=frozenset(), ip="127.0.0.1")
        token = sessions.enter(
            session, client.user_id, visitor=visitor, user_agent="test", now=utc_now()
        )
    paths = {
        "deposit": ("/api/me/deposits", {"amount": "10.00", "currency": "USD"}),
        "transfer": (
            f"/api/me/trading-accounts/{account.id}/transfers",
            {"amount": "1.00", "currency": "USD"},
        ),
    }
    app = create_app(module_database.settings)
    with served(app) as url, httpx.Client(base_url=url, timeout=30) as door:
        saboteur = Saboteur(app.state.hub.engine)
        yield Counter(door, saboteur, token, paths, worker)


def statement_count(counter: Counter, what: str) -> int:
    """How many statements an undisturbed request of this kind takes, once caches are warm."""
    for _ in range(2):
        with counter.saboteur.plot():
            assert counter.ask(what, counter.fresh_key()).status_code == 202
            found = counter.saboteur.count
    return found


@pytest.mark.parametrize("what", ["deposit", "transfer"])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_statement_that_fails_once_ends_in_one_effect(counter, what, failure):
    total = statement_count(counter, what)
    assert total > 10
    for at in range(total):
        before, key = counter.effects(), counter.fresh_key()

        with counter.saboteur.plot(FAILURES[failure], at):
            first = counter.ask(what, key)
            assert counter.saboteur.struck == 1

        assert first.status_code in {202, 503}, f"statement {at}: {first.text}"
        again = counter.ask(what, key)
        assert again.status_code == 202
        assert counter.effects() == before + 1
        if first.status_code == 202:
            assert again.content == first.content


@pytest.mark.parametrize("what", ["deposit", "transfer"])
def test_a_conflict_that_does_not_go_away_is_a_clean_no_after_five_tries(counter, what):
    before, key = counter.effects(), counter.fresh_key()
    with counter.saboteur.plot(FAILURES["serialization failure"], 12, for_ever=True):
        answer = counter.ask(what, key)

    # The record of the refusal may contain the same statement, once more.
    assert counter.saboteur.struck in {db.TRIES_MAX, db.TRIES_MAX + 1}
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert counter.effects() == before
