"""NOWPayments' way of writing, signing, refusing and lying."""

import hashlib
import hmac
import json
import re
import secrets
from decimal import Decimal
from typing import Any

import pyotp

from sandbox.faults import Fault, FaultKind
from sandbox.store import Document
from sandbox.vendor import Answer, Parcel
from sandbox.world import Secrets

_HEADERS = {"Content-Type": "application/json"}

# Kept as text, written as the numbers JavaScript makes of them.
_NUMBERS = (
    "price_amount", "pay_amount", "actually_paid", "actually_paid_at_fiat", "outcome_amount",
    "depositFee", "serviceFee", "withdrawalFee",
)  # fmt: skip
_AS_NUMBER = re.compile(rf'"({"|".join(_NUMBERS)})":"([0-9.]+)"')


def written(document: Any, *, is_sorted: bool = False) -> str:
    """JSON as ``JSON.stringify`` writes it; sorted as NOWPayments' own Python example sorts."""
    text = json.dumps(document, separators=(",", ":"), sort_keys=is_sorted, ensure_ascii=False)
    return _AS_NUMBER.sub(lambda found: f'"{found[1]}":{_shortest(found[2])}', text)


def _shortest(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def error(status: int, code: str, message: str) -> Answer:
    """NOWPayments' error envelope."""
    body = {"status": False, "statusCode": status, "code": code, "message": message}
    return Answer(status, json.dumps(body).encode())


class Refused(Exception):
    """NOWPayments answers with an error and changes nothing."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = error(status, code, message)


def fresh_secrets() -> Secrets:
    """The first IPN secret signs; the second is the one before it."""
    return {
        "api_keys": ["-".join(secrets.token_hex(4).upper()[:7] for _ in range(4))],
        "ipn_secrets": [secrets.token_urlsafe(24) for _ in range(2)],
        "emails": ["money@kingpost.example"],
        "passwords": [secrets.token_urlsafe(18)],
        "totp_secrets": [pyotp.random_base32()],
    }


def _alter(fault: Fault, told: Document) -> None:
    names = ("price_amount", "price_currency")
    amount, currency = names if names[0] in told else ("fiat_amount", "fiat_currency")
    if fault.fault is FaultKind.WRONG_AMOUNT:
        told[amount] = str(Decimal(str(told[amount])) - Decimal("0.01"))
    else:
        told[currency] = "usd" if told[currency] == "eur" else "eur"


class NowPayments:
    """See `sandbox.vendor.Vendor`."""

    name = "nowpayments"

    def __init__(self, secrets: Secrets) -> None:
        self._ipn_secret = secrets["ipn_secrets"][0]

    def refusal(self, fault: Fault) -> Answer:
        return error(400, fault.detail or "INVALID_REQUEST_PARAMS", "price_amount is too small")

    def altered_call(self, fault: Fault, query: bytes, body: bytes) -> tuple[bytes, bytes]:
        try:
            asked = json.loads(body)
            for one in asked.get("withdrawals", [asked]):
                _alter(fault, one)
        except (ValueError, LookupError, TypeError, AttributeError):
            # A call that names no amount, or is none of ours to read.
            return query, body
        return query, written(asked).encode()

    def altered_event(self, fault: Fault, event: Document) -> Document:
        _alter(fault, event)
        return event

    def parcel(self, event: Document, at: int, *, forged: bool = False) -> Parcel:
        """The body as it comes, the signature over it sorted. It holds no time."""
        del at
        mark = self._mark(written(event, is_sorted=True), forged=forged)
        return Parcel(written(event).encode(), _HEADERS | {"x-nowpayments-sig": mark})

    def rubbish(self, at: int) -> Parcel:
        """NOWPayments signs what it can sort, so rubbish has no signature that could hold."""
        del at
        mark = self._mark('{"payment_id":', forged=False)
        return Parcel(b'{"payment_id":', _HEADERS | {"x-nowpayments-sig": mark})

    def _mark(self, message: str, *, forged: bool) -> str:
        key = secrets.token_hex(32) if forged else self._ipn_secret
        return hmac.new(key.encode(), message.encode(), hashlib.sha512).hexdigest()
