"""The moves of `sandbox.moves` at NOWPayments."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel

from sandbox.clock import When
from sandbox.moves import Mode, make
from sandbox.nowpayments import payouts, verbs
from sandbox.nowpayments.verbs import found
from sandbox.store import Document
from sandbox.world import World


class Move(BaseModel):
    """One step. `id` is the object it moves: an invoice, a payment or a withdrawal."""

    op: Literal["choose", "pay", "send", "end", "payout"]
    at: When
    id: str
    """`choose` and `pay`: an invoice. `send` and `end`: a payment. `payout`: a withdrawal."""
    coin: str = "usdttrc20"
    percent: int = 100
    """For `pay` and `send`: how much of what was asked for comes."""
    status: str = "expired"
    """For `end`: ``expired``, ``failed`` or ``refunded``; for `payout` its next status."""


def _send(world: World, payment: Document, percent: int) -> Document:
    amount = Decimal(payment["pay_amount"]) * percent / 100
    return verbs.send(world, payment, amount)


def _pay(world: World, move: Move) -> Document:
    payment = verbs.choose_coin(world, found(world, "invoice", move.id), move.coin)
    return _send(world, payment, move.percent)


_OPS: dict[str, Any] = {
    "choose": lambda world, move: verbs.choose_coin(
        world, found(world, "invoice", move.id), move.coin
    ),
    "pay": _pay,
    "send": lambda world, move: _send(world, found(world, "payment", move.id), move.percent),
    "end": lambda world, move: verbs.end(world, found(world, "payment", move.id), move.status),
    "payout": lambda world, move: payouts.move(
        world, found(world, "withdrawal", move.id), move.status.upper()
    ),
}


def carry_out(world: World, move: Move) -> Document:
    made: Document = _OPS[move.op](world, move)
    return made


def routes(world: World, on_timer: Callable[[World, str], None]) -> APIRouter:
    router = APIRouter(prefix="/sandbox")

    @router.post("/moves")
    def moves(
        moves: list[Move],
        deliver: Mode = "later",
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> Document:
        return make(world, moves, carry_out, on_timer, deliver=deliver, key=idempotency_key)

    return router
