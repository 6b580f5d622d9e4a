"""PayPal: agreed to first and taken then, under every fault; payouts once; callbacks believed or not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from operational import worker
from operational.clients.models import Client
from operational.kit import db, ids
from operational.kit.clock import utc_now
from operational.kit.money import Money
from operational.kit.settings import Settings
from operational.messaging import arrivals, inbox, outbox
from operational.payments import service, sweeper
from operational.payments.errors import CallbackMalformed, CallbackRefused
from operational.payments.models import Payment
from operational.payments.psp import PayoutOrder, Psp, PspRefused, PspUnavailable
from operational.payments.psp.connect import connect
from operational.payments.psp.paypal.adapter import PayPal
from operational.payments.psp.paypal.api import amount_text, money_of
from operational.payments.states import News, PayoutNews
from tests.faults import processes
from tests.payments import signing
from tests.payments.deposits import NOW, a_verified_client, rules_in_force, wallet_minor
from tests.payments.signing import adapter, callback, signed

FAULTS = ("timeout_before", "timeout_after", "error_after", "garbage")


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    home: Path = tmp_path_factory.mktemp("home")
    with processes.vendor("paypal", home / "sandbox") as url:
        yield home, url


@pytest.fixture(scope="module")
def psp(stand_in) -> Iterator[PayPal]:
    home, url = stand_in
    found = connect(Settings(home=home, psp_ports={"paypal": httpx.URL(url).port}), {})
    yield found["paypal"]
    found["paypal"].close()


@dataclass
class Desk:
    """One client, PayPal, and the two loops turned by hand."""

    engine: Engine
    url: str
    psp: Psp
    client: Client
    now: datetime = field(default_factory=utc_now)

    def ask(self, amount: str = "100.00", currency: str = "EUR") -> Payment:
        """A deposit by PayPal whose page is open."""
        money = Money.parse(amount, currency)
        with db.transaction(self.engine) as session:
            payment = Payment(
                id=ids.uuid7(), reference=ids.reference("D"), client_id=self.client.id,
                direction="deposit", method="paypal", country="DE", psp="paypal",
                fallback_psps=[], routing_decision_id=ids.uuid7(), amount_minor=money.minor,
                currency=currency, status="created", requested_at=self.now,
            )  # fmt: skip
            session.add(payment)
            session.flush()
            service.ask_psp(session, payment, now=self.now)
        return payment

    def carry(self, seconds: float = 0) -> None:
        carriers = worker.psp_carriers({"paypal": self.psp}, Settings(), self.engine)
        for later in (seconds, seconds + 2, seconds + 5):
            outbox.carry(self.engine, carriers, lambda at=later: self.now + timedelta(seconds=at))

    def again(self, payment: Payment) -> Payment:
        with db.transaction(self.engine) as session:
            return session.get_one(Payment, payment.id)

    def agree(self, payment: Payment, payer: str = "client@example.com") -> list[dict[str, Any]]:
        """The client agrees on the page; the callbacks that brings, not sent yet."""
        order = self.again(payment).psp_session_id
        move = {"op": "pay", "at": str(int(utc_now().timestamp())), "id": order, "payer": payer}
        answer = httpx.post(f"{self.url}/sandbox/moves?deliver=return", json=[move]).json()
        return answer["callbacks"]

    def hear(self, callbacks: list[dict[str, Any]]) -> None:
        for one in callbacks:
            headers = {name.lower(): value for name, value in one["headers"].items()}
            with db.transaction(self.engine) as session:
                believed = service.believe(self.psp, headers, one["body"].encode(), now=utc_now())
                arrivals.store(session.connection(), believed, now=utc_now())
        self.apply()

    def apply(self, minutes: float = 2) -> None:
        handlers = worker.handlers({"paypal": self.psp})
        while inbox.process_one(self.engine, handlers, self.now + timedelta(minutes=minutes)):
            pass

    def fault(self, match: str, kind: str, **more: Any) -> None:
        rule = {"match": match, "fault": kind, "delay_ms": 50} | more
        httpx.post(f"{self.url}/sandbox/faults", json=rule).raise_for_status()

    def told(self) -> list[str]:
        return [one["type"] for one in httpx.get(f"{self.url}/sandbox/deliveries").json()]

    def wallet(self, currency: str = "EUR") -> int:
        with db.transaction(self.engine) as session:
            return wallet_minor(session, self.client, currency)


@pytest.fixture
def desk(database, stand_in, psp) -> Iterator[Desk]:
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
        client = a_verified_client(session, country="DE")
    yield Desk(engine, stand_in[1], psp, client)
    httpx.delete(f"{stand_in[1]}/sandbox/faults")


def test_what_a_client_agreed_to_is_taken_once_and_credited_once(desk):
    payment = desk.ask()
    desk.carry()
    assert desk.again(payment).redirect_url.startswith(f"{desk.url}/checkoutnow?token=")
    callbacks = desk.agree(payment)
    for _ in range(2):
        desk.hear(callbacks)
    assert (desk.again(payment).status, desk.wallet()) == ("authorised", 0)

    desk.carry(130)
    desk.apply(3)
    desk.hear(callbacks)

    paid = desk.again(payment)
    assert (paid.status, desk.wallet()) == ("succeeded", 10_000)
    assert paid.psp_payment_id != paid.psp_session_id


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_answer_makes_neither_a_second_order_nor_a_second_capture(desk, fault):
    before = len(desk.told())
    desk.fault("POST /v2/checkout/orders", fault)
    desk.fault("POST /v2/checkout/orders/*/capture", fault)
    payment = desk.ask()
    desk.carry()

    desk.hear(desk.agree(payment))
    desk.carry(130)
    desk.apply(3)

    assert (desk.again(payment).status, desk.wallet()) == ("succeeded", 10_000)
    new = desk.told()[: len(desk.told()) - before]
    assert new.count("PAYMENT.CAPTURE.COMPLETED") == 1


def test_an_account_without_money_fails_the_payment_and_says_why(desk):
    payment = desk.ask()
    desk.carry()
    desk.hear(desk.agree(payment, "declined@example.com"))

    desk.carry(130)

    assert desk.again(payment).status == "failed"
    assert "INSTRUMENT_DECLINED" in desk.again(payment).failure_reason


def test_one_who_agreed_unheard_is_found_and_an_order_nobody_agreed_to_ends(desk):
    """W4."""
    agreed, left = desk.ask(), desk.ask()
    desk.carry()
    desk.agree(agreed)

    sweeper.sweep(desk.engine, {"paypal": desk.psp}, desk.now + timedelta(minutes=16))
    desk.apply(60)
    desk.carry(3_700)
    desk.apply(90)
    day_after = desk.now + timedelta(hours=25)
    sweeper.sweep(desk.engine, {"paypal": desk.psp}, day_after)

    assert (desk.again(agreed).status, desk.wallet()) == ("succeeded", 10_000)
    assert (desk.again(left).status, desk.again(left).failure_reason) == ("failed", "expired")


def test_an_order_opened_over_another_amount_credits_nothing(desk):
    desk.fault("POST /v2/checkout/orders", "wrong_amount")
    payment = desk.ask()
    desk.carry()

    desk.hear(desk.agree(payment))
    desk.carry(130)
    desk.apply(3)

    assert (desk.again(payment).status, desk.wallet()) == ("pending", 0)


def a_capture(desk, **more: str) -> Payment:
    payment = desk.ask(**more)
    desk.carry()
    desk.hear(desk.agree(payment))
    desk.carry(130)
    desk.apply(3)
    return desk.again(payment)


def an_order(reference: str, money: str, capture: str | None, email: str = "a@x.org"):
    text, currency = money.split()
    amount = Money.parse(text, currency)
    return PayoutOrder(reference, amount, "paypal", "DE", "Ann", capture, {"email": email})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_payout_is_paid_once_whatever_is_lost_on_the_line(desk, fault):
    """M10: an unanswered one is looked up, and the same sent again is the same payout."""
    paid = a_capture(desk)
    before = len(desk.told())
    orders = [
        an_order(ids.reference("P"), "30.00 EUR", paid.psp_payment_id),
        an_order(ids.reference("P"), "12.34 EUR", None),
    ]
    for order in orders:
        desk.fault("POST *refund" if order.source_payment_id else "POST */payouts", fault)
        with pytest.raises(PspUnavailable):
            desk.psp.send_payout(order)
        sent = [desk.psp.send_payout(order).psp_payout_id for _ in range(2)]
        assert len(set(sent)) == 1
        found = desk.psp.find_payout(order.reference, sent[0], order.source_payment_id)
        assert found.sent.psp_payout_id == sent[0]

    new = [kind for kind in desk.told()[: len(desk.told()) - before] if "REFUNDED" in kind]
    assert new == ["PAYMENT.CAPTURE.REFUNDED"]


def test_what_becomes_of_a_payout_is_told_in_our_words(desk):
    sent = {
        email: desk.psp.send_payout(an_order(ids.reference("P"), "5.00 USD", None, email))
        for email in ("a@x.org", "failed@x.org", "unclaimed@x.org", "refused@x.org")
    }
    httpx.post(
        f"{desk.url}/sandbox/clock", json={"now": str(int(utc_now().timestamp()) + 40 * 86_400)}
    )
    httpx.delete(f"{desk.url}/sandbox/clock")

    told = {}
    for email, payout in sent.items():
        body = httpx.get(f"{desk.url}/sandbox/deliveries").json()
        assert body
        reference = _reference_of(desk, payout.psp_payout_id)
        [event] = desk.psp.find_payout(reference, payout.psp_payout_id, None).events
        told[email] = event.news
    assert told == {
        "a@x.org": PayoutNews.PAID,
        "failed@x.org": PayoutNews.FAILED,
        "unclaimed@x.org": PayoutNews.RETURNED,
        "refused@x.org": PayoutNews.RETURNED,
    }


def _reference_of(desk, batch: str) -> str:
    found = desk.psp._api.get(f"/v1/payments/payouts/{batch}")
    return found["items"][0]["payout_item"]["sender_item_id"]


def test_a_case_is_followed_and_its_money_goes_with_the_reversal(desk):
    paid = a_capture(desk)
    at = str(int(utc_now().timestamp()))

    def move(**step: str) -> list[dict[str, Any]]:
        url = f"{desk.url}/sandbox/moves?deliver=return"
        answer = httpx.post(url, json=[{"at": at} | step]).json()
        desk.hear(answer["callbacks"])
        return answer["objects"]

    [case] = move(op="dispute", id=paid.psp_payment_id)
    move(op="close_dispute", id=case["id"], status="chargeback")
    assert (desk.again(paid).status, desk.wallet()) == ("succeeded", 10_000)

    move(op="close_dispute", id=case["id"], status="lost")
    assert (desk.again(paid).status, desk.wallet()) == ("charged_back", 0)


def test_only_paypals_own_certificate_makes_a_callback_believed():
    body = callback("CHECKOUT.ORDER.APPROVED", {"id": "O1"})
    others = signing.OTHERS["signer_certificates"][0]
    shelf = signing.Shelf(**{"CERT-2": others, "CERT-3": "no certificate"})
    paypal = adapter(shelf)
    right = signed(body, NOW)
    refused = {
        "no header": {},
        "another key": signed(body, NOW, key=signing.OTHERS["signer_keys"][0]),
        "another webhook": signed(body, NOW, webhook="5JH86294D6297924G"),
        "another body": signed(body + b" ", NOW),
        "the time changed": right | {"paypal-transmission-time": "2026-03-02T12:00:01Z"},
        "no time": right | {"paypal-transmission-time": "now"},
        "too old": signed(body, NOW - timedelta(days=5)),
        "of tomorrow": signed(body, NOW + timedelta(hours=1)),
        "another algorithm": right | {"paypal-auth-algo": "SHA1withRSA"},
        "no base64": right | {"paypal-transmission-sig": "???"},
        "somebody's root": signed(
            body, NOW, key=signing.OTHERS["signer_keys"][0], cert_url=signing.CERTS + "CERT-2"
        ),
        "no certificate": right | {"paypal-cert-url": signing.CERTS + "CERT-3"},
        "none there": right | {"paypal-cert-url": signing.CERTS + "CERT-4"},
        "another host": right
        | {"paypal-cert-url": "https://evil.invalid/v1/notifications/certs/C"},
        "a host before": right | {"paypal-cert-url": "https://paypal.invalid@evil.invalid/C"},
        "a path above": right | {"paypal-cert-url": signing.CERTS + "../../CERT-1"},
        "no encryption": right | {"paypal-cert-url": signing.CERTS.replace("https", "http") + "C"},
    }
    for headers in refused.values():
        with pytest.raises(CallbackRefused):
            paypal.verify(headers, body, NOW)
    assert paypal.verify(signed(body, NOW, webhook="OLD"), body, NOW)[0].external_id == "WH-1"
    for _ in range(3):
        assert paypal.verify(right, body, NOW)[0].body == body

    assert set(shelf.asked) == {"CERT-1", "CERT-2", "CERT-3", "CERT-4"}
    assert shelf.asked.count("CERT-1") == 1
    with pytest.raises(CallbackRefused, match="certificate"):
        adapter().verify(signed(body, end := NOW.replace(year=2060)), body, end)


def test_naming_certificates_that_are_not_there_keeps_nobody_busy():
    body, shelf = callback("X", {}), signing.Shelf()
    paypal, right = adapter(shelf), signed(body, NOW)

    for number in range(25):
        headers = right | {"paypal-cert-url": f"{signing.CERTS}NONE-{number}"}
        with pytest.raises(CallbackRefused):
            paypal.verify(headers, body, NOW)

    assert len(shelf.asked) == 10


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**15), st.sampled_from(["EUR", "USD", "JPY", "KWD", "HUF"]))
def test_an_amount_reads_back_to_the_last_unit(minor, currency):
    money = Money(minor, currency)
    if currency == "HUF" and minor % 100:
        with pytest.raises(PspRefused):
            amount_text(money)
    else:
        assert money_of({"value": amount_text(money), "currency_code": currency}) == money


@pytest.mark.parametrize("value", [10, 10.5, "1e1", "10.001", "-10", "NaN", "10,00", "", None])
def test_an_amount_in_another_form_is_malformed(value):
    capture = {"id": "C1", "status": "COMPLETED", "custom_id": "D-1"}
    capture["amount"] = {"value": value, "currency_code": "EUR"}
    body = json.dumps(json.loads(callback("PAYMENT.CAPTURE.COMPLETED", capture))).encode()

    with pytest.raises(CallbackMalformed):
        adapter().parse(body)


def test_a_kind_nobody_knows_yet_is_left_alone():
    assert adapter().parse(callback("BILLING.PLAN.CREATED", {"id": "B1"})) is None
    pending = {"id": "C1", "status": "PENDING", "amount": {"value": "1.00", "currency_code": "EUR"}}
    told = adapter().parse(callback("PAYMENT.CAPTURE.PENDING", pending))
    assert told is not None
    assert told.news is News.PENDING
