"""Adyen's way of signing, refusing and lying."""

import base64
import hashlib
import hmac
import json
import secrets

from sandbox.faults import Fault, FaultKind
from sandbox.store import Document
from sandbox.vendor import Answer, Parcel
from sandbox.world import Secrets

_HEADERS = {"Content-Type": "application/json; charset=utf-8"}


def error(status: int, code: str, message: str, kind: str = "validation") -> Answer:
    """Adyen's error envelope."""
    body = {"status": status, "errorCode": code, "message": message, "errorType": kind}
    return Answer(status, json.dumps(body).encode())


def signature(key_hex: str, item: Document) -> str:
    """Base64 of the HMAC-SHA256 over eight fields, with the key decoded from hex first."""
    fields = (
        item["pspReference"],
        item.get("originalReference", ""),
        item["merchantAccountCode"],
        item["merchantReference"],
        item["amount"]["value"],
        item["amount"]["currency"],
        item["eventCode"],
        item["success"],
    )
    message = ":".join(str(field) for field in fields).encode()
    return base64.b64encode(
        hmac.new(bytes.fromhex(key_hex), message, hashlib.sha256).digest()
    ).decode()


def other_currency(currency: str) -> str:
    return "USD" if currency == "EUR" else "EUR"


def fresh_secrets() -> Secrets:
    """The first HMAC key signs; the second is the one before it."""
    return {
        "api_keys": ["AQE" + secrets.token_hex(20)],
        "hmac_keys": [secrets.token_hex(32).upper() for _ in range(2)],
        "merchant_accounts": ["KingpostECOM"],
    }


def _alter(fault: Fault, amount: Document) -> None:
    if fault.fault is FaultKind.WRONG_AMOUNT:
        amount["value"] -= 1
    else:
        amount["currency"] = other_currency(amount["currency"])


class Adyen:
    """See `sandbox.vendor.Vendor`."""

    name = "adyen"

    def __init__(self, secrets: Secrets) -> None:
        self._hmac_key = secrets["hmac_keys"][0]

    def refusal(self, fault: Fault) -> Answer:
        return error(422, fault.detail or "137", "Invalid amount specified")

    def altered_call(self, fault: Fault, query: bytes, body: bytes) -> tuple[bytes, bytes]:
        try:
            asked = json.loads(body)
            _alter(fault, asked["amount"])
        except (ValueError, LookupError, TypeError):
            # A call that names no amount, or is none of ours to read.
            return query, body
        return query, json.dumps(asked).encode()

    def altered_event(self, fault: Fault, event: Document) -> Document:
        _alter(fault, event["amount"])
        return event

    def parcel(self, event: Document, at: int, *, forged: bool = False) -> Parcel:
        """The event as the one item of a notification. The signature holds no time."""
        del at
        key = secrets.token_hex(32) if forged else self._hmac_key
        extra = event.get("additionalData", {}) | {"hmacSignature": signature(key, event)}
        item = event | {"additionalData": extra}
        notification = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
        return Parcel(json.dumps(notification).encode(), _HEADERS)

    def rubbish(self, at: int) -> Parcel:
        """Adyen signs items, so rubbish has no signature that could hold."""
        del at
        return Parcel(b'{"live":"false","notificationItems":[{"Notif', _HEADERS)
