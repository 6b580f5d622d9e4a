"""Checkout.com's way of signing, refusing and lying."""

import hashlib
import hmac
import json
import secrets

from sandbox.faults import Fault, FaultKind
from sandbox.store import Document
from sandbox.vendor import Answer, Parcel
from sandbox.world import Secrets


def error(status: int, *codes: str) -> Answer:
    """Checkout.com's error envelope; an unknown object or key is answered with nothing at all."""
    if not codes:
        return Answer(status, b"")
    body = {
        "request_id": secrets.token_hex(16),
        "error_type": "request_invalid",
        "error_codes": list(codes),
    }
    return Answer(status, json.dumps(body).encode())


class Refused(Exception):
    """Checkout.com answers with an error and changes nothing."""

    def __init__(self, status: int, *codes: str) -> None:
        super().__init__(status, *codes)
        self.answer = error(status, *codes)


def fresh_secrets() -> Secrets:
    """The first signature key signs; the second is the one before it."""
    return {
        "api_keys": ["sk_sbox_" + secrets.token_hex(14)],
        "signature_keys": [secrets.token_hex(32) for _ in range(2)],
        "authorization_keys": [secrets.token_hex(16)],
        "processing_channels": ["pc_" + secrets.token_hex(13)],
        "entities": ["ent_" + secrets.token_hex(13)],
    }


def _alter(fault: Fault, told: Document) -> None:
    if fault.fault is FaultKind.WRONG_AMOUNT:
        told["amount"] -= 1
    else:
        told["currency"] = "USD" if told["currency"] == "EUR" else "EUR"


class CheckoutCom:
    """See `sandbox.vendor.Vendor`."""

    name = "checkout_com"

    def __init__(self, secrets: Secrets) -> None:
        self._signature_key = secrets["signature_keys"][0]
        self._authorization_key = secrets["authorization_keys"][0]

    def refusal(self, fault: Fault) -> Answer:
        return error(422, fault.detail or "amount_invalid")

    def altered_call(self, fault: Fault, query: bytes, body: bytes) -> tuple[bytes, bytes]:
        try:
            asked = json.loads(body)
            _alter(fault, asked)
        except (ValueError, LookupError, TypeError):
            # A call that names no amount, or is none of ours to read.
            return query, body
        return query, json.dumps(asked).encode()

    def altered_event(self, fault: Fault, event: Document) -> Document:
        _alter(fault, event["data"])
        return event

    def parcel(self, event: Document, at: int, *, forged: bool = False) -> Parcel:
        """The signature holds no time."""
        del at
        return self._signed(json.dumps(event).encode(), forged=forged)

    def rubbish(self, at: int) -> Parcel:
        del at
        return self._signed(b'{"id":"evt_', forged=False)

    def _signed(self, body: bytes, *, forged: bool) -> Parcel:
        key = secrets.token_hex(32) if forged else self._signature_key
        mark = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Cko-Signature": mark,
            "Authorization": self._authorization_key,
        }
        return Parcel(body, headers)
