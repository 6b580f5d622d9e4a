"""The Stripe stand-in: what it signs, what it keeps, what it refuses."""

import csv
import io
import json
import time
from collections import defaultdict
from datetime import date
from decimal import Decimal

import httpx
import pytest
import stripe as official

from sandbox.moves import make
from sandbox.stripe import verbs
from sandbox.stripe.bulk import Move, carry_out
from sandbox.stripe.report import itemised, settle
from sandbox.stripe.vendor import Stripe, fresh_secrets, signature
from sandbox.world import World, build_world


def payment(reference: str, at: str = "2026-03-02T10:00:00Z", **more: object) -> dict[str, object]:
    what = {"op": "pay", "at": at, "amount": 10_000, "currency": "eur"}
    return what | {"metadata": {"reference": reference}} | more


def checkout(client, reference: str, amount: int = 12_345) -> dict[str, object]:
    form = {
        "mode": "payment",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": str(amount),
        "line_items[0][quantity]": "1",
        "success_url": "http://broker.test/ok?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://broker.test/no",
        "client_reference_id": reference,
        "payment_intent_data[metadata][reference]": reference,
    }
    return client.post("/v1/checkout/sessions", data=form).json()


def test_a_signature_is_the_published_one():
    body = b'{"id":"evt_1","type":"payment_intent.succeeded"}'

    assert signature("whsec_test_secret", 1_700_000_000, body) == (
        "22d8dc182f5c588077683bd378368e29765bfe5df2560112b4f28fef120f0e31"
    )


def test_the_official_library_accepts_a_callback_with_either_live_secret(
    stripe, reference, eventually
):
    session = checkout(stripe.authorised(), reference)
    stripe.client().post(session["url"], data={"card": "4242424242424242", "country": "DE"})
    callback = eventually(lambda: stripe.endpoint.about(reference))[0]

    for secret in stripe.secrets["webhook_secrets"]:
        event = official.Webhook.construct_event(
            callback.body, callback.headers["Stripe-Signature"], secret
        )
        assert event.type == "payment_intent.succeeded"
        assert event.data.object.amount_received == 12_345


def test_the_official_library_refuses_a_forged_callback():
    parcel = Stripe({"webhook_secrets": ["whsec_real"]}).parcel({"id": "evt_1"}, 1, forged=True)

    with pytest.raises(official.SignatureVerificationError):
        official.Webhook.construct_event(
            parcel.body, parcel.headers["Stripe-Signature"], "whsec_real", tolerance=None
        )


def test_the_official_client_can_drive_it(stripe, reference):
    client = official.StripeClient(
        stripe.secrets["api_keys"][0],
        base_addresses={"api": stripe.url},
        http_client=official.RequestsClient(),
    )

    intent = client.v1.payment_intents.create(
        {
            "amount": 5_000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "metadata": {"reference": reference},
        }
    )
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    payout = client.v1.payouts.create({"amount": 700, "currency": "usd"})

    assert intent.status == "succeeded"
    assert refund.amount == 1_000
    assert client.v1.payment_intents.retrieve(intent.id).metadata["reference"] == reference
    assert client.v1.payouts.list({"limit": 1}).data[0].id == payout.id
    query = f"metadata['reference']:'{reference}'"
    assert client.v1.payment_intents.search({"query": query}).data[0].id == intent.id


def test_a_declined_card_may_try_again_on_the_same_page(stripe, reference, eventually):
    client = stripe.authorised()
    session = checkout(client, reference)

    declined = client.post(session["url"], data={"card": "4000 0000 0000 0002"})
    paid = client.post(session["url"], data={"card": "4242 4242 4242 4242"})

    assert declined.status_code == 402
    assert "Your card was declined" in declined.text
    assert paid.headers["location"] == f"http://broker.test/ok?session={session['id']}"
    callbacks = eventually(
        lambda: len(stripe.endpoint.about(reference)) == 2 and stripe.endpoint.about(reference)
    )
    kinds = [callback.event["type"] for callback in callbacks]
    assert kinds == ["payment_intent.payment_failed", "payment_intent.succeeded"]


def test_the_decline_button_leads_back_to_the_broker(stripe, reference, eventually):
    client = stripe.authorised()
    session = checkout(client, reference)

    answer = client.post(session["url"], data={"choice": "decline"})

    assert answer.headers["location"] == "http://broker.test/no"
    failed = eventually(lambda: stripe.endpoint.about(reference))[0].event
    assert failed["data"]["object"]["last_payment_error"]["code"] == "card_declined"


def test_a_page_that_was_paid_cannot_be_paid_again(stripe, reference):
    client = stripe.authorised()
    session = checkout(client, reference)
    client.post(session["url"], data={"card": "4242424242424242"})

    again = client.post(session["url"], data={"card": "4242424242424242"})

    assert "This payment is closed" in again.text


def test_a_declined_confirmation_is_a_card_error_with_the_intent_in_it(stripe, reference):
    client = stripe.authorised()
    form = {"amount": "500", "currency": "eur", "metadata[reference]": reference}
    opened = client.post("/v1/payment_intents", data=form).json()
    card = {"payment_method": "pm_card_chargeDeclinedInsufficientFunds"}

    answer = client.post(f"/v1/payment_intents/{opened['id']}/confirm", data=card)

    failure = answer.json()["error"]
    assert answer.status_code == 402
    assert (failure["type"], failure["code"]) == ("card_error", "card_declined")
    assert failure["decline_code"] == "insufficient_funds"
    assert failure["payment_intent"]["id"] == opened["id"]
    again = client.get(f"/v1/payment_intents/{opened['id']}").json()
    assert again["last_payment_error"]["decline_code"] == "insufficient_funds"


def test_the_key_may_come_as_the_user_name_of_basic_credentials(stripe):
    key = stripe.secrets["api_keys"][0]

    codes = [
        httpx.get(f"{stripe.url}/v1/payouts", auth=(user, ""), verify=False).status_code
        for user in (key, "sk_test_wrong")
    ]

    assert codes == [200, 401]


def test_a_page_nobody_paid_on_for_a_day_takes_no_payment_and_tells_so(
    stripe, reference, eventually
):
    client = stripe.authorised()
    client.headers["Sandbox-Time"] = str(int(time.time()) - 90_000)
    session = checkout(client, reference)
    del client.headers["Sandbox-Time"]
    place = f"/v1/checkout/sessions/{session['id']}"

    def told() -> set[str]:
        return {callback.event["type"] for callback in stripe.endpoint.about(reference)}

    late = client.post(session["url"], data={"card": "4242424242424242"})

    assert "This payment is closed" in late.text
    assert eventually(lambda: told() == {"payment_intent.canceled", "checkout.session.expired"})
    assert client.get(place).json()["status"] == "expired"
    assert client.get(place).json()["payment_status"] == "unpaid"


def test_the_same_key_gives_the_same_answer_and_pays_once(stripe, reference):
    client = stripe.authorised()
    form = {"amount": "500", "currency": "eur", "metadata[reference]": reference}
    key = {"Idempotency-Key": f"key-{reference}"}

    first = client.post("/v1/payouts", data=form, headers=key)
    second = client.post("/v1/payouts", data=form, headers=key)
    other = client.post("/v1/payouts", data=form | {"amount": "501"}, headers=key)

    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 400
    assert other.json()["error"]["type"] == "idempotency_error"


def test_without_its_key_nobody_is_served(stripe):
    answer = stripe.client(Authorization="Bearer sk_test_wrong").get("/v1/payouts")

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"currency": "eur"}, "parameter_invalid_integer"),
        ({"amount": "0", "currency": "eur"}, "parameter_invalid_integer"),
        ({"amount": "12.50", "currency": "eur"}, "parameter_invalid_integer"),
        ({"amount": "100"}, "parameter_missing"),
        ({"amount": "100", "currency": "xxx"}, "currency_not_supported"),
    ],
)
def test_a_payout_without_sense_is_refused(stripe, form, code):
    answer = stripe.authorised().post("/v1/payouts", data=form)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_a_refund_never_exceeds_what_was_paid(stripe, reference):
    intent = stripe.moves(payment(reference))["objects"][0]
    client = stripe.authorised()

    client.post("/v1/refunds", data={"payment_intent": intent["id"], "amount": "9000"})
    more = client.post("/v1/refunds", data={"payment_intent": intent["id"], "amount": "1001"})

    assert more.json()["error"]["code"] == "amount_too_large"


def test_a_payout_travels_until_it_is_paid(stripe, reference, eventually):
    form = {"amount": "500", "currency": "eur", "metadata[reference]": reference}
    payout = stripe.authorised().post("/v1/payouts", data=form).json()

    eventually(lambda: len(stripe.endpoint.about(payout["id"])) == 2)

    told = [callback.event for callback in stripe.endpoint.about(payout["id"])]
    assert [event["type"] for event in told] == ["payout.updated", "payout.paid"]
    assert [event["data"]["object"]["status"] for event in told] == ["in_transit", "paid"]


def test_a_payout_to_a_closed_account_is_paid_and_then_fails(stripe, reference, eventually):
    form = {"amount": "500", "currency": "eur", "destination": "DE 000111111113"}
    form["metadata[reference]"] = reference
    payout = stripe.authorised().post("/v1/payouts", data=form).json()

    eventually(lambda: len(stripe.endpoint.about(payout["id"])) == 3)

    told = [callback.event["type"] for callback in stripe.endpoint.about(payout["id"])]
    assert told == ["payout.updated", "payout.paid", "payout.failed"]


def test_lists_are_paged_newest_first(stripe, reference):
    made = stripe.moves(*[payment(f"{reference}-{i}", f"203{i}-01-01") for i in range(5)])
    newest = [intent["id"] for intent in reversed(made["objects"])]
    client = stripe.authorised()

    first = client.get("/v1/payment_intents", params={"limit": 3, "created[gte]": 1_893_000_000})
    after = {"limit": 3, "created[gte]": 1_893_000_000, "starting_after": newest[2]}
    rest = client.get("/v1/payment_intents", params=after).json()

    assert [intent["id"] for intent in first.json()["data"]] == newest[:3]
    assert first.json()["has_more"]
    assert [intent["id"] for intent in rest["data"]] == newest[3:]
    assert not rest["has_more"]


def test_bulk_callbacks_are_handed_over_signed_as_of_their_own_time(stripe, reference):
    made = stripe.moves(payment(reference, "2026-01-05T09:00:00Z"), deliver="return")

    [callback] = made["callbacks"]
    assert callback["headers"]["Stripe-Signature"].startswith("t=1767603600,")
    assert json.loads(callback["body"])["created"] == 1_767_603_600
    assert stripe.endpoint.about(reference) == []


def test_deliver_now_means_delivered_when_the_answer_comes(stripe, reference):
    stripe.moves(payment(reference), deliver="now")

    assert len(stripe.endpoint.about(reference)) == 1


def test_bulk_moves_are_all_or_none(stripe, reference):
    moves = [payment(reference), {"op": "refund", "at": "2026-03-03", "id": "ch_nobody"}]

    answer = stripe.client().post("/sandbox/moves", json=moves)

    assert answer.status_code == 404
    query = {"query": f"metadata['reference']:'{reference}'"}
    assert stripe.authorised().get("/v1/payment_intents/search", params=query).json()["data"] == []


def test_a_bulk_call_with_a_key_is_done_once(stripe, reference):
    ask = {"json": [payment(reference)], "headers": {"Idempotency-Key": reference}}
    client = stripe.client()

    first, second = (client.post("/sandbox/moves", **ask) for _ in range(2))
    other = client.post("/sandbox/moves", json=[payment("D-other")], headers=ask["headers"])

    assert first.json() == second.json()
    assert other.status_code == 409


@pytest.mark.parametrize("at", ["yesterday", "2026-13-01", ""])
def test_a_time_that_is_none_is_not_taken(stripe, reference, at):
    moved = stripe.client().post("/sandbox/moves", json=[payment(reference, at)])
    pinned = stripe.client().post("/sandbox/clock", json={"now": at})
    travelled = stripe.client().get("/sandbox/health", headers={"Sandbox-Time": at})

    assert (moved.status_code, pinned.status_code, travelled.status_code) == (422, 422, 400)


def report(server, **query: str) -> list[dict[str, str]]:
    text = server.authorised().get("/v1/reporting/itemised_payouts.csv", params=query).text
    return list(csv.DictReader(io.StringIO(text)))


def test_settlement_foots_per_payout_and_knows_every_reference(own_server):
    server = own_server("stripe")
    days = ["2026-03-02", "2026-03-03", "2026-03-04"]
    moves = [
        payment(
            f"D-{day}-{currency}-{i}", f"{day}T1{i}:00:00Z", amount=1_999 + i, currency=currency
        )
        for day in days
        for currency in ("eur", "usd", "jpy")
        for i in range(3)
    ]
    intents = server.moves(*moves)["objects"]
    server.moves(
        {"op": "refund", "at": "2026-03-04T10:00:00Z", "id": intents[0]["id"], "amount": 999},
        {"op": "dispute", "at": "2026-03-04T11:00:00Z", "id": intents[1]["id"]},
        {"op": "dispute", "at": "2026-03-04T11:00:00Z", "id": intents[2]["id"]},
        {"op": "payout", "at": "2026-03-04T12:00:00Z", "amount": 500, "currency": "usd"}
        | {"metadata": {"reference": "W-1"}},
    )

    rows = report(server)

    net = defaultdict(Decimal)
    for row in rows:
        assert Decimal(row["gross"]) - Decimal(row["fee"]) == Decimal(row["net"])
        net[row["automatic_payout_id"]] += Decimal(row["net"])
    paid = server.authorised().get("/v1/payouts", params={"limit": 100}).json()["data"]
    automatic = {payout["id"]: payout for payout in paid if payout["automatic"]}
    assert {name: str(total) for name, total in net.items()} == {
        name: str(Decimal(payout["amount"]).scaleb(0 if payout["currency"] == "jpy" else -2))
        for name, payout in automatic.items()
    }
    # EUR of the last day did not cover its refund and disputes, and waits for more.
    assert len(automatic) == 8
    references = {row["payment_metadata[reference]"] for row in rows}
    assert {"W-1", "D-2026-03-02-eur-0"} <= references
    assert {row["automatic_payout_id_effective_at"][:10] for row in rows} == {
        "2026-03-04",
        "2026-03-05",
        "2026-03-06",
    }


@pytest.fixture
def world(tmp_path) -> World:
    """Stripe without a server around it."""
    return build_world(
        tmp_path,
        make_vendor=Stripe,
        fresh_secrets=fresh_secrets,
        name="stripe",
        webhook_url=None,
    )


def settled(world: World, *moves: dict[str, object]) -> list[dict[str, str]]:
    """The whole report after some moves and the closing of all days until today."""
    for move in map(Move.model_validate, moves):
        make(world, [move], carry_out, verbs.on_timer, deliver="never")
    settle(world, date(2026, 6, 1))
    text = itemised(world, date(2026, 1, 1), date(2026, 12, 31))
    return list(csv.DictReader(io.StringIO(text)))


def test_a_payout_never_changes_and_what_came_late_gets_one_of_its_own(world):
    [early] = settled(world, payment("D-early", "2026-03-02T10:00:00Z"))

    again, late = settled(world, payment("D-late", "2026-03-02T11:00:00Z"))

    assert again == early
    assert late["payment_metadata[reference]"] == "D-late"
    assert late["automatic_payout_id"] != early["automatic_payout_id"]


def test_what_would_settle_to_less_than_nothing_waits_for_more(world):
    paid_out = {"op": "payout", "at": "2026-03-02T10:00:00Z", "amount": 500, "currency": "eur"}
    alone = settled(world, paid_out)

    rows = settled(world, payment("D-later", "2026-03-05T10:00:00Z"))

    assert alone == []
    assert [row["reporting_category"] for row in rows] == ["payout", "charge"]
    assert {row["automatic_payout_id_effective_at"][:10] for row in rows} == {"2026-03-07"}


def test_the_report_is_in_major_units_with_a_fee_by_the_card_s_country(world):
    rows = settled(
        world,
        payment("D-europe", country="DE", amount=10_000),
        payment("D-abroad", country="US", amount=10_000),
    )

    fees = {row["payment_metadata[reference]"]: row["fee"] for row in rows}

    assert fees == {"D-europe": "1.65", "D-abroad": "3.15"}


def test_a_won_dispute_brings_the_amount_back_but_not_the_fee(world):
    rows = settled(world, payment("D-1", card="4000000000000259"))
    [dispute] = world.store.listed("dispute")

    won = {"op": "close_dispute", "at": "2026-03-10", "id": dispute["id"], "status": "won"}
    more = settled(world, won, payment("D-2", "2026-03-10"))

    assert rows == []
    categories = {row["reporting_category"]: Decimal(row["net"]) for row in more}
    assert categories["dispute"] == Decimal("-115.00")
    assert categories["dispute_reversal"] == Decimal("100.00")


def test_a_payout_that_comes_back_is_booked_both_ways(world):
    settled(world, {"op": "payout", "at": "2026-03-02", "amount": 500, "currency": "eur"})
    [paid] = world.store.listed("payout")

    settled(world, {"op": "payout", "at": "2026-03-05", "id": paid["id"], "status": "failed"})

    booked = world.store.listed("balance_transaction")
    assert paid["status"] == "paid"
    assert [transaction["amount"] for transaction in reversed(booked)] == [-500, 500]
