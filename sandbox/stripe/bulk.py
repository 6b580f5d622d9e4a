"""The moves of `sandbox.moves` at Stripe."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel

from sandbox.clock import When
from sandbox.moves import Mode, make
from sandbox.store import Document
from sandbox.stripe import verbs
from sandbox.stripe.cards import GOOD, Card
from sandbox.stripe.verbs import found
from sandbox.world import World


class Move(BaseModel):
    """One step. `id` is the object it moves; without one, `create` makes an intent first."""

    op: Literal[
        "create", "pay", "decline", "cancel", "refund", "dispute", "close_dispute", "payout"
    ]
    at: When
    id: str = ""
    amount: int | None = None
    currency: str = "usd"
    metadata: dict[str, str] = {}
    description: str | None = None
    card: str = GOOD
    country: str = "DE"
    status: str = ""
    """For `payout`: the status it moves to. For `close_dispute`: ``won`` or ``lost``."""
    reason: str = "fraudulent"
    destination: str | None = None


def _intent(world: World, move: Move) -> Document:
    if move.id:
        return found(world, "payment_intent", move.id)
    return verbs.create_intent(
        world,
        amount=move.amount or 0,
        currency=move.currency,
        metadata=move.metadata,
        description=move.description,
    )


def _charge(world: World, move: Move) -> Document:
    """By the charge's own id or its intent's."""
    identifier = move.id
    if identifier.startswith("pi_"):
        identifier = found(world, "payment_intent", identifier)["latest_charge"] or ""
    return found(world, "charge", identifier)


def _payout(world: World, move: Move) -> Document:
    if not move.id:
        return verbs.create_payout(
            world,
            amount=move.amount or 0,
            currency=move.currency,
            metadata=move.metadata,
            destination=move.destination,
        )
    # Whoever moves a payout by hand takes it out of time's.
    world.timers.clear(move.id)
    return verbs.move_payout(world, found(world, "payout", move.id), move.status)


_OPS: dict[str, Any] = {
    "create": _intent,
    "pay": lambda world, move: verbs.pay(
        world, _intent(world, move), Card(move.card, move.country)
    ),
    "decline": lambda world, move: verbs.decline(world, _intent(world, move)),
    "cancel": lambda world, move: verbs.cancel(world, _intent(world, move)),
    "refund": lambda world, move: verbs.refund(
        world, _charge(world, move), amount=move.amount, metadata=move.metadata
    ),
    "dispute": lambda world, move: verbs.dispute(world, _charge(world, move), move.reason),
    "close_dispute": lambda world, move: verbs.close_dispute(
        world, found(world, "dispute", move.id), won=move.status == "won"
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
