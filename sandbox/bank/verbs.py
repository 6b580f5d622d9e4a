"""What happens on the broker's accounts: payments in and out, returns, and days that close."""

import json
from datetime import date, timedelta

from operational.kit.money import Money
from sandbox.bank.vendor import Bank, error
from sandbox.settlement import lines_of
from sandbox.store import Document
from sandbox.vendor import Answer
from sandbox.world import World

_STEP = timedelta(seconds=1)
_RETURN_AFTER = timedelta(days=2)
OPENING_MINOR = 500_000_000
"""Every account opens with five million, so that payouts find money on it."""

# The end of an account number says how it misbehaves.
_REJECTED = {"9001": "AC01", "9006": "AC06"}
_RETURNED = {"9004": "AC04", "9002": "MD07"}


class Refused(Exception):
    """The bank answers with an error and does nothing."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


def refuse(message: str, status: int = 400) -> Refused:
    return Refused(error(status, message))


def bank_of(world: World) -> Bank:
    assert isinstance(world.vendor, Bank)
    return world.vendor


def account_in(world: World, currency: str) -> str:
    try:
        return bank_of(world).accounts[currency]
    except KeyError:
        raise refuse(f"there is no account in {currency}") from None


def take_payment(world: World, payment: Document) -> Document:
    """A payment of an accepted file: on its way, or rejected for its account number."""
    reason = _REJECTED.get(payment["creditor_iban"][-4:])
    payment |= {
        "id": payment["end_to_end_id"],
        "created": world.clock.epoch(),
        "status": "RJCT" if reason else "ACSP",
        "reason": reason or "",
    }
    world.store.put(payment, kind="payment", reference=payment["message_id"])
    if not reason:
        world.timers.set(payment["id"], _STEP)
    return payment


def on_timer(world: World, identifier: str) -> None:
    """What time alone does: payments are booked, and some come back after two days."""
    payment = world.store.get("payment", identifier)
    assert payment is not None
    if payment["status"] == "ACSP":
        payment["status"] = "ACSC"
        world.store.put(payment, kind="payment")
        book(world, payment["currency"], -payment["minor"], _of_payment(payment))
        if payment["creditor_iban"][-4:] in _RETURNED:
            world.timers.set(identifier, _RETURN_AFTER)
    elif payment["status"] == "ACSC":
        give_back(world, payment, _RETURNED[payment["creditor_iban"][-4:]])


def give_back(world: World, payment: Document, reason: str) -> Document:
    """The other bank sends a payment back; the books say so, the status report does not."""
    if payment["status"] != "ACSC" or payment["returned"]:
        raise refuse("this payment is not there to come back", 409)
    payment["returned"] = reason
    world.store.put(payment, kind="payment")
    told = _of_payment(payment) | {"return_reason": reason, "code": "RRTN"}
    return book(world, payment["currency"], payment["minor"], told)


def _of_payment(payment: Document) -> Document:
    return {
        "end_to_end_id": payment["end_to_end_id"],
        "party": payment["creditor_name"],
        "party_iban": payment["creditor_iban"],
        "text": payment["text"],
        "code": "ESCT",
    }


def book(world: World, currency: str, minor: int, told: Document) -> Document:
    """Book an entry today. Its amount is signed: what comes in is positive."""
    Money(minor, currency)
    number = world.store.next_number("entry", 1)
    entry: Document = {
        "id": f"KP{world.now():%y%m%d}{number:08}",
        "created": world.clock.epoch(),
        "account": account_in(world, currency),
        "currency": currency,
        "minor": minor,
        "day": world.now().date().isoformat(),
        "end_to_end_id": "",
        "party": "",
        "party_iban": "",
        "text": "",
        "code": "ESCT",
        "return_reason": "",
    } | told
    world.store.put(entry, kind="entry", reference=entry["day"], parent=entry["account"])
    with world.store.transaction() as db:
        db.execute(
            "insert into lines (currency, available_on, net_minor, body) values (?, ?, ?, ?)",
            (currency, entry["day"], minor, json.dumps(entry)),
        )
    return entry


def booked_on(world: World, account: str, day: date) -> list[Document]:
    """What was booked on one day, in the order it was."""
    where = "parent = ? and reference = ?"
    return world.store.listed("entry", where, account, day.isoformat())[::-1]


def close_days(world: World, until: date) -> None:
    """Write the statements of every day that is over, for accounts on which something was booked.

    One that was written never changes: what is booked for its day later gets one of its own.
    """
    with world.store.transaction():
        rows = world.store.rows(
            "select distinct available_on, currency from lines"
            " where batch = '' and available_on <= ? order by available_on, currency",
            until.isoformat(),
        )
        for row in rows:
            _close(world, row["currency"], date.fromisoformat(row["available_on"]))


def _close(world: World, currency: str, day: date) -> None:
    account = account_in(world, currency)
    number = world.store.next_number(f"statement {account}", 1)
    identifier = f"{account}-{number:05}"
    with world.store.transaction() as db:
        db.execute(
            "update lines set batch = ? where batch = '' and currency = ? and available_on = ?",
            (identifier, currency, day.isoformat()),
        )
    opening = int(world.store.recall(f"balance {account}", str(OPENING_MINOR)))
    closing = opening + sum(entry["minor"] for entry in lines_of(world, identifier))
    world.store.remember(f"balance {account}", str(closing))
    statement: Document = {
        "id": identifier,
        "created": world.clock.epoch(),
        "account": account,
        "currency": currency,
        "number": number,
        "day": day.isoformat(),
        "opening": opening,
        "closing": closing,
    }
    world.store.put(statement, kind="statement", parent=account)
