"""Deposits through the providers' own wire formats, with everything that can go wrong on the line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, select

from operational import worker
from operational.clients.models import Client
from operational.kit import db
from operational.kit.clock import utc_now
from operational.kit.money import Money
from operational.kit.settings import Settings
from operational.messaging import inbox, outbox
from operational.messaging.models import InboxMessage
from operational.payments import service, sweeper
from operational.payments.models import Payment
from operational.payments.psp import Psp
from operational.payments.psp.connect import connect
from tests.faults import processes
from tests.payments.deposits import a_verified_client, herself, rules_in_force, wallet_minor

NAMES = ("stripe", "adyen")


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """Both providers, over one home."""
    home: Path = tmp_path_factory.mktemp("home")
    with (
        processes.vendor("stripe", home / "sandbox") as stripe,
        processes.vendor("adyen", home / "sandbox") as adyen,
    ):
        yield home, {"stripe": stripe, "adyen": adyen}


@dataclass
class Desk:
    """One client, the providers, and the two loops turned by hand."""

    engine: Engine
    urls: dict[str, str]
    settings: Settings
    psps: dict[str, Psp]
    client: Client
    now: datetime = field(default_factory=utc_now)

    def ask(self, psp: str, amount: str = "100.00") -> Payment:
        """A deposit that the routing sends to that provider first."""
        currency = {"stripe": "USD", "adyen": "PLN"}[psp]
        with db.transaction(self.engine) as session:
            payment = service.request_deposit(
                session,
                self.client.id,
                Money.parse(amount, currency),
                method="card",
                actor=herself(self.client),
                now=self.now,
            )
        assert payment.psp == psp
        return payment

    def carry(self, seconds: float = 0) -> int:
        carriers = worker.psp_carriers(self.psps, self.settings)
        return outbox.carry(self.engine, carriers, lambda: self.now + timedelta(seconds=seconds))

    def again(self, payment: Payment) -> Payment:
        with db.transaction(self.engine) as session:
            return session.get_one(Payment, payment.id)

    def pay(self, payment: Payment, card: str = "") -> list[dict[str, Any]]:
        """The client types a card number on the page; the callbacks that brings, not sent yet."""
        payment = self.again(payment)
        at = str(int(utc_now().timestamp()))
        move = {"op": "pay", "at": at, "card": card or CARDS[payment.psp], "country": "PL"}
        move["id"] = payment.psp_payment_id if payment.psp == "stripe" else payment.psp_session_id
        url = f"{self.urls[payment.psp]}/sandbox/moves?deliver=return"
        callbacks: list[dict[str, Any]] = httpx.post(url, json=[move]).json()["callbacks"]
        return callbacks

    def deliver(self, psp: str, callbacks: list[dict[str, Any]]) -> None:
        for one in callbacks:
            headers = {name.lower(): value for name, value in one["headers"].items()}
            body = one["body"].encode()
            with db.transaction(self.engine) as session:
                service.receive_callback(session, self.psps[psp], headers, body, now=utc_now())

    def apply(self, seconds: float = 60) -> None:
        now = utc_now() + timedelta(seconds=seconds)
        while inbox.process_one(self.engine, worker.handlers(self.psps), now):
            pass

    def wallet(self, currency: str) -> int:
        with db.transaction(self.engine) as session:
            return wallet_minor(session, self.client, currency)

    def fault(self, psp: str, match: str, kind: str, **more: Any) -> None:
        rule = {"match": match, "fault": kind, "delay_ms": 50} | more
        httpx.post(f"{self.urls[psp]}/sandbox/faults", json=rule).raise_for_status()


@pytest.fixture
def desk(database, vendors) -> Iterator[Desk]:
    home, urls = vendors
    ports = {f"{name}_port": httpx.URL(url).port for name, url in urls.items()}
    settings = Settings(home=home, **ports)
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
        client = a_verified_client(session, country="PL")
    psps = connect(settings, {})
    yield Desk(engine, urls, settings, psps, client)
    for psp in psps.values():
        psp.close()
    for url in urls.values():
        httpx.delete(f"{url}/sandbox/faults")


CARDS = {"stripe": "4242424242424242", "adyen": "4111111111111111"}
CREATE = {"stripe": "POST /v1/checkout/sessions", "adyen": "POST /v71/sessions"}
CURRENCY = {"stripe": "USD", "adyen": "PLN"}


@pytest.mark.parametrize("psp", NAMES)
def test_a_client_pays_on_the_providers_page_and_the_wallet_follows_the_callback(desk, psp):
    payment = desk.ask(psp)
    desk.carry()
    assert desk.again(payment).status == "pending"

    desk.deliver(psp, desk.pay(payment))
    assert desk.wallet(CURRENCY[psp]) == 0

    desk.apply()
    assert (desk.again(payment).status, desk.wallet(CURRENCY[psp])) == ("succeeded", 10_000)


@pytest.mark.parametrize("psp", NAMES)
def test_a_callback_delivered_again_and_again_pays_once(desk, psp):
    payment = desk.ask(psp)
    desk.carry()
    callbacks = desk.pay(payment)
    for _ in range(3):
        desk.deliver(psp, callbacks)
        desk.apply()

    assert desk.wallet(CURRENCY[psp]) == 10_000


@pytest.mark.parametrize("psp", NAMES)
def test_a_declined_card_and_then_a_good_one_on_the_same_page(desk, psp):
    payment = desk.ask(psp)
    desk.carry()

    desk.deliver(psp, desk.pay(payment, card="4000000000009995"))
    desk.apply()
    assert desk.again(payment).status == "failed"

    desk.deliver(psp, desk.pay(payment))
    desk.apply()
    assert (desk.again(payment).status, desk.wallet(CURRENCY[psp])) == ("succeeded", 10_000)


@pytest.mark.parametrize("psp", NAMES)
def test_money_given_back_in_part_and_then_charged_back_lands(desk, psp):
    payment = desk.ask(psp)
    desk.carry()
    desk.deliver(psp, desk.pay(payment, card="4000000000000259"))
    desk.apply()

    assert desk.again(payment).status == "charged_back"
    assert desk.wallet(CURRENCY[psp]) == 0


@pytest.mark.parametrize("psp", NAMES)
@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "error_after", "garbage"])
def test_a_lost_answer_opens_one_page_in_the_end(desk, psp, fault):
    desk.fault(psp, CREATE[psp], fault)
    payment = desk.ask(psp)

    desk.carry()
    assert desk.again(payment).redirect_url is None
    desk.carry(2)

    assert (desk.again(payment).psp, desk.again(payment).status) == (psp, "pending")
    desk.deliver(psp, desk.pay(payment))
    desk.apply()
    assert desk.wallet(CURRENCY[psp]) == 10_000


@pytest.mark.parametrize("psp", NAMES)
def test_when_a_provider_refuses_the_next_one_of_the_route_is_asked(desk, psp):
    other = next(name for name in NAMES if name != psp)
    desk.fault(psp, CREATE[psp], "refuse")
    payment = desk.ask(psp)

    desk.carry()
    desk.carry()

    assert (desk.again(payment).psp, desk.again(payment).status) == (other, "pending")


@pytest.mark.parametrize("psp", NAMES)
def test_when_a_provider_is_silent_three_times_the_next_one_is_asked(desk, psp):
    other = next(name for name in NAMES if name != psp)
    desk.fault(psp, "*", "timeout_before", count=None)
    payment = desk.ask(psp)

    for seconds in range(0, 20, 2):
        desk.carry(seconds)

    assert (desk.again(payment).psp, desk.again(payment).status) == (other, "pending")


def test_when_nobody_takes_the_payment_it_fails_and_says_so(desk):
    for psp in NAMES:
        desk.fault(psp, CREATE[psp], "refuse", count=None)
    payment = desk.ask("stripe")

    desk.carry()
    desk.carry()

    assert desk.again(payment).status == "failed"
    assert "422" in desk.again(payment).failure_reason


@pytest.mark.parametrize("psp", NAMES)
@pytest.mark.parametrize("fault", ["wrong_amount", "wrong_currency"])
def test_a_page_opened_over_another_amount_credits_nothing(desk, psp, fault):
    desk.fault(psp, CREATE[psp], fault)
    payment = desk.ask(psp)
    desk.carry()

    desk.deliver(psp, desk.pay(payment))
    desk.apply()

    assert desk.wallet("USD") + desk.wallet("PLN") == 0
    with db.transaction(desk.engine) as session:
        assert set(session.scalars(select(InboxMessage.status))) == {"parked"}


@pytest.mark.parametrize("psp", NAMES)
def test_a_payment_whose_callback_never_comes_is_found_by_the_sweeper(desk, psp):
    """W4."""
    payment = desk.ask(psp)
    desk.carry()
    desk.pay(payment)
    later = desk.now + timedelta(minutes=16)

    assert sweeper.sweep(desk.engine, desk.psps, desk.now) == 0
    assert sweeper.sweep(desk.engine, desk.psps, later) == 1

    assert (desk.again(payment).status, desk.wallet(CURRENCY[psp])) == ("succeeded", 10_000)
    assert sweeper.sweep(desk.engine, desk.psps, later) == 0


def test_a_page_nobody_paid_on_expires_after_a_day_and_a_late_success_still_counts(desk):
    payment = desk.ask("stripe")
    desk.carry()
    sweeper.sweep(desk.engine, desk.psps, desk.now + timedelta(hours=25))
    assert (desk.again(payment).status, desk.again(payment).failure_reason) == ("failed", "expired")

    desk.deliver("stripe", desk.pay(payment))
    desk.apply()

    assert desk.wallet("USD") == 10_000
