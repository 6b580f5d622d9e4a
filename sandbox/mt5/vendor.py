"""MetaTrader's way of refusing and lying. It sends no callbacks."""

import json
import secrets
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode

from sandbox.faults import Fault, FaultKind
from sandbox.mt5.retcodes import text
from sandbox.store import Document
from sandbox.vendor import Answer, Parcel
from sandbox.world import Secrets

_REJECTED = 10006


def fresh_secrets() -> Secrets:
    return {"manager_login": ["1000"], "manager_password": [f"Kp-{secrets.token_hex(6)}1"]}


class MetaTrader:
    """See `sandbox.vendor.Vendor`."""

    name = "mt5"

    def refusal(self, fault: Fault) -> Answer:
        """The detail is the return code."""
        code = int(fault.detail) if fault.detail.isdigit() else _REJECTED
        return Answer(200, json.dumps({"retcode": text(code)}).encode())

    def altered_call(self, fault: Fault, query: bytes, body: bytes) -> tuple[bytes, bytes]:
        """One of the last digit less, toward nothing: a cent, a yen. There is no currency to alter."""
        fields = dict(parse_qsl(query.decode(), keep_blank_values=True))
        given = json.loads(body) if body else {}
        for source in (fields, given):
            if fault.fault is FaultKind.WRONG_AMOUNT and "balance" in source:
                amount = Decimal(str(source["balance"]))
                last_digit = Decimal(1).scaleb(int(amount.as_tuple().exponent))
                source["balance"] = f"{amount - last_digit.copy_sign(amount):f}"
        return urlencode(fields).encode(), json.dumps(given).encode() if body else b""

    def altered_event(self, fault: Fault, event: Document) -> Document:
        raise NotImplementedError("MetaTrader sends no callbacks")

    def parcel(self, event: Document, at: int, *, forged: bool = False) -> Parcel:
        raise NotImplementedError("MetaTrader sends no callbacks")

    def rubbish(self, at: int) -> Parcel:
        raise NotImplementedError("MetaTrader sends no callbacks")
