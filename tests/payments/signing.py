"""PayPal's side of the tests: an authority, certificates of all kinds, signed callbacks, no network."""

import base64
import json
import zlib
from datetime import UTC, datetime
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from operational.payments.psp.paypal.adapter import PayPal
from sandbox.paypal.vendor import fresh_secrets

URL = "https://paypal.invalid"
CERTS = f"{URL}/v1/notifications/certs/"
WEBHOOK = "4JH86294D6297924G"
OURS, OTHERS = fresh_secrets(), fresh_secrets()


class Shelf(httpx.BaseTransport):
    """PayPal's certificates by name, and how often each was asked for."""

    def __init__(self, **more: str) -> None:
        self.found = {"CERT-1": OURS["signer_certificates"][0]} | more
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        self.asked.append(name)
        found = self.found.get(name)
        return httpx.Response(200, text=found) if found else httpx.Response(404)


def adapter(shelf: Shelf | None = None) -> PayPal:
    return PayPal(
        URL,
        credentials=("id", "secret"),
        webhook_ids=[WEBHOOK, "OLD"],
        roots=OURS["root_certificates"],
        transport=shelf or Shelf(),
    )


def signed(body: bytes, at: datetime, **changes: Any) -> dict[str, str]:
    """The headers of a callback; a change of `key` or `webhook` changes what is signed."""
    key = load_pem_private_key(changes.pop("key", OURS["signer_keys"][0]).encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    time = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    named = f"t-1|{time}|{changes.pop('webhook', WEBHOOK)}|{zlib.crc32(body)}"
    mark = base64.b64encode(key.sign(named.encode(), padding.PKCS1v15(), SHA256())).decode()
    headers = {
        "paypal-transmission-id": "t-1",
        "paypal-transmission-time": time,
        "paypal-transmission-sig": mark,
        "paypal-cert-url": CERTS + "CERT-1",
        "paypal-auth-algo": "SHA256withRSA",
    }
    return headers | {f"paypal-{name.replace('_', '-')}": value for name, value in changes.items()}


def callback(kind: str, resource: dict[str, Any], name: str = "WH-1") -> bytes:
    event = {"id": name, "event_type": kind, "create_time": "2026-03-02T12:00:00.000Z"}
    return json.dumps(event | {"resource": resource}).encode()
