"""Stripe's way of signing, refusing and lying."""

import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sandbox.faults import Fault, FaultKind
from sandbox.store import Document
from sandbox.vendor import Answer, Parcel
from sandbox.world import Secrets

_JSON = "application/json; charset=utf-8"


def error(status: int, kind: str, code: str, message: str, **more: Any) -> Answer:
    """Stripe's error envelope."""
    body = {"error": {"type": kind, "code": code, "message": message} | more}
    return Answer(status, json.dumps(body, indent=2).encode())


def signature(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def other_currency(currency: str) -> str:
    return "usd" if currency.lower() == "eur" else "eur"


def fresh_secrets() -> Secrets:
    """Two webhook secrets, as in the days of a rotation."""
    return {
        "api_keys": ["sk_test_" + secrets.token_hex(16)],
        "webhook_secrets": ["whsec_" + secrets.token_hex(16) for _ in range(2)],
    }


class Stripe:
    """See `sandbox.vendor.Vendor`."""

    name = "stripe"

    def __init__(self, secrets: Secrets) -> None:
        self._webhook_secrets = secrets["webhook_secrets"]

    def refusal(self, fault: Fault) -> Answer:
        code = fault.detail or "generic_decline"
        return error(402, "card_error", "card_declined", "Declined.", decline_code=code)

    def altered_call(self, fault: Fault, query: bytes, body: bytes) -> tuple[bytes, bytes]:
        fields = parse_qsl(body.decode(), keep_blank_values=True)
        return query, urlencode([_altered(fault, name, value) for name, value in fields]).encode()

    def altered_event(self, fault: Fault, event: Document) -> Document:
        described: Document = event["data"]["object"]
        amounts = {"amount", "amount_received", "amount_captured"} & described.keys()
        if fault.fault is FaultKind.WRONG_AMOUNT:
            described |= {name: max(described[name] - 1, 0) for name in amounts}
        else:
            described["currency"] = other_currency(described["currency"])
        return event

    def parcel(self, event: Document, at: int, *, forged: bool = False) -> Parcel:
        body = json.dumps(event, indent=2).encode()
        return self._signed(body, at, ["whsec_unknown"] if forged else self._webhook_secrets)

    def rubbish(self, at: int) -> Parcel:
        return self._signed(b'{"id": "evt_', at, self._webhook_secrets)

    def _signed(self, body: bytes, at: int, keys: list[str]) -> Parcel:
        marks = ",".join(f"v1={signature(key, at, body)}" for key in keys)
        headers = {"Content-Type": _JSON, "Stripe-Signature": f"t={at},{marks}"}
        return Parcel(body, headers)


def _altered(fault: Fault, name: str, value: str) -> tuple[str, str]:
    last = name.rpartition("[")[2].rstrip("]")
    if fault.fault is FaultKind.WRONG_AMOUNT and last in {"amount", "unit_amount"}:
        return name, str(int(value) - 1)
    if fault.fault is FaultKind.WRONG_CURRENCY and last == "currency":
        return name, other_currency(value)
    return name, value
