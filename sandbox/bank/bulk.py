"""The moves of `sandbox.moves` at the bank: what clients, providers and other banks do."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel

from operational.kit.money import AmountInvalid, Money
from sandbox.bank import verbs
from sandbox.bank.verbs import refuse
from sandbox.clock import When
from sandbox.moves import Mode, make
from sandbox.store import Document
from sandbox.world import World


class Move(BaseModel):
    """One step."""

    op: Literal["pay", "settlement", "charge", "return"]
    at: When
    id: str = ""
    """For `pay`: our reference, if the client quotes it. For `return`: the payment that comes back."""
    value: str = ""
    """In major units, as decimal text."""
    currency: str = "EUR"
    payer: str = "Lena Weber"
    """Who pays: a client, somebody else, or a provider that pays out what it settled."""
    iban: str = "DE89370400440532013000"
    text: str | None = None
    """What the payer wrote; without one, the reference."""
    country: str = ""
    """Of no meaning here; the demo names it to every payment page."""
    status: str = "AC04"
    """For `return`: why."""


def carry_out(world: World, move: Move) -> Document:
    if move.op == "return":
        payment = world.store.get("payment", move.id)
        if payment is None:
            raise refuse("no such payment", 404)
        # Whoever sends it back by hand takes it out of time's.
        world.timers.clear(move.id)
        return verbs.give_back(world, payment, move.status)
    try:
        money = Money.parse(move.value, move.currency)
    except AmountInvalid as error:
        raise refuse(str(error)) from None
    told: dict[str, Any] = {"party": move.payer, "party_iban": move.iban}
    told["text"] = move.text if move.text is not None else move.id
    if move.op == "charge":
        told = {"text": move.text or "Account fee", "code": "CHRG"}
    sign = -1 if move.op == "charge" else 1
    return verbs.book(world, move.currency, sign * money.minor, told)


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
