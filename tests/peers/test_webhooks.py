"""Signed callbacks of other people's making: our adapters judge each as its source does."""

import json
from datetime import UTC, datetime

import pytest

from operational.kit import signatures
from operational.payments.errors import CallbackRefused
from operational.payments.psp.adyen.adapter import Adyen
from operational.payments.psp.paypal.adapter import signed_text
from operational.payments.psp.stripe.adapter import Stripe


@pytest.fixture(scope="module")
def vectors(data):
    if not data.is_dir():
        return []
    return json.loads((data / "webhooks" / "vectors.json").read_text())


def adyen(vector):
    item = vector["item"] | {"additionalData": {"hmacSignature": vector["signature"]}}
    body = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
    adapter = Adyen(
        "http://x", api_key="x", hmac_keys=[vector["secret_hex"]], merchant="TestMerchant"
    )
    return adapter.verify({}, json.dumps(body).encode(), datetime.now(UTC))


def stripe(vector):
    adapter = Stripe("http://x", api_key="sk_test_x", webhook_secrets=[vector["secret"]])
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    now = datetime.fromtimestamp(vector["now"], UTC)
    return adapter.verify(headers, vector["body"].encode(), now)


def paypal(vector):
    """What is signed is given, and what it is signed with is not: so the text is compared."""
    name, time = (vector["headers"][f"paypal-transmission-{part}"] for part in ("id", "time"))
    said = signed_text(name, time, vector["webhook_id"], vector["body"].encode())
    if said.decode() != vector["signed_string"]:
        raise CallbackRefused("signature")
    return [said]


def plain(vector):
    """A hash over the raw body in a header of its own: Coinbase Commerce, Onfido, Razorpay."""
    keys = [vector["secret"].encode()]
    return signatures.is_signed(keys, vector["body"].encode(), [vector["signature"]])


def standard(vector):
    now = datetime.fromtimestamp(vector["now"], UTC)
    body = vector["body"].encode()
    return signatures.is_standard_webhook([vector["secret"]], vector["headers"], body, now)


JUDGES = {
    "adyen": adyen,
    "coinbase_commerce": plain,
    "onfido": plain,
    "paypal": paypal,
    "razorpay": plain,
    "standard_webhooks": standard,
    "stripe": stripe,
}


def is_believed(vector):
    try:
        return bool(JUDGES[vector["psp"]](vector))
    except CallbackRefused:
        return False


def test_every_callback_gets_its_verdict(vectors):
    judged = {v["id"]: is_believed(v) for v in vectors}

    refused = {v["id"] for v in vectors if v["expect"] not in {"valid", "signed_string equality"}}
    assert judged == {v["id"]: v["id"] not in refused for v in vectors}


def test_none_of_them_is_believed_once_a_sign_of_it_is_changed(vectors):
    for vector in vectors:
        if vector["psp"] == "adyen":
            item = vector["item"] | {"merchantReference": "D-OTHER"}
            assert not is_believed(vector | {"item": item})
        else:
            assert not is_believed(vector | {"body": vector["body"] + " "})
