"""The bank's way of refusing and lying. It signs nothing: it calls nobody."""

import json
import re
import secrets

from operational.kit import iban
from operational.kit.money import Money
from sandbox.faults import Fault, FaultKind
from sandbox.store import Document
from sandbox.vendor import Answer, Parcel
from sandbox.world import Secrets

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "PLN", "CZK", "SEK", "NOK", "DKK", "HUF", "JPY", "AED")
_COUNTRY, _BANK = "LT", "32500"
_AMOUNT = re.compile(rb'<InstdAmt Ccy="([A-Z]{3})">([0-9.]+)</InstdAmt>')


def error(status: int, message: str) -> Answer:
    return Answer(status, json.dumps({"error": message}).encode())


def fresh_secrets() -> Secrets:
    """A token, and an account for every currency; Lithuanian numbers have 11 digits after the bank."""
    base = secrets.randbelow(10**9)
    accounts = [
        f"{currency} {iban.checked(_COUNTRY, f'{_BANK}{base:09}{number:02}')}"
        for number, currency in enumerate(CURRENCIES)
    ]
    return {
        "tokens": [secrets.token_urlsafe(32)],
        "holders": ["Kingpost Markets Ltd"],
        "bics": ["KPSTLT22XXX"],
        "accounts": accounts,
    }


class Bank:
    """See `sandbox.vendor.Vendor`."""

    name = "bank"

    def __init__(self, held: Secrets) -> None:
        self.accounts = dict(one.split() for one in held["accounts"])
        self.holder, self.bic = held["holders"][0], held["bics"][0]

    def refusal(self, fault: Fault) -> Answer:
        return error(400, fault.detail or "this file cannot be taken")

    def altered_call(self, fault: Fault, query: bytes, body: bytes) -> tuple[bytes, bytes]:
        """The control sum is altered too, or the file would be refused."""
        found = _AMOUNT.search(body)
        if found is None:
            return query, body
        currency, text = found[1].decode(), found[2].decode()
        if fault.fault is FaultKind.WRONG_CURRENCY:
            other = "USD" if currency == "EUR" else "EUR"
            return query, body.replace(f'Ccy="{currency}"'.encode(), f'Ccy="{other}"'.encode())
        money = Money.parse(text, currency)
        less = str(Money(money.minor - 1, currency)).partition(" ")[0]
        return query, body.replace(f">{text}<".encode(), f">{less}<".encode())

    def altered_event(self, fault: Fault, event: Document) -> Document:
        del fault
        return event

    def parcel(self, event: Document, at: int, *, forged: bool = False) -> Parcel:
        del at, forged
        return Parcel(json.dumps(event).encode(), {})

    def rubbish(self, at: int) -> Parcel:
        del at
        return Parcel(b"", {})
