"""The stage of the kill tests: a durable PostgreSQL, vendors, clients with money and open deposits."""

import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from sqlalchemy import Engine

from operational.access import sessions
from operational.clients.models import Client
from operational.kit import db, ids
from operational.kit.actor import Actor
from operational.kit.clock import utc_now
from operational.kit.money import Money
from operational.kit.settings import Settings
from operational.ledger import service as ledger
from operational.ledger.service import Leg
from operational.payments.models import Payment
from operational.payments.states import PaymentStatus
from operational.platforms import rules, service
from operational.platforms.connect import connect
from operational.platforms.models import TradingAccount
from operational.platforms.service import Sighting
from tests.faults import processes
from tests.faults.savers import Saver, savers
from tests.payments.deposits import SYSTEM, a_verified_client, rules_in_force

GIFT_MINOR = 10_000_000
"""Enough that no transfer is refused for want of money."""
PEOPLE = 20
VISITOR = Actor(id="anonymous", name="anonymous", roles=frozenset(), ip="127.0.0.1")


@dataclass(frozen=True)
class Person:
    """A client who is signed in, with money and a trading account."""

    client_id: UUID
    token: str
    account_id: UUID


@dataclass(frozen=True)
class Asked:
    """A deposit the provider has the client's money for; its callback is still to come."""

    payment_id: UUID
    reference: str
    amount_minor: int
    currency: str = "USD"


@dataclass
class Stage:
    """Everything but the processes that will be killed."""

    settings: Settings
    superuser: str
    people: list[Person]
    asked: list[Asked]
    savers: list[Saver]

    @property
    def stripe_secret(self) -> str:
        held = json.loads((self.settings.root / "sandbox" / "stripe.json").read_text())
        secret: str = held["webhook_secrets"][0]
        return secret

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.superuser) as connection:
            return connection.execute(sql).fetchall()

    def one(self, sql: str) -> object:
        return self.rows(sql)[0][0]

    def kill_backend(self, dice: random.Random) -> bool:
        """SIGKILL one server process of PostgreSQL: it restarts all of them and recovers.

        False if nobody of ours was connected just then.
        """
        pids = self.rows(
            "select pid from pg_stat_activity where usename in ('kingpost_api', 'kingpost_worker')"
        )
        if not pids:
            return False
        os.kill(int(dice.choice(pids)[0]), 9)
        processes.wait_until(self.is_up, "PostgreSQL has recovered")
        return True

    def is_up(self) -> bool:
        try:
            return bool(self.one("select true"))
        except psycopg.OperationalError:
            return False

    def platform_deals(self) -> dict[str, int]:
        """Every balance deal on the platform with a comment: how many times it was booked."""
        found: dict[str, int] = {}
        client = connect(self.settings)
        assert client
        with client:
            for user in client.users():
                window = (utc_now() - timedelta(hours=3), utc_now() + timedelta(hours=3))
                for deal in client.deals(int(user["Login"]), *window):
                    found[deal["Comment"]] = found.get(deal["Comment"], 0) + 1
        return found


@contextmanager
def vendors(home: Path, api_port: int) -> Iterator[dict[str, Any]]:
    """Stripe and MetaTrader, which nobody kills; their ports."""
    with (
        processes.vendor(
            "stripe", home / "sandbox", f"http://127.0.0.1:{api_port}/callbacks/stripe"
        ) as stripe,
        processes.vendor("mt5", home / "sandbox") as mt5,
    ):
        ports = {"stripe": httpx.URL(stripe).port}
        yield {"psp_ports": ports, "mt5_port": httpx.URL(mt5).port}


@contextmanager
def set_up(
    cluster: object, home: Path, *, deposit_count: int, saver_count: int = 0
) -> Iterator[Stage]:
    """A fresh database of a durable cluster, with vendors, people and deposits."""
    database = cluster.create(home)
    url = database.settings.database_url
    port = processes.free_port()
    with vendors(home, port) as ports:
        settings = Settings(home=home, database_url=url, api_port=port, **ports)
        engine = db.engine(settings, db.API)
        people = _people(engine, settings)
        asked = _deposits(engine, people, deposit_count)
        found = savers(engine, settings, saver_count)
        engine.dispose()
        plain = database.admin_url.set(drivername="postgresql")
        yield Stage(settings, plain.render_as_string(hide_password=False), people, asked, found)
    cluster.drop(database)
    shutil.rmtree(home, ignore_errors=True)


def _people(engine: Engine, settings: Settings) -> list[Person]:
    mt5 = connect(settings)
    assert mt5
    with mt5, db.transaction(engine) as session:
        rules_in_force(session)
        found = []
        for number in range(PEOPLE):
            client = a_verified_client(session, number=number)
            _give(session, client)
            account = _account(session, client, mt5)
            token = sessions.enter(
                session, client.user_id, visitor=VISITOR, user_agent="test", now=utc_now()
            )
            found.append(Person(client.id, token, account.id))
        return found


def _give(session: db.Session, client: Client) -> None:
    wallet = ledger.client_wallet(session, client.id, "USD")
    gift = ledger.control_account(session, "test:gift", "expense", "USD")
    money = Money(GIFT_MINOR, "USD")
    ledger.post(
        session,
        f"gift:{client.id}",
        kind="gift",
        legs=[Leg(wallet, money), Leg(gift, -money)],
        effective_at=utc_now(),
        actor=SYSTEM,
    )


def _account(session: db.Session, client: Client, mt5: object) -> TradingAccount:
    group = rules.group_of("USD")
    login = mt5.add_user({"group": group, "leverage": 100})
    account = TradingAccount(
        reference=ids.reference("A"),
        client_id=client.id,
        platform=service.PLATFORM,
        server=service.SERVER,
        login=login,
        group_name=group,
        currency="USD",
        leverage=100,
        requested_at=utc_now(),
    )
    session.add(account)
    session.flush()
    rights = int(mt5.user(login)["Rights"])
    service.see(session, account, Sighting(login, rights, 0), now=utc_now())
    return account


def _deposits(engine: Engine, people: list[Person], count: int) -> list[Asked]:
    """Deposits of some days ago, so that they are in no daily limit, and polled just now."""
    now = utc_now()
    payments = [
        Payment(
            id=ids.uuid7(),
            reference=ids.reference("D"),
            client_id=people[number % len(people)].client_id,
            direction="deposit",
            method="card",
            country="US",
            psp="stripe",
            fallback_psps=[],
            routing_decision_id=ids.uuid7(),
            amount_minor=1_000 + number,
            currency="USD",
            status=PaymentStatus.PENDING,
            requested_at=now - timedelta(days=3),
            polled_at=now,
        )
        for number in range(count)
    ]
    for payment in payments:
        payment.psp_payment_id = f"pi_{payment.reference}"
    with db.transaction(engine) as session:
        session.add_all(payments)
    return [Asked(one.id, one.reference, one.amount_minor) for one in payments]
