"""Only the provider can speak: what is believed, and every way of not being it."""

import json
from datetime import timedelta

import Adyen as AdyenLibrary
import pytest
import stripe as stripe_library
from hypothesis import given
from hypothesis import strategies as st

from operational.payments.errors import CallbackMalformed, CallbackRefused
from operational.payments.models import Payment
from operational.payments.psp.adyen.adapter import Adyen
from operational.payments.psp.stripe.adapter import Stripe
from operational.payments.states import News
from tests.payments.deposits import (
    ADYEN,
    HMAC_KEYS,
    NOW,
    SECRETS,
    STRIPE,
    adyen_body,
    adyen_item,
    event,
    stripe_headers,
)

PAYMENT = Payment(reference="D-7K3MQ0TR", amount_minor=10_000, currency="USD")
BODY = json.dumps(event(PAYMENT, "payment_intent.succeeded", id="evt_1")).encode()
LATER = timedelta(seconds=300)


def marks(header: str) -> str:
    return header.partition("v1=")[2]


GOOD = stripe_headers(BODY)["stripe-signature"]
T = f"t={int(NOW.timestamp())}"


def test_stripes_own_library_believes_what_we_believe():
    header = stripe_headers(BODY)["stripe-signature"]
    stripe_library.WebhookSignature.verify_header(BODY.decode(), header, SECRETS[0], None)

    [signed] = STRIPE.verify({"stripe-signature": header}, BODY, NOW)
    assert (signed.external_id, signed.body) == ("evt_1", BODY)


def test_the_published_example_of_stripes_scheme_holds():
    body = b'{"id":"evt_1","type":"payment_intent.succeeded"}'
    mark = "22d8dc182f5c588077683bd378368e29765bfe5df2560112b4f28fef120f0e31"
    adapter = Stripe("http://x", api_key="sk_test_x", webhook_secrets=["whsec_test_secret"])
    then = NOW.fromtimestamp(1_700_000_000, NOW.tzinfo)

    assert adapter.verify({"stripe-signature": f"t=1700000000,v1={mark}"}, body, then)


@pytest.mark.parametrize("secret", SECRETS)
def test_while_a_secret_is_replaced_both_are_believed(secret):
    assert STRIPE.verify(stripe_headers(BODY, NOW, secret), BODY, NOW)
    assert STRIPE.verify(stripe_headers(BODY, NOW, "whsec_unknown", secret), BODY, NOW)


@pytest.mark.parametrize("shift", [-LATER, LATER])
def test_a_signature_is_good_for_five_minutes(shift):
    assert STRIPE.verify(stripe_headers(BODY), BODY, NOW + shift)
    with pytest.raises(CallbackRefused):
        STRIPE.verify(stripe_headers(BODY), BODY, NOW + shift * 1.01)


@pytest.mark.parametrize(
    "header",
    [
        *("", "t=", "v1=", T, f"v1={marks(GOOD)}", f"{T},v1=", f"{T},v0={marks(GOOD)}"),
        f"{T},v1={marks(GOOD)[:-1]}",
        f"{T},v1={marks(GOOD)}0",
        f"{T},v1={marks(GOOD).upper()}",
        f"{T},v1={'0' * 64}",
        f"{T},v1=é",
        f"{T},{T},v1={marks(GOOD)}",
        f"t=1,{T},v1={marks(GOOD)}",
        f"t=-1,v1={marks(GOOD)}",
        f"t=1e9,v1={marks(GOOD)}",
        f"t=٣,v1={marks(GOOD)}",
        f"t={'9' * 40},v1={marks(GOOD)}",
        stripe_headers(BODY, NOW - timedelta(hours=1))["stripe-signature"],
        stripe_headers(BODY, NOW + timedelta(hours=1))["stripe-signature"],
        stripe_headers(BODY, NOW, "whsec_rotated_out")["stripe-signature"],
        stripe_headers(BODY, NOW, "")["stripe-signature"],
        stripe_headers(BODY + b" ")["stripe-signature"],
        stripe_headers(json.dumps(json.loads(BODY), indent=1).encode())["stripe-signature"],
        f"{GOOD.replace(T, 't=' + str(int(NOW.timestamp()) + 1))}",
    ],
)
def test_a_forged_or_old_stripe_signature_is_refused(header):
    with pytest.raises(CallbackRefused):
        STRIPE.verify({"stripe-signature": header}, BODY, NOW)


@given(st.integers(0, len(BODY) - 1), st.integers(0, 7))
def test_a_body_with_any_bit_changed_is_refused(position, bit):
    changed = bytearray(BODY)
    changed[position] ^= 1 << bit

    with pytest.raises(CallbackRefused):
        STRIPE.verify(stripe_headers(BODY), bytes(changed), NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"evt"',
        b'{"id": "evt_1", "id": "evt_2"}',
        b'{"id": "evt_1", "data": {"amount": 1, "amount": 2}}',
        b'{"id": NaN}',
        b'{"id": "evt_1", "amount": Infinity}',
        b"\xef\xbb\xbf" + BODY,
        BODY.decode().encode("utf-16"),
        b"\xff\xfe",
        b'{"id": "evt_\\ud800"}',
        b'{"id": "evt_1", "data": {"\\uDFFF": 1}}',
        b'{"id": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"id": 1}',
        b"id=evt_1&type=payment_intent.succeeded",
        b'{"id": "evt_1"}garbage',
    ],
)
def test_a_signed_body_that_two_readers_could_read_two_ways_is_refused(body):
    with pytest.raises(CallbackMalformed):
        STRIPE.verify(stripe_headers(body), body, NOW)


@pytest.mark.parametrize(
    "amount", ["10.00", 1.5, "1e1", -10, True, None, float(10), [1], {"value": 1}]
)
def test_an_amount_that_is_no_whole_number_of_minor_units_is_refused(amount):
    told = event(PAYMENT, "payment_intent.succeeded", amount_received=amount)

    with pytest.raises(CallbackMalformed):
        STRIPE.parse(json.dumps(told).encode())


def test_an_event_we_know_nothing_of_is_left_alone():
    for kind in ("charge.refunded", "payout.paid", "customer.created", "made.up"):
        assert STRIPE.parse(json.dumps(event(PAYMENT, kind)).encode()) is None


@pytest.mark.parametrize(
    ("kind", "status", "news"),
    [
        ("charge.dispute.created", "needs_response", News.CHARGED_BACK),
        ("charge.dispute.created", "warning_needs_response", News.DISPUTED),
        ("charge.dispute.updated", "warning_under_review", News.DISPUTED),
        ("charge.dispute.updated", "under_review", News.CHARGED_BACK),
        ("charge.dispute.updated", "made_up_since", None),
        ("charge.dispute.updated", "needs_response", News.CHARGED_BACK),
        ("charge.dispute.funds_withdrawn", "needs_response", News.CHARGED_BACK),
        ("charge.dispute.funds_reinstated", "won", News.CHARGEBACK_WON),
        ("charge.dispute.closed", "won", News.CHARGEBACK_WON),
        ("charge.dispute.closed", "lost", News.CHARGED_BACK),
        ("charge.dispute.closed", "warning_closed", News.DISPUTED),
        ("refund.created", "pending", None),
        ("refund.updated", "succeeded", News.REFUNDED),
        ("refund.updated", "failed", News.REFUND_FAILED),
        ("refund.failed", "failed", News.REFUND_FAILED),
        ("charge.refund.updated", "canceled", News.REFUND_FAILED),
    ],
)
def test_what_a_stripe_refund_or_dispute_moved_is_said_by_its_status(kind, status, news):
    told = event(PAYMENT, kind, status=status)

    found = STRIPE.parse(json.dumps(told).encode())

    assert (found and found.news) == news


@pytest.mark.parametrize(
    ("code", "success", "news", "operation"),
    [
        ("AUTHORISATION", "true", News.SUCCEEDED, "P1"),
        ("CAPTURE", "true", News.SUCCEEDED, "P1"),
        ("CAPTURE", "false", News.CAPTURE_FAILED, "P1"),
        ("CAPTURE_FAILED", "true", News.CAPTURE_FAILED, "P1"),
        ("REFUND", "false", News.REFUND_FAILED, "X1"),
        ("REFUND_FAILED", "true", News.REFUND_FAILED, "X1"),
        ("REFUNDED_REVERSED", "true", News.REFUND_FAILED, "X1"),
        ("SECOND_CHARGEBACK", "true", News.CHARGED_BACK_AGAIN, "X1"),
        ("NOTIFICATION_OF_CHARGEBACK", "true", News.DISPUTED, "X1"),
        ("REQUEST_FOR_INFORMATION", "true", News.DISPUTED, "X1"),
        ("NOTIFICATION_OF_FRAUD", "true", None, None),
    ],
)
def test_what_adyens_event_codes_mean(code, success, news, operation):
    later = {"pspReference": "X1", "originalReference": "P1", "success": success}
    names = later if code != "AUTHORISATION" else {"pspReference": "P1"}
    [signed] = ADYEN.verify({}, adyen_body(adyen_item(PAYMENT, code, **names)), NOW)

    found = ADYEN.parse(signed.body)

    assert (found and found.news, found and found.operation_id) == (news, operation)


def test_a_letter_written_as_a_pair_is_read():
    body = b'{"id": "evt_\\ud83d\\ude00"}'

    [signed] = STRIPE.verify(stripe_headers(body), body, NOW)

    assert signed.external_id == "evt_\U0001f600"


def test_a_field_we_do_not_know_changes_nothing():
    plain = STRIPE.parse(BODY)
    richer = json.loads(BODY) | {"new_field": {"deep": [1, 2]}}

    assert STRIPE.parse(json.dumps(richer).encode()) == plain


def test_adyens_own_library_believes_what_we_believe():
    wrapped = adyen_item(PAYMENT, "AUTHORISATION")
    item = wrapped["NotificationRequestItem"]
    assert AdyenLibrary.util.is_valid_hmac_notification(json.loads(json.dumps(item)), HMAC_KEYS[0])

    [signed] = ADYEN.verify({}, adyen_body(wrapped), NOW)
    assert signed.external_id == "PSPD-7K3MQ0TR:AUTHORISATION:true:10000:USD"


def test_adyens_published_example_holds():
    adapter = Adyen("http://x", api_key="k", hmac_keys=[HMAC_KEYS[0]], merchant="TestMerchant")
    item = {
        "pspReference": "7914073381342284",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "TestPayment-1407325143704",
        "amount": {"value": 1130, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
        "additionalData": {"hmacSignature": "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="},
    }

    assert adapter.verify({}, adyen_body({"NotificationRequestItem": item}), NOW)


def test_every_item_of_a_notification_becomes_a_message_of_its_own():
    items = [adyen_item(PAYMENT, "AUTHORISATION", pspReference=f"P{n}") for n in range(3)]

    signed = ADYEN.verify({}, adyen_body(*items), NOW)

    assert [one.external_id[:2] for one in signed] == ["P0", "P1", "P2"]
    assert [ADYEN.parse(one.body).psp_payment_id for one in signed] == ["P0", "P1", "P2"]


@pytest.mark.parametrize("key", HMAC_KEYS)
def test_while_adyens_key_is_replaced_both_are_believed(key):
    assert ADYEN.verify({}, adyen_body(adyen_item(PAYMENT, "CAPTURE", key=key)), NOW)


def altered(**changes: object) -> bytes:
    wrapped = adyen_item(PAYMENT, "AUTHORISATION")
    wrapped["NotificationRequestItem"] |= changes
    return adyen_body(wrapped)


@pytest.mark.parametrize(
    "body",
    [
        altered(amount={"value": 10_001, "currency": "USD"}),
        altered(amount={"value": 10_000, "currency": "EUR"}),
        altered(merchantReference="D-00000000"),
        altered(merchantAccountCode="Another"),
        altered(pspReference="X"),
        altered(originalReference="X"),
        altered(eventCode="CAPTURE"),
        altered(success="false"),
        altered(additionalData={}),
        altered(additionalData={"hmacSignature": ""}),
        altered(additionalData={"hmacSignature": "é"}),
        adyen_body(adyen_item(PAYMENT, "CAPTURE", key="CD" * 32)),
        adyen_body(adyen_item(PAYMENT, "CAPTURE"), adyen_item(PAYMENT, "REFUND", key="CD" * 32)),
    ],
)
def test_a_forged_adyen_item_spoils_the_whole_notification(body):
    with pytest.raises(CallbackRefused):
        ADYEN.verify({}, body, NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"notificationItems": []}',
        b'{"notificationItems": [1]}',
        b'{"notificationItems": {}}',
        adyen_body(*[adyen_item(PAYMENT, "CAPTURE")] * 101),
        altered(amount={"value": "10000", "currency": "USD"}),
        altered(amount=None),
    ],
)
def test_what_is_no_notification_is_refused(body):
    with pytest.raises(CallbackMalformed):
        ADYEN.verify({}, body, NOW)
