"""The moves of `sandbox.moves` at PayPal."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel

from sandbox.clock import When
from sandbox.moves import Mode, make
from sandbox.paypal import verbs
from sandbox.paypal.verbs import found
from sandbox.store import Document
from sandbox.world import World


class Move(BaseModel):
    """One step. `id` is the object it moves: an order, a capture, a dispute or a payout."""

    op: Literal["pay", "decline", "refund", "reverse", "dispute", "close_dispute", "payout"]
    at: When
    id: str
    payer: str = "client@example.com"
    value: str = ""
    """For `refund`, in major units; empty: all of it."""
    country: str = ""
    """Of no meaning here; the demo names it to every payment page."""
    status: str = ""
    """For `close_dispute`: ``chargeback``, ``won`` or ``lost``. For `payout`: where it moves to."""


def _refund(world: World, move: Move) -> Document:
    taken = found(world, "capture", move.id)
    value = move.value or taken["amount"]["value"]
    amount = {"currency_code": taken["amount"]["currency_code"], "value": value}
    return verbs.refund(world, taken, amount)


def _payout(world: World, move: Move) -> Document:
    # Whoever moves a payout by hand takes it out of time's.
    world.timers.clear(move.id)
    return verbs.move_payout(world, found(world, "payout", move.id), move.status)


_OPS: dict[str, Any] = {
    "pay": lambda world, move: verbs.approve(world, found(world, "order", move.id), move.payer),
    # Whoever does not agree leaves the page; nobody tells.
    "decline": lambda world, move: found(world, "order", move.id),
    "refund": _refund,
    "reverse": lambda world, move: verbs.reverse(world, found(world, "capture", move.id)),
    "dispute": lambda world, move: verbs.dispute(world, found(world, "capture", move.id)),
    "close_dispute": lambda world, move: verbs.move_dispute(
        world, found(world, "dispute", move.id), move.status
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
