"""Mass payouts at NOWPayments: created, verified with a one-time code, sent on the chain."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pyotp

from sandbox.nowpayments import verbs
from sandbox.nowpayments.vendor import Refused
from sandbox.nowpayments.verbs import found, in_coin, new_number, stamp
from sandbox.store import BASE36, Document
from sandbox.world import World

_STEP = timedelta(seconds=1)
_UNVERIFIED_LIFE = timedelta(hours=1)
_BAD_ADDRESSES = ("bad", "0xdead")
"""To these nothing can be sent."""


def create(world: World, asked: Document) -> Document:
    """A batch of withdrawals that waits to be verified."""
    batch_id = new_number(world, "batch", 5_000_000_001)
    withdrawals = [_withdrawal(world, batch_id, one) for one in asked.get("withdrawals") or []]
    if not withdrawals:
        raise Refused(400, "INVALID_REQUEST_PARAMS", "withdrawals is required")
    for one in withdrawals:
        world.store.put(
            one, kind="withdrawal", reference=one["unique_external_id"] or "", parent=batch_id
        )
        world.timers.set(one["id"], _UNVERIFIED_LIFE)
        _tell(world, one)
    return {"id": batch_id, "withdrawals": [shown(one) for one in withdrawals]}


def _withdrawal(world: World, batch_id: str, asked: Document) -> Document:
    coin, fiat = str(asked.get("currency", "")), asked.get("fiat_currency")
    if coin not in verbs.COINS or not asked.get("address"):
        raise Refused(400, "BAD_CREATE_WITHDRAWAL_REQUEST", "Invalid payout_currency or address")
    amount = Decimal(str(asked.get("amount", 0)))
    if fiat is not None:
        if not verbs.is_priced(fiat):
            raise Refused(400, "BAD_CREATE_WITHDRAWAL_REQUEST", "Invalid fiat_currency")
        amount = in_coin(Decimal(str(asked["fiat_amount"])), fiat, coin)
    if amount <= 0:
        raise Refused(400, "BAD_CREATE_WITHDRAWAL_REQUEST", "Invalid amount")
    fiat_amount = asked.get("fiat_amount")
    return {
        "id": new_number(world, "withdrawal", 5_000_000_001),
        "created": world.clock.epoch(),
        "batch_withdrawal_id": batch_id,
        "is_request_payouts": False,
        "status": "CREATING",
        "error": None,
        "currency": coin,
        "amount": f"{amount:f}",
        "fiat_amount": None if fiat_amount is None else str(fiat_amount),
        "fiat_currency": fiat,
        "address": asked["address"],
        "extra_id": asked.get("extra_id"),
        "hash": None,
        "ipn_callback_url": asked.get("ipn_callback_url"),
        "payout_description": asked.get("payout_description"),
        "unique_external_id": asked.get("unique_external_id"),
        "created_at": stamp(world),
        "requested_at": None,
        "updated_at": None,
    }


def verify(world: World, batch_id: str, code: str) -> None:
    """Let a batch go. A code counts on the real clock, whatever time it is here."""
    waiting = world.store.listed("withdrawal", "parent = ?", batch_id)
    if not waiting:
        raise Refused(404, "NOT_FOUND", "payout not found")
    if not pyotp.TOTP(world.secrets["totp_secrets"][0]).verify(code, valid_window=1):
        raise Refused(400, "INVALID_VERIFICATION_CODE", "Invalid verification code")
    for one in waiting:
        if one["status"] == "CREATING":
            one["requested_at"] = stamp(world)
            move(world, one, "PROCESSING")
            world.timers.set(one["id"], _STEP)


def on_timer(world: World, identifier: str) -> None:
    """What time alone does: what was verified is sent, what was not is rejected."""
    sent = found(world, "withdrawal", identifier)
    if sent["status"] == "CREATING":
        move(world, sent, "REJECTED")
    elif sent["address"].lower().startswith(_BAD_ADDRESSES):
        move(world, sent | {"error": "Address is unknown to the network"}, "FAILED")
    elif sent["status"] == "PROCESSING":
        move(world, sent, "SENDING")
        world.timers.set(identifier, _STEP)
    else:
        move(world, sent, "FINISHED")


def move(world: World, sent: Document, status: str) -> Document:
    if sent["status"] in {"FINISHED", "FAILED", "REJECTED"}:
        raise Refused(400, "INVALID_REQUEST_PARAMS", f"a {sent['status']} payout stays as it is")
    sent |= {"status": status, "updated_at": stamp(world)}
    if status == "FINISHED":
        sent["hash"] = world.store.new_id("", 64, BASE36).lower()
    world.store.put(sent, kind="withdrawal")
    _tell(world, sent)
    return sent


def _tell(world: World, sent: Document) -> None:
    event = shown(sent) | {"fee": None}
    event_id = f"{sent['id']}-{sent['status']}"
    world.emit(
        event, event_id=event_id, kind=f"payout.{sent['status'].lower()}", subject=sent["id"]
    )


def shown(sent: Document) -> dict[str, Any]:
    return {name: value for name, value in sent.items() if name != "created"}
