"""Signed callbacks of other people's making: our adapters judge each as its source does."""

import json
from datetime import UTC, datetime

import pytest

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


ADAPTERS = {"paypal": paypal, "adyen": adyen, "stripe": stripe}


def is_believed(vector):
    try:
        return bool(ADAPTERS[vector["psp"]](vector))
    except CallbackRefused:
        return False


def test_every_callback_of_a_provider_we_know_gets_its_verdict(vectors):
    judged = {v["id"]: is_believed(v) for v in vectors if v["psp"] in ADAPTERS}

    assert judged == {
        "adyen-notification-1": True,
        "paypal-signed-string": True,
        "stripe-v1": True,
        "stripe-stale": False,
    }
    refused = {v["id"] for v in vectors if v["expect"] not in {"valid", "signed_string equality"}}
    assert judged == {name: name not in refused for name in judged}


def test_none_of_them_is_believed_once_a_sign_of_it_is_changed(vectors):
    for vector in vectors:
        if vector["psp"] == "adyen":
            item = vector["item"] | {"merchantReference": "D-OTHER"}
            assert not is_believed(vector | {"item": item})
        elif vector["psp"] == "paypal":
            assert not is_believed(vector | {"body": vector["body"].replace("20.0", "90.0")})
        elif vector["psp"] == "stripe":
            body = vector["body"].replace("evt_test", "evt_best")
            assert not is_believed(vector | {"body": body})
