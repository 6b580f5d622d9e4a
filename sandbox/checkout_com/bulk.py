"""The moves of `sandbox.moves` at Checkout.com."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel

from sandbox.checkout_com import page, verbs
from sandbox.checkout_com.verbs import found
from sandbox.clock import When
from sandbox.moves import Mode, make
from sandbox.store import Document
from sandbox.world import World


class Move(BaseModel):
    """One step. `id` is the object it moves: a session, a payment or a dispute."""

    op: Literal["pay", "decline", "refund", "dispute", "close_dispute"]
    at: When
    id: str = ""
    """For `pay` and `decline`: a session; without one, amount and reference say it."""
    amount: int | None = None
    currency: str = "EUR"
    reference: str = ""
    card: str = verbs.GOOD
    country: str = "NL"
    status: str = ""
    """For `close_dispute`: ``won`` or ``lost``."""


def _attempt(world: World, move: Move) -> Document:
    """Try to pay a session, or an amount named here."""
    if not move.id:
        asked = {"amount": move.amount, "currency": move.currency, "reference": move.reference}
        return verbs.pay(world, asked, number=move.card, country=move.country)
    session = found(world, "session", move.id)
    if move.op == "decline":
        return verbs.decline(world, session)
    return page.try_card(world, session, move.card, move.country)


_OPS: dict[str, Any] = {
    "pay": _attempt,
    "decline": _attempt,
    "refund": lambda world, move: verbs.refund(
        world, found(world, "payment", move.id), amount=move.amount, reference=move.reference
    ),
    "dispute": lambda world, move: verbs.dispute(world, found(world, "payment", move.id)),
    "close_dispute": lambda world, move: verbs.close_dispute(
        world, found(world, "dispute", move.id), won=move.status == "won"
    ),
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
