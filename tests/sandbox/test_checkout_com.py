"""The Checkout.com stand-in: what it signs, keeps and refuses, and that our adapter reads it."""

import csv
import io
import json
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from operational.kit.money import Money
from operational.payments.errors import CallbackRefused
from operational.payments.psp import Order, PayoutOrder, Psp, PspRefused
from operational.payments.psp.checkout_com import PROVIDER
from operational.payments.states import News

NOW = datetime.now(UTC)
BACK = "http://broker.test/back"


@pytest.fixture
def checkout(sandbox_server):
    return sandbox_server("checkout_com")


@pytest.fixture
def psp(checkout):
    with closing(PROVIDER.connect(checkout.url, checkout.secrets, None)) as found:
        yield found


def order(reference: str, amount: str = "123.45") -> Order:
    return Order(reference, Money.parse(amount, "GBP"), "card", BACK, "GB")


def back(reference: str, source: str | None, amount: str) -> PayoutOrder:
    money = Money.parse(amount, "GBP")
    return PayoutOrder(reference, money, "card", "GB", "Lena Weber", source, {})


def told(server, psp: Psp, text: str) -> list[tuple[str, News, int]]:
    """What the callbacks about something say, as our adapter believes and reads them."""
    events = []
    for callback in server.endpoint.about(text):
        headers = {name.lower(): value for name, value in callback.headers.items()}
        [signed] = psp.verify(headers, callback.body, NOW)
        if event := psp.parse(signed.body):
            events.append((event.operation_id[:3], event.news, event.amount.minor))
    return events


def test_a_person_pays_at_the_second_try_and_the_hub_is_told(checkout, psp, reference, eventually):
    created = psp.create_payment(order(reference))
    page = checkout.client()

    refused = page.post(created.redirect_url, data={"card": "4000 0000 0000 9995"})
    paid = page.post(created.redirect_url, data={"card": "4242 4242 4242 4242"})
    again = page.post(created.redirect_url, data={"card": "4242 4242 4242 4242"})

    assert (refused.status_code, again.status_code) == (402, 200)
    assert "closed" in again.text
    assert paid.headers["location"].startswith(f"{BACK}?cko-session-id={created.session_id}")
    eventually(lambda: len(checkout.endpoint.about(reference)) == 3)
    assert told(checkout, psp, reference) == [
        ("pay", News.FAILED, 12_345),
        ("pay", News.AUTHORISED, 12_345),
        ("pay", News.SUCCEEDED, 12_345),
    ]
    asked = psp.find_payment(reference, None, None)
    assert {event.news for event in asked.events} == {
        News.FAILED,
        News.AUTHORISED,
        News.SUCCEEDED,
    }
    assert psp.find_payment("D-NOBODY", None, None) is None


def test_a_refund_goes_once_under_its_own_reference_and_is_found(
    checkout, psp, reference, eventually
):
    [payment] = checkout.moves(
        {"op": "pay", "at": "1772445600", "amount": 10_000, "currency": "GBP"}
        | {"reference": reference}
    )["objects"]

    first = psp.send_payout(back("P-1", payment["id"], "40.00"))
    again = psp.send_payout(back("P-1", payment["id"], "40.00"))
    found = psp.find_payout("P-1", None, payment["id"])

    assert first == again == found.sent
    eventually(lambda: checkout.endpoint.about(first.psp_payout_id))
    assert told(checkout, psp, first.psp_payout_id) == [("act", News.REFUNDED, 4_000)]
    [event] = psp.find_payout("P-1", None, payment["id"]).events
    assert (event.news, event.reference, event.amount.minor) == (News.REFUNDED, "P-1", 4_000)
    assert psp.find_payout("P-2", None, payment["id"]) is None
    for too_much in (back("P-3", payment["id"], "60.01"), back("P-4", None, "1.00")):
        with pytest.raises(PspRefused):
            psp.send_payout(too_much)


def test_a_dispute_is_debited_with_its_deadline_and_won(checkout, psp, reference):
    made = checkout.moves(
        {"op": "pay", "at": "1772445600", "amount": 10_000, "currency": "GBP"}
        | {"reference": reference, "card": "4000000000000259"},
        deliver="return",
    )
    [listed] = (
        checkout.authorised()
        .get("/disputes", params={"payment_id": made["objects"][0]["id"]})
        .json()["data"]
    )
    closed = checkout.moves(
        {"op": "close_dispute", "at": "1772445600", "id": listed["id"], "status": "won"},
        deliver="return",
    )

    events = [psp.parse(one["body"].encode()) for one in made["callbacks"] + closed["callbacks"]]

    assert [event.news for event in events] == [
        *(News.AUTHORISED, News.SUCCEEDED, News.DISPUTED, News.CHARGED_BACK),
        News.CHARGEBACK_WON,
    ]
    assert {event.operation_id for event in events[2:]} == {listed["id"]}
    assert {event.reference for event in events} == {reference}
    dispute = events[3].details["dispute"]
    assert (dispute["stage"], dispute["network_reason"]) == ("chargeback", "10.4")
    assert dispute["due_at"] == "2026-03-12T10:00:00+00:00"


def test_what_is_forged_on_the_way_is_not_believed(checkout, psp, reference, eventually):
    checkout.fault("webhook payment_captured", "bad_signature", contains=reference)
    session = psp.create_payment(order(reference))
    checkout.client().post(session.redirect_url, data={"card": "4242 4242 4242 4242"})

    def captures():
        return [one for one in checkout.endpoint.about(reference) if b"captured" in one.body]

    forged = eventually(captures)[0]
    headers = {name.lower(): value for name, value in forged.headers.items()}
    with pytest.raises(CallbackRefused):
        psp.verify(headers, forged.body, NOW)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": 0}, 422, "amount_invalid"),
        ({"amount": "5"}, 422, "amount_invalid"),
        ({"currency": "XXX"}, 422, "currency_invalid"),
        ({"billing": None}, 422, "billing_required"),
        ({"processing_channel_id": "pc_other"}, 422, "processing_channel_id_invalid"),
    ],
)
def test_a_session_without_sense_is_refused(checkout, changes, status, code):
    urls = {f"{name}_url": BACK for name in ("success", "failure", "cancel")}
    channel = checkout.secrets["processing_channels"][0]
    asked = {"amount": 5, "currency": "GBP", "billing": {"address": {"country": "GB"}}}
    asked |= urls | {"processing_channel_id": channel} | changes

    answer = checkout.authorised().post("/hosted-payments", json=asked)

    assert (answer.status_code, answer.json()["error_codes"]) == (status, [code])
    assert checkout.client().post("/hosted-payments", json=asked).status_code == 401


def test_the_breakdown_of_each_payout_adds_up_to_what_was_paid_out(own_server):
    server = own_server("checkout_com")
    paid = server.moves(
        *(
            {
                "op": "pay",
                "at": f"2026-03-02T1{n}:00:00Z",
                "amount": 1_999 + n,
                "currency": currency,
            }
            | {"reference": f"D-{currency}-{n}"}
            for currency in ("EUR", "GBP", "JPY")
            for n in range(4)
        )
    )["objects"]
    server.moves(
        {"op": "refund", "at": "2026-03-02T15:00:00Z", "id": paid[0]["id"], "amount": 999},
        {"op": "dispute", "at": "2026-03-02T16:00:00Z", "id": paid[5]["id"]},
    )
    client = server.authorised()
    listed = client.get("/reports").json()["data"]

    sums: dict[str, Decimal] = defaultdict(Decimal)
    payouts: dict[str, Decimal] = {}
    for report in listed:
        for one in report["files"]:
            text = client.get(one["_links"]["self"]["href"]).text
            for row in csv.DictReader(io.StringIO(text)):
                if "Payout Amount" in row:
                    payouts[row["Payout ID"]] = Decimal(row["Payout Amount"])
                    continue
                gross, deduction, net = (
                    Decimal(row[f"{name} In Holding Currency"])
                    for name in ("Gross", "Deduction", "Net")
                )
                assert gross + deduction == net
                sums[row["Payout ID"]] += net
    assert sums == payouts
    assert len(payouts) == 3
    assert json.dumps(listed).count("settlement-breakdown_ent_") == 3
    assert server.client().get("/reports").status_code == 401
