"""A day's client-money statement: figures, what they add up to, and a digest of all of it. Pure."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Side(StrEnum):
    """Which column a figure belongs to."""

    OWED = "owed"
    HELD = "held"
    EXPLAINED = "explained"
    """Why the two differ."""
    NOTED = "noted"
    """Part of another figure, and in no sum."""


class Item(StrEnum):
    """What a figure is."""

    WALLETS = "wallets"
    HOLDS = "holds"
    TRADING_ACCOUNTS = "trading_accounts"
    UNALLOCATED = "unallocated"
    BANK = "bank"
    AT_PSPS = "at_psps"
    TO_REPORT = "to_report"
    IN_TRANSIT = "in_transit"
    BREAK = "break"
    FEES = "fees"
    RESERVES = "reserves"
    CONVERSIONS = "conversions"
    BANK_CHARGES = "bank_charges"
    ELSEWHERE = "elsewhere"
    OPENING = "opening"
    HOUSE = "house"
    CLEARED = "cleared"
    TRADING = "trading"
    BELOW_ZERO = "below_zero"


TITLES: dict[Item, str] = {
    Item.WALLETS: "Wallets of clients, holds included",
    Item.TRADING_ACCOUNTS: "Trading accounts, as the platform says",
    Item.UNALLOCATED: "Money of clients not yet known",
    Item.HOLDS: "of which on hold for withdrawals",
    Item.BANK: "Client bank accounts, from statements",
    Item.AT_PSPS: "At PSPs, reported",
    Item.TO_REPORT: "At PSPs, not yet reported",
    Item.IN_TRANSIT: "On its way from PSPs to banks",
    Item.BREAK: "Breaks, and lines of another day",
    Item.FEES: "Fees kept by PSPs",
    Item.RESERVES: "Reserves kept by PSPs",
    Item.CONVERSIONS: "Conversions and corrections of PSPs",
    Item.BANK_CHARGES: "Charges and interest of banks",
    Item.ELSEWHERE: "Paid to accounts that are not on the list",
    Item.OPENING: "In the bank before the first statement",
    Item.HOUSE: "The house's own: booked, not yet moved",
    Item.CLEARED: "Breaks put right in the books",
    Item.TRADING: "Results of trading, not yet moved",
    Item.BELOW_ZERO: "Trading accounts below zero",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One amount of one currency, with whose it is and where it is from."""

    currency: str
    side: Side
    item: Item
    name: str
    amount_minor: int
    note: str
    is_missing: bool = False
    """A statement that should be there and is not."""


def compose(
    day: date, figures: Sequence[Figure], *, as_of: datetime, snapshot: int
) -> dict[str, Any]:
    """The whole statement as the document that is kept, signed and drawn."""
    return {
        "day": day.isoformat(),
        "as_of": as_of.isoformat(),
        "snapshot": snapshot,
        "currencies": [
            _of_currency(currency, [one for one in figures if one.currency == currency])
            for currency in sorted({one.currency for one in figures})
        ],
    }


def _of_currency(currency: str, figures: Sequence[Figure]) -> dict[str, Any]:
    owed, held, explained = (
        sum(one.amount_minor for one in figures if one.side is side)
        for side in (Side.OWED, Side.HELD, Side.EXPLAINED)
    )
    return {
        "currency": currency,
        "owed_minor": owed,
        "held_minor": held,
        "difference_minor": held - owed,
        "explained_minor": explained,
        "unexplained_minor": held - owed - explained,
        "figures": [asdict(one) for one in figures],
    }


def faults(content: dict[str, Any]) -> list[str]:
    """Why the statement must not be signed without a word."""
    found: list[str] = []
    for part in content["currencies"]:
        missing = (one for one in part["figures"] if one["is_missing"])
        found += [f"{part['currency']} {one['name']}: {one['note']}" for one in missing]
        if part["unexplained_minor"]:
            found.append(f"{part['currency']}: a part of the difference is not explained")
    if not any(
        one["item"] == Item.BANK for part in content["currencies"] for one in part["figures"]
    ):
        found.append("no client bank account is on the list")
    return found


def digest(content: dict[str, Any]) -> bytes:
    """SHA-256 of the document."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()
