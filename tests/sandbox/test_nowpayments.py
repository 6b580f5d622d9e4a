"""The NOWPayments stand-in: what it signs, keeps and refuses, and that our adapter reads it."""

import hashlib
import hmac
import json
from contextlib import closing
from datetime import UTC, datetime

import pytest

from operational.kit.money import Money
from operational.payments.errors import CallbackRefused
from operational.payments.psp import Order, PayoutOrder, Psp, PspRefused, PspUnavailable
from operational.payments.psp.nowpayments import PROVIDER
from operational.payments.states import News, PayoutNews

NOW = datetime.now(UTC)
BACK = "http://broker.test/back"


@pytest.fixture
def crypto(sandbox_server):
    return sandbox_server("nowpayments")


@pytest.fixture
def psp(crypto):
    with closing(PROVIDER.connect(crypto.url, crypto.secrets, None)) as found:
        yield found


def order(reference: str, amount: str = "123.45") -> Order:
    return Order(reference, Money.parse(amount, "EUR"), "crypto", BACK, "DE")


def payout(reference: str, address: str = "TAbc", network: str = "usdttrc20") -> PayoutOrder:
    money = Money.parse("250.00", "USD")
    where = {"address": address, "network": network}
    return PayoutOrder(reference, money, "crypto", "DE", "Lena Weber", None, where)


def told(server, psp: Psp, text: str) -> list[object]:
    """The news in the callbacks about something, as our adapter believes and reads them."""
    events = []
    for callback in server.endpoint.about(text):
        headers = {name.lower(): value for name, value in callback.headers.items()}
        [signed] = psp.verify(headers, callback.body, NOW)
        events.append(psp.parse(signed.body))
    return events


def test_the_vendors_own_example_of_checking_a_signature_holds(crypto, psp, reference):
    invoice = psp.create_payment(order(reference)).session_id
    made = crypto.moves(
        {"op": "pay", "at": "1772445600", "id": invoice, "coin": "btc"}, deliver="return"
    )

    secret = crypto.secrets["ipn_secrets"][0].encode()
    for callback in made["callbacks"]:
        message = json.dumps(
            json.loads(callback["body"]), separators=(",", ":"), sort_keys=True
        ).encode()
        mark = hmac.new(secret, message, hashlib.sha512).hexdigest()
        assert callback["headers"]["x-nowpayments-sig"] == mark
    said = json.loads(made["callbacks"][-1]["body"])
    assert (said["price_amount"], said["pay_amount"]) == (123.45, 0.0022221)


def test_a_person_sends_too_little_and_then_too_much(crypto, psp, reference, eventually):
    created = psp.create_payment(order(reference))
    page = crypto.client()
    before = page.get(created.redirect_url).text

    page.post(created.redirect_url, data={"coin": "eth"})
    sent = page.post(created.redirect_url, data={"choice": "less"})
    page.post(created.redirect_url, data={"choice": "more"})

    assert "Show the address" in before
    assert "0.04444200 eth" in page.get(created.redirect_url).text
    assert sent.headers["location"] == BACK
    eventually(lambda: len(crypto.endpoint.about(reference)) == 9)
    heard = [one for one in told(crypto, psp, reference) if one and one.news is News.ARRIVED]
    arrived = sorted(heard, key=lambda one: one.amount.minor)
    assert [one.amount.minor for one in arrived] == [7_407, 13_580]
    assert [one.asked and one.asked.minor for one in arrived] == [12_345, None]
    first, second = arrived
    assert (second.psp_payment_id, first.reference) == (first.operation_id, reference)
    polled = psp.find_payment(reference, created.session_id, None).events
    assert sorted(one.amount.minor for one in polled) == [7_407, 13_580]


def test_what_expires_fails_or_goes_back_says_so(crypto, psp, reference):
    invoice = psp.create_payment(order(reference)).session_id
    made = crypto.moves(
        {"op": "choose", "at": "2026-03-02", "id": invoice},
        {"op": "pay", "at": "2026-03-02", "id": invoice, "coin": "ltc"},
    )["objects"]
    back = crypto.moves(
        {"op": "end", "at": "2026-03-03", "id": made[0]["id"], "status": "failed"},
        {"op": "end", "at": "2026-03-03", "id": made[1]["id"], "status": "refunded"},
        deliver="return",
    )

    failed, refunded = (psp.parse(one["body"].encode()) for one in back["callbacks"])

    assert (failed.news, failed.details) == (News.FAILED, {"reason": "failed"})
    assert (refunded.news, refunded.amount.minor) == (News.REFUNDED, 12_345)
    news = {event.news for event in psp.find_payment(reference, invoice, None).events}
    assert news == {News.FAILED, News.REFUNDED}


def test_a_payout_is_verified_with_a_code_sent_and_found_by_our_reference(
    crypto, psp, reference, eventually
):
    sent = psp.send_payout(payout(reference))

    eventually(lambda: len(crypto.endpoint.about(f'"{sent.psp_payout_id}"')) == 4)

    events = told(crypto, psp, f'"{sent.psp_payout_id}"')
    assert [one.news for one in events] == [PayoutNews.SENT] * 3 + [PayoutNews.PAID]
    assert {(one.reference, str(one.amount)) for one in events} == {(reference, "250.00 USD")}
    for known in (sent.psp_payout_id, None):
        found = psp.find_payout(reference, known, None)
        assert (found.sent, found.events[0].news) == (sent, PayoutNews.PAID)
    assert psp.find_payout("P-NOBODY", None, None) is None


def test_a_payout_whose_answer_was_lost_is_found_and_then_verified(crypto, psp, reference):
    crypto.fault("POST /v1/payout", "error_after", contains=reference)
    with pytest.raises(PspUnavailable):
        psp.send_payout(payout(reference))
    crypto.fault("POST /v1/payout/*/verify", "refuse", contains="verification_code")
    with pytest.raises(PspUnavailable):
        psp.find_payout(reference, None, None)

    found = psp.find_payout(reference, None, None)

    assert found.events[0].news is PayoutNews.SENT
    token = {"email": crypto.secrets["emails"][0], "password": crypto.secrets["passwords"][0]}
    client = crypto.authorised()
    client.headers["Authorization"] = (
        f"Bearer {client.post('/v1/auth', json=token).json()['token']}"
    )
    [shown] = client.get(f"/v1/payout/{found.sent.psp_payout_id}").json()
    assert (shown["status"] in {"PROCESSING", "SENDING", "FINISHED"}, shown["amount"]) == (
        True,
        "250.00000000",
    )


def test_a_payout_to_nowhere_fails_and_one_we_cannot_send_is_refused(
    crypto, psp, reference, eventually
):
    sent = psp.send_payout(payout(reference, "bad-address"))
    about = f'"{sent.psp_payout_id}"'
    eventually(lambda: len(crypto.endpoint.about(about)) == 3)

    last = told(crypto, psp, about)[-1]

    assert (last.news, last.details) == (
        PayoutNews.FAILED,
        {"reason": "Address is unknown to the network"},
    )
    with pytest.raises(PspRefused, match="dogecoin"):
        psp.send_payout(payout(reference, network="dogecoin"))
    with pytest.raises(PspRefused):
        psp.send_payout(
            PayoutOrder(reference, Money(1, "USD"), "crypto", "DE", "L", "5745000001", {})
        )


def test_what_is_forged_on_the_way_is_not_believed(crypto, psp, reference, eventually):
    crypto.fault("webhook finished", "bad_signature", contains=reference)
    created = psp.create_payment(order(reference))
    crypto.client().post(created.redirect_url, data={"coin": "btc"})
    crypto.client().post(created.redirect_url, data={"choice": "all"})

    eventually(lambda: [one for one in crypto.endpoint.about(reference) if b"finished" in one.body])

    forged = next(one for one in crypto.endpoint.about(reference) if b"finished" in one.body)
    headers = {name.lower(): value for name, value in forged.headers.items()}
    with pytest.raises(CallbackRefused):
        psp.verify(headers, forged.body, NOW)


def test_without_key_token_and_code_nobody_is_served(crypto, psp, reference):
    stranger, known = crypto.client(), crypto.authorised()

    assert stranger.post("/v1/invoice", json={"price_amount": 1}).status_code == 403
    assert known.get("/v1/payment/").status_code == 401
    assert known.post("/v1/auth", json={"email": "a", "password": "b"}).status_code == 403
    assert known.post("/v1/invoice", json={"price_currency": "usd"}).status_code == 400
    assert known.post("/v1/invoice", json={"price_currency": "xxx"}).status_code == 400
