"""M10: whatever goes wrong on the line, a payout is paid once or not at all, and the books know."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from operational.access.totp import FieldKey
from operational.kit import db
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.kit.settings import Settings
from operational.kit.vendors import keys
from operational.ledger import queries as books
from operational.ledger.models import Hold
from operational.payments.models import Payment
from operational.payments.psp.connect import connect
from operational.payments.withdrawals import carrying, payouts
from operational.payments.withdrawals.models import Destination, Payout
from tests.faults import processes
from tests.payments.deposits import SYSTEM, a_verified_client, rules_in_force
from tests.payments.test_providers import CARDS, CURRENCY, Desk, paid
from tests.times import TIMES

LATER = "2031-01-01T00:00:00Z"
FAULTS = (
    *("timeout_before", "timeout_after", "error_after", "garbage", "duplicate", "delay"),
    *("refuse", "wrong_amount", "wrong_currency", None),
)
NOT_PAID, DIFFERS = {"refuse"}, {"wrong_amount", "wrong_currency"}
GOOD, BAD = "DE89370400440532013000", "DE00370400440532013000"
"""Adyen's stand-in sends back what was paid to an account of the second kind."""


class Catcher(BaseHTTPRequestHandler):
    """Where Adyen's stand-in sends its notifications."""

    caught: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.caught.append({"headers": dict(self.headers), "body": body})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[accepted]")

    def log_message(self, *_: Any) -> None:
        """Nothing on the screen."""


@pytest.fixture(scope="module")
def vendors(tmp_path_factory) -> Iterator[tuple[Any, dict[str, str], list[dict[str, Any]]]]:
    home, caught = tmp_path_factory.mktemp("home"), []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Catcher,), {"caught": caught}))
    Thread(target=server.serve_forever, daemon=True).start()
    inbox = f"http://127.0.0.1:{server.server_port}/"
    with ExitStack() as running:
        # Stripe's callbacks never come: all that is known of it was asked for.
        stripe = running.enter_context(processes.vendor("stripe", home / "sandbox"))
        heard = {
            name: running.enter_context(processes.vendor(name, home / "sandbox", inbox))
            for name in ("adyen", "nowpayments")
        }
        yield home, {"stripe": stripe} | heard, caught
    server.shutdown()
    server.server_close()


@pytest.fixture
def desk(database, vendors) -> Iterator[Desk]:
    home, urls, caught = vendors
    caught.clear()
    settings = Settings(
        home=home, psp_ports={name: httpx.URL(url).port for name, url in urls.items()}
    )
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
        client = a_verified_client(session, country="PL")
    psps = connect(settings, {})
    yield Desk(engine, urls, settings, psps, client, client)
    for psp in psps.values():
        psp.close()


def paid_in(desk: Desk, psp: str) -> Payment:
    """A deposit that was paid on the page and credited."""
    payment = desk.ask(psp, "400.00")
    desk.carry()
    desk.deliver(psp, desk.pay(payment, CARDS[psp]))
    desk.apply()
    return desk.again(payment)


def a_refund(desk: Desk, deposit: Payment, minor: int) -> Payout:
    with db.transaction(desk.engine) as session:
        amount = Money(minor, deposit.currency)
        return payouts.start_refund(session, deposit.id, amount, actor=SYSTEM, now=desk.now)


def a_transfer(desk: Desk, minor: int, iban: str) -> Payout:
    return transfer(desk, "bank_transfer", {"iban": iban}, Money(minor, CURRENCY["adyen"]))


def transfer(desk: Desk, method: str, details: dict[str, str], amount: Money) -> Payout:
    key, place = FieldKey.of(desk.settings), uuid7()
    with db.transaction(desk.engine) as session:
        target = Destination(
            id=place,
            client_id=desk.client.id,
            method=method,
            label="hers",
            details=key.seal(json.dumps(details), place),
            details_sha256=place.bytes,
            holder_name="Lena Weber",
            holder_match_percent=100,
            added_at=desk.now,
        )
        session.add(target)
        session.flush()
        payout = payouts.transfer(
            session, target, amount, withdrawal_id=None, country="PL", now=desk.now
        )
        payouts.release(session, payout, now=desk.now)
    return payout


def play(desk: Desk, psp: str, path: str, make: Any) -> dict[str, Payout]:
    """A payout per fault, carried until nothing is left to carry."""
    sent = {}
    for number in range(len(FAULTS) * TIMES):
        fault = FAULTS[number % len(FAULTS)]
        payout = make(100 + number)
        sent[payout.reference] = fault
        if fault:
            desk.fault(psp, path, fault, contains=payout.reference)
    for seconds in (0, 3, 6, 9, 15, 30):
        desk.carry(seconds)
    return sent


def hear_all(desk: Desk, psp: str, caught: list[dict[str, Any]]) -> None:
    """All a provider has to say by a later time, twice and also in the other order."""
    httpx.post(f"{desk.urls[psp]}/sandbox/clock", json={"now": LATER}).raise_for_status()
    for _ in range(2):
        httpx.post(f"{desk.urls[psp]}/sandbox/deliveries/flush").raise_for_status()
    httpx.delete(f"{desk.urls[psp]}/sandbox/clock")
    desk.deliver(psp, caught)
    desk.deliver(psp, caught[::-1])
    desk.apply()


def told_by_nowpayments(desk: Desk, caught: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Likewise, in the currency of our books."""
    hear_all(desk, "nowpayments", caught)
    paid = defaultdict(list)
    for body in {one["body"] for one in caught}:
        said = json.loads(body)
        if said["status"] == "FINISHED":
            amount = Money.rounded(Decimal(said["fiat_amount"]), said["fiat_currency"].upper())
            paid[said["unique_external_id"]].append((amount.minor, amount.currency))
    return paid


def told_by_adyen(desk: Desk, caught: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """What Adyen says was paid, by our reference: amount and currency of each operation."""
    hear_all(desk, "adyen", caught)
    paid = defaultdict(list)
    for one in caught:
        item = json.loads(one["body"])["notificationItems"][0]["NotificationRequestItem"]
        if item["eventCode"] in {"REFUND", "PAYOUT_THIRDPARTY"} and item["success"] == "true":
            paid[item["merchantReference"]].append(tuple(item["amount"].values()))
    return paid


def told_by_stripe(desk: Desk, deposit: Payment) -> dict[str, list[Any]]:
    carrying.sweep(desk.engine, desk.psps, desk.now + timedelta(minutes=16))
    desk.apply(1_200)
    [key] = keys(desk.settings, "stripe")["api_keys"]
    listed = httpx.get(
        f"{desk.urls['stripe']}/v1/refunds",
        params={"payment_intent": deposit.psp_payment_id, "limit": "100"},
        headers={"Authorization": f"Bearer {key}"},
    ).json()["data"]
    paid = defaultdict(list)
    for refund in listed:
        amount = (refund["amount"], refund["currency"].upper())
        paid[refund["metadata"]["reference"]].append(amount)
    return paid


def check(desk: Desk, sent: dict[str, Any], paid: dict[str, list[Any]]) -> None:
    """Reference by reference: paid there once and settled here, or neither; what differs waits."""
    with db.transaction(desk.engine) as session:
        found = {payout.reference: payout for payout in session.scalars(select(Payout))}
        held = set(session.scalars(select(Hold.op_key).where(Hold.status == "held")))
        for reference, fault in sent.items():
            payout = found[reference]
            there, is_held = paid.get(reference, []), payouts.hold_key(payout) in held
            settled = books.journal_of(session, payouts.hold_key(payout)) is not None
            ours = [(payout.amount_minor, payout.currency)]
            if fault in NOT_PAID:
                expected: Any = ([], "failed", False, False)
            elif there == ours:
                expected = (ours, "paid", True, False)
            else:
                assert fault in DIFFERS, f"{fault}: {there}, {payout.status}"
                expected = (there, payout.status, False, payout.status != "failed")
                assert len(there) <= 1
            assert (there, payout.status, settled, is_held) == expected, f"{reference} {fault}"


def test_what_stripe_gave_back_is_what_the_books_say_and_nothing_else(desk):
    deposit = paid_in(desk, "stripe")

    sent = play(desk, "stripe", "POST /v1/refunds", lambda minor: a_refund(desk, deposit, minor))

    check(desk, sent, told_by_stripe(desk, deposit))


def test_what_adyen_paid_is_what_the_books_say_and_nothing_else(desk, vendors):
    deposit = paid_in(desk, "adyen")

    refunds = play(
        desk,
        "adyen",
        "POST /v71/payments/*/refunds",
        lambda minor: a_refund(desk, deposit, minor),
    )
    transfers = play(
        desk,
        "adyen",
        "POST /pal/servlet/Payout/*",
        lambda minor: a_transfer(desk, minor, GOOD),
    )
    sent_back = a_transfer(desk, 777, BAD)
    desk.carry(40)

    check(desk, refunds | transfers, told_by_adyen(desk, vendors[2]))
    with db.transaction(desk.engine) as session:
        assert session.get_one(Payout, sent_back.id).status == "returned"


def test_what_nowpayments_sent_is_what_the_books_say_and_nothing_else(desk, vendors):
    deposit = desk.ask("nowpayments", "400.00")
    desk.carry()
    paid(desk, deposit, {"coin": "btc"})
    vendors[2].clear()

    def a_coin(minor: int, address: str = "TEmGwPeRTPiLFLVfBxXkSP91yc5GMNQhfS") -> Payout:
        details = {"network": "usdttrc20", "address": address}
        return transfer(desk, "crypto", details, Money(minor, "EUR"))

    sent = play(desk, "nowpayments", "POST /v1/payout", a_coin)
    nowhere = a_coin(777, "bad")
    desk.carry(40)

    check(desk, sent, told_by_nowpayments(desk, vendors[2]))
    with db.transaction(desk.engine) as session:
        assert session.get_one(Payout, nowhere.id).status == "failed"
