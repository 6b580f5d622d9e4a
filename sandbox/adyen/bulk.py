"""The moves of `sandbox.moves` at Adyen."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel

from sandbox.adyen import verbs
from sandbox.adyen.checkout import keep_attempt
from sandbox.adyen.verbs import found
from sandbox.clock import When
from sandbox.moves import Mode, make
from sandbox.store import Document
from sandbox.world import World


class Move(BaseModel):
    """One step. `id` is the object it moves: a link, a payment, a payout or a dispute."""

    op: Literal[
        "pay",
        "decline",
        "refund",
        "chargeback",
        "reverse_chargeback",
        "second_chargeback",
        "payout",
    ]
    at: When
    id: str = ""
    """For `pay` and `decline`: a link or session; without one, amount and reference say it."""
    value: int = 0
    currency: str = "EUR"
    reference: str = ""
    card: str = "4111111111111111"
    country: str = "NL"
    iban: str = ""
    """For `payout` without an id: where to; it is submitted and confirmed at once."""
    status: str = ""
    """For `payout` with an id: ``paid``, ``failed`` or ``reversed``."""


def _attempt(world: World, move: Move) -> Document:
    """Try to pay a link or session, or an amount named here.

    With what the browser takes back from the page.
    """
    opened = found(world, "link", move.id) if move.id else None
    amount = {"value": move.value, "currency": move.currency}
    reference = move.reference
    if opened is not None:
        amount, reference = opened["amount"], opened["reference"]
    if move.op == "decline":
        payment = verbs.decline(world, amount=amount, reference=reference)
    else:
        payment = verbs.authorise(
            world, amount=amount, reference=reference, number=move.card, country=move.country
        )
    if opened is not None:
        return payment | {"sessionResult": keep_attempt(world, opened, payment)}
    return payment


def _refund(world: World, move: Move) -> Document:
    payment = found(world, "payment", move.id)
    currency = payment["amount"]["currency"]
    value = move.value or payment["amount"]["value"] - payment["refunded"]
    amount = {"value": value, "currency": currency}
    return verbs.refund(world, payment, amount=amount, reference=move.reference)


def _payout(world: World, move: Move) -> Document:
    if move.id:
        # Whoever moves a payout by hand takes it out of time's.
        world.timers.clear(move.id)
        return verbs.move_payout(world, found(world, "payout", move.id), move.status)
    amount = {"value": move.value, "currency": move.currency}
    sent = verbs.submit_payout(world, amount=amount, reference=move.reference, iban=move.iban)
    return verbs.confirm_payout(world, sent)


_OPS: dict[str, Any] = {
    "pay": _attempt,
    "decline": _attempt,
    "refund": _refund,
    "chargeback": lambda world, move: verbs.charge_back(world, found(world, "payment", move.id)),
    "reverse_chargeback": lambda world, move: verbs.reverse_chargeback(
        world, found(world, "dispute", move.id)
    ),
    "second_chargeback": lambda world, move: verbs.charge_back_again(
        world, found(world, "dispute", move.id)
    ),
    "payout": _payout,
}


def carry_out(world: World, move: Move) -> Document:
    made: Document = _OPS[move.op](world, move)
    return made


def routes(world: World) -> APIRouter:
    router = APIRouter(prefix="/sandbox")

    @router.post("/moves")
    def moves(
        moves: list[Move],
        deliver: Mode = "later",
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> Document:
        return make(world, moves, carry_out, verbs.on_timer, deliver=deliver, key=idempotency_key)

    return router
