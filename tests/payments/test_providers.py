"""Deposits through the providers' own wire formats, with everything that can go wrong on the line."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
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
from operational.kit.vendors import keys
from operational.messaging import arrivals, inbox, outbox
from operational.messaging.models import InboxMessage
from operational.payments import service, sweeper
from operational.payments.models import Attempt, Breaker, Payment
from operational.payments.psp import Psp
from operational.payments.psp.connect import connect, stand_in_url
from operational.payments.psp.stripe.adapter import Stripe
from tests.faults import processes
from tests.payments.deposits import a_verified_client, herself, rules_in_force, wallet_minor

NAMES = ("stripe", "adyen", "checkout_com")


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """All providers of cards and coins, over one home."""
    home: Path = tmp_path_factory.mktemp("home")
    with ExitStack() as running:
        yield (
            home,
            {
                name: running.enter_context(processes.vendor(name, home / "sandbox"))
                for name in (*NAMES, "nowpayments")
            },
        )


@dataclass
class Desk:
    """One client, the providers, and the two loops turned by hand."""

    engine: Engine
    urls: dict[str, str]
    settings: Settings
    psps: dict[str, Psp]
    client: Client
    briton: Client
    now: datetime = field(default_factory=utc_now)

    def ask(self, psp: str, amount: str = "100.00") -> Payment:
        """A deposit that the routing sends to that provider first."""
        client = self.briton if psp == "checkout_com" else self.client
        with db.transaction(self.engine) as session:
            payment = service.request_deposit(
                session,
                client.id,
                Money.parse(amount, CURRENCY[psp]),
                method="crypto" if psp == "nowpayments" else "card",
                actor=herself(client),
                now=self.now,
            )
        assert payment.psp == psp
        return payment

    def carry(self, seconds: float = 0) -> int:
        carriers = worker.psp_carriers(self.psps, self.settings, self.engine)
        return outbox.carry(self.engine, carriers, lambda: self.now + timedelta(seconds=seconds))

    def again(self, payment: Payment) -> Payment:
        with db.transaction(self.engine) as session:
            return session.get_one(Payment, payment.id)

    def pay(
        self, payment: Payment, card: str = "", *, comes_back: bool = False
    ) -> list[dict[str, Any]]:
        """The client types a card number on the page; the callbacks that brings, not sent yet."""
        payment = self.again(payment)
        at = str(int(utc_now().timestamp()))
        move = {"op": "pay", "at": at, "card": card or CARDS[payment.psp], "country": "PL"}
        move["id"] = payment.psp_payment_id if payment.psp == "stripe" else payment.psp_session_id
        url = f"{self.urls[payment.psp]}/sandbox/moves?deliver=return"
        answer = httpx.post(url, json=[move]).json()
        if comes_back:
            self.come_back(payment, answer["objects"][0].get("sessionResult", ""))
        callbacks: list[dict[str, Any]] = answer["callbacks"]
        return callbacks

    def come_back(self, payment: Payment, result: str) -> None:
        """The browser returns from the page."""
        with db.transaction(self.engine) as session:
            service.keep_session_result(session.get_one(Payment, payment.id), result)

    def sweep(self, **later: float) -> int:
        """The sweeper asks, and what it was told is applied."""
        count = sweeper.sweep(self.engine, self.psps, self.now + timedelta(**later))
        self.apply(60 + timedelta(**later).total_seconds())
        return count

    def messages(self) -> list[tuple[str, str]]:
        """Source and status of all that arrived."""
        with db.transaction(self.engine) as session:
            found = select(InboxMessage.source, InboxMessage.status).order_by(InboxMessage.id)
            return [tuple(row) for row in session.execute(found)]

    def deliver(self, psp: str, callbacks: list[dict[str, Any]]) -> None:
        for one in callbacks:
            headers = {name.lower(): value for name, value in one["headers"].items()}
            body = one["body"].encode()
            with db.transaction(self.engine) as session:
                arrived = service.believe(self.psps[psp], headers, body, now=utc_now())
                arrivals.store(session.connection(), arrived, now=utc_now())

    def apply(self, seconds: float = 60) -> None:
        now = utc_now() + timedelta(seconds=seconds)
        while inbox.process_one(self.engine, worker.handlers(self.psps), now):
            pass

    def wallet(self, currency: str) -> int:
        client = self.briton if currency == "GBP" else self.client
        with db.transaction(self.engine) as session:
            return wallet_minor(session, client, currency)

    def fault(self, psp: str, match: str, kind: str, **more: Any) -> None:
        rule = {"match": match, "fault": kind, "delay_ms": 50} | more
        httpx.post(f"{self.urls[psp]}/sandbox/faults", json=rule).raise_for_status()


@pytest.fixture
def desk(database, vendors) -> Iterator[Desk]:
    home, urls = vendors
    ports = {name: httpx.URL(url).port for name, url in urls.items()}
    settings = Settings(home=home, psp_ports=ports)
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
        client = a_verified_client(session, country="PL")
        briton = a_verified_client(session, country="GB")
    psps = connect(settings, {})
    yield Desk(engine, urls, settings, psps, client, briton)
    for psp in psps.values():
        psp.close()
    for url in urls.values():
        httpx.delete(f"{url}/sandbox/faults")


CARDS = {
    "stripe": "4242424242424242",
    "adyen": "4111111111111111",
    "checkout_com": "4242424242424242",
}
CREATE = {
    "stripe": "POST /v1/checkout/sessions",
    "adyen": "POST /v71/sessions",
    "checkout_com": "POST /hosted-payments",
    "nowpayments": "POST /v1/invoice",
}
CURRENCY = {"stripe": "USD", "adyen": "PLN", "checkout_com": "GBP", "nowpayments": "EUR"}


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


def test_an_outage_opens_the_breaker_traffic_moves_and_nothing_is_lost_or_doubled(desk):
    """Those in the queue move on unasked; the first that tries after the wait finds it back."""
    desk.fault("stripe", CREATE["stripe"], "refuse", count=None)
    payments = [desk.ask("stripe", f"{100 + number}.00") for number in range(7)]
    while desk.carry():
        pass

    found = [desk.again(payment) for payment in payments]
    assert {(payment.psp, payment.status) for payment in found} == {("adyen", "pending")}
    with db.transaction(desk.engine) as session:
        asked = select(Attempt.outcome).where(Attempt.psp == "stripe").order_by(Attempt.asked_at)
        outcomes = sorted(session.scalars(asked))
        assert outcomes == ["refused"] * 5 + ["skipped"] * 2

    httpx.delete(f"{desk.urls['stripe']}/sandbox/faults")
    desk.now += timedelta(minutes=5)
    for _ in range(3):
        payments.append(desk.ask("stripe"))
        desk.carry()
    for payment in payments:
        desk.deliver(desk.again(payment).psp, desk.pay(payment))
    desk.apply()

    assert {desk.again(payment).status for payment in payments} == {"succeeded"}
    assert desk.wallet("USD") == sum(payment.amount_minor for payment in payments)
    with db.transaction(desk.engine) as session:
        assert session.scalars(select(Breaker.state)).all() == ["closed"]


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

    assert sum(map(desk.wallet, CURRENCY.values())) == 0
    with db.transaction(desk.engine) as session:
        assert set(session.scalars(select(InboxMessage.status))) == {"parked"}


@pytest.mark.parametrize("psp", NAMES)
def test_a_payment_whose_callback_never_comes_is_found_by_the_sweeper(desk, psp):
    """W4."""
    payment = desk.ask(psp)
    desk.carry()
    desk.pay(payment, comes_back=True)

    assert desk.sweep() == 0
    assert desk.sweep(minutes=16) == 1

    assert (desk.again(payment).status, desk.wallet(CURRENCY[psp])) == ("succeeded", 10_000)
    assert desk.sweep(minutes=16) == 0


@pytest.mark.parametrize("psp", NAMES)
def test_a_second_card_whose_callback_never_comes_is_found_by_the_sweeper(desk, psp):
    payment = desk.ask(psp)
    desk.carry()
    desk.deliver(psp, desk.pay(payment, card="4000000000009995"))
    desk.apply()
    assert desk.again(payment).status == "failed"
    desk.pay(payment, comes_back=True)

    assert desk.sweep(hours=1) == 1

    assert (desk.again(payment).status, desk.wallet(CURRENCY[psp])) == ("succeeded", 10_000)


def test_a_payment_that_failed_is_asked_about_no_more_when_its_page_is_long_closed(desk):
    payment = desk.ask("stripe")
    desk.carry()
    desk.deliver("stripe", desk.pay(payment, card="4000000000009995"))
    desk.apply()

    asked = [hour for hour in range(1, 40) if desk.sweep(hours=hour)]

    assert asked == list(range(1, 26))


@pytest.mark.parametrize("psp", NAMES)
def test_what_the_sweeper_finds_other_than_agreed_is_parked_for_a_person(desk, psp):
    desk.fault(psp, CREATE[psp], "wrong_amount")
    payment = desk.ask(psp)
    desk.carry()
    desk.pay(payment, comes_back=True)

    for minutes in (16, 32):
        desk.sweep(minutes=minutes)

    assert set(desk.messages()) == {(f"{psp}.poll", "parked")}
    assert (desk.again(payment).status, desk.wallet(CURRENCY[psp])) == ("pending", 0)


class LiveAccount(httpx.BaseTransport):
    """The stand-in as a live account has it: a live key, and `livemode` on everything."""

    def __init__(self, test_key: str) -> None:
        self._test_key = test_key
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"].startswith("Bearer sk_live_")
        request.headers["Authorization"] = f"Bearer {self._test_key}"
        answer = self._inner.handle_request(request)
        live = answer.read().replace(b'"livemode": false', b'"livemode": true')
        return httpx.Response(answer.status_code, content=live)

    def close(self) -> None:
        self._inner.close()


def test_the_sweeper_works_on_a_live_account(desk):
    payment = desk.ask("stripe")
    desk.carry()
    desk.pay(payment)
    [test_key] = keys(desk.settings, "stripe")["api_keys"]
    live = Stripe(
        stand_in_url(desk.settings, "stripe"),
        api_key="sk_live_x",
        webhook_secrets=[],
        transport=LiveAccount(test_key),
    )
    with closing(live):
        sweeper.sweep(desk.engine, {"stripe": live}, desk.now + timedelta(minutes=16))
        handlers = worker.handlers({"stripe": live})
        assert inbox.process_one(desk.engine, handlers, desk.now + timedelta(minutes=17))

    assert (desk.again(payment).status, desk.wallet("USD")) == ("succeeded", 10_000)


def test_no_browser_came_back_so_adyen_cannot_be_asked_and_a_late_success_still_counts(desk):
    payment = desk.ask("adyen")
    desk.carry()
    callbacks = desk.pay(payment)
    desk.come_back(payment, "made up by whoever typed the address")

    desk.sweep(hours=25)
    assert desk.again(payment).failure_reason == "expired"

    desk.deliver("adyen", callbacks)
    desk.apply()
    assert desk.wallet("PLN") == 10_000


def test_a_page_nobody_paid_on_expires_after_a_day_and_a_late_success_still_counts(desk):
    payment = desk.ask("stripe")
    desk.carry()
    desk.sweep(hours=25)
    assert (desk.again(payment).status, desk.again(payment).failure_reason) == ("failed", "expired")

    desk.deliver("stripe", desk.pay(payment))
    desk.apply()

    assert desk.wallet("USD") == 10_000


def paid(desk: Desk, payment: Payment, *moves: dict[str, Any]) -> dict[str, Any]:
    """The client moves coins on the invoice; what that brings is delivered and applied."""
    at = str(int(utc_now().timestamp()))
    invoice = desk.again(payment).psp_session_id
    url = f"{desk.urls['nowpayments']}/sandbox/moves?deliver=return"
    steps = [{"at": at, "id": invoice, "op": "pay"} | move for move in moves]
    answer: dict[str, Any] = httpx.post(url, json=steps).raise_for_status().json()
    desk.deliver("nowpayments", answer["callbacks"])
    desk.apply()
    return answer


@pytest.mark.parametrize("fault", ["timeout_after", "garbage"])
def test_a_deposit_in_a_coin_is_credited_at_the_price_it_was_asked_for(desk, fault):
    desk.fault("nowpayments", CREATE["nowpayments"], fault)
    payment = desk.ask("nowpayments")
    desk.carry()
    desk.carry(2)

    told = paid(desk, payment, {"coin": "btc"})
    desk.deliver("nowpayments", told["callbacks"])
    desk.apply()

    payment = desk.again(payment)
    assert (payment.status, payment.arrived_minor, desk.wallet("EUR")) == (
        "succeeded",
        10_000,
        10_000,
    )
    assert payment.psp_payment_id == told["objects"][0]["id"]


def test_less_then_the_rest_then_more_to_the_same_address_is_credited_as_it_comes(desk):
    payment = desk.ask("nowpayments")
    desk.carry()
    first = paid(desk, payment, {"percent": 60})["objects"][0]["id"]
    assert (desk.again(payment).status, desk.wallet("EUR")) == ("underpaid", 6_000)

    again = {"op": "send", "id": first}
    paid(desk, payment, again | {"percent": 40})
    assert (desk.again(payment).status, desk.wallet("EUR")) == ("succeeded", 10_000)

    paid(desk, payment, again | {"percent": 30})
    assert (desk.again(payment).status, desk.wallet("EUR")) == ("overpaid", 13_000)


def test_a_coin_that_comes_after_all_has_expired_is_credited(desk):
    payment = desk.ask("nowpayments")
    desk.carry()
    chosen = paid(desk, payment, {"op": "choose"})["objects"][0]["id"]
    paid(desk, payment, {"op": "end", "id": chosen})
    assert (desk.again(payment).status, desk.again(payment).failure_reason) == (
        "failed",
        "expired",
    )

    paid(desk, payment, {"op": "send", "id": chosen, "percent": 99})

    assert (desk.again(payment).status, desk.wallet("EUR")) == ("underpaid", 9_900)


@pytest.mark.parametrize("fault", ["wrong_amount", "wrong_currency"])
def test_an_invoice_over_another_price_credits_nothing(desk, fault):
    desk.fault("nowpayments", CREATE["nowpayments"], fault)
    payment = desk.ask("nowpayments")
    desk.carry()

    paid(desk, payment, {})

    assert desk.wallet("EUR") + desk.wallet("USD") == 0
    assert {status for _, status in desk.messages()} == {"parked"}


def test_coins_whose_callbacks_never_come_are_found_by_the_sweeper(desk):
    payment = desk.ask("nowpayments")
    desk.carry()
    at = str(int(utc_now().timestamp()))
    invoice = desk.again(payment).psp_session_id
    steps = [{"op": "pay", "at": at, "id": invoice, "percent": 50}] * 2
    httpx.post(f"{desk.urls['nowpayments']}/sandbox/moves?deliver=never", json=steps)

    assert desk.sweep(minutes=16) == 1

    assert (desk.again(payment).status, desk.wallet("EUR")) == ("succeeded", 10_000)
