"""Checkout.com's API: JSON in and out, a secret key as the bearer, idempotency keys."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response

from operational.kit.money import EXPONENTS
from sandbox.checkout_com import verbs
from sandbox.checkout_com.vendor import Refused
from sandbox.checkout_com.verbs import found
from sandbox.once import once
from sandbox.store import Document
from sandbox.vendor import Answer
from sandbox.world import World

BodyDep = Annotated[Document, Body()]

_HIDDEN = frozenset({"created", "refunded", "disputed"})


def respond(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


def check_key(world: World, request: Request) -> None:
    """Let a known secret key pass."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if given not in world.secrets["api_keys"]:
        raise Refused(401)


def guarded(
    world: World, request: Request, effect: Callable[[], Any], *, status: int = 200, call: str = ""
) -> Response:
    """Check the key, and carry out at most once per idempotency key."""
    check_key(world, request)

    def answer() -> Answer:
        return Answer(status, json.dumps(effect()).encode())

    key = request.headers.get("cko-idempotency-key") if call else None
    given, _ = once(world, key, f"{request.url.path} {call}", answer)
    return respond(given)


def amount_of(body: Document) -> Document:
    """Amount in minor units and currency of a request."""
    amount, currency = body.get("amount"), body.get("currency")
    if not isinstance(amount, int) or isinstance(amount, bool) or amount <= 0:
        raise Refused(422, "amount_invalid")
    if currency not in EXPONENTS:
        raise Refused(422, "currency_invalid")
    return {"amount": amount, "currency": currency}


def shown(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in _HIDDEN}


def routes(world: World) -> APIRouter:
    router = APIRouter()
    _add_payments(router, world)
    _add_disputes(router, world)
    return router


def _add_payments(router: APIRouter, world: World) -> None:
    @router.get("/payments")
    def listed(request: Request, reference: str = "", limit: int = 10, skip: int = 0) -> Response:
        """Those of one reference, the newest first, as Checkout.com lists them."""
        if not reference:
            raise Refused(422, "reference_required")

        def effect() -> Document:
            payments = world.store.listed("payment", "reference = ?", reference)
            page = [shown(one) for one in payments[skip : skip + limit]]
            total = {"limit": limit, "skip": skip, "total_count": len(payments)}
            return total | {"data": page}

        return guarded(world, request, effect)

    @router.get("/payments/{identifier}")
    def payment(identifier: str, request: Request) -> Response:
        return guarded(world, request, lambda: shown(found(world, "payment", identifier)))

    @router.get("/payments/{identifier}/actions")
    def actions(identifier: str, request: Request) -> Response:
        """The newest first."""

        def effect() -> list[Document]:
            found(world, "payment", identifier)
            hidden = {"created", "payment"}
            return [
                {name: value for name, value in one.items() if name not in hidden}
                for one in world.store.listed("action", "parent = ?", identifier)
            ]

        return guarded(world, request, effect)

    @router.post("/payments/{identifier}/refunds")
    def refund(identifier: str, request: Request, body: BodyDep) -> Response:
        def effect() -> Document:
            payment = found(world, "payment", identifier)
            given = verbs.refund(
                world,
                payment,
                amount=body.get("amount"),
                reference=str(body.get("reference", "")),
            )
            link = {"href": f"{request.base_url}payments/{identifier}"}
            named = {"action_id": given["id"], "reference": given["reference"]}
            return named | {"_links": {"payment": link}}

        call = json.dumps(body, sort_keys=True)
        return guarded(world, request, effect, status=202, call=call)


def _add_disputes(router: APIRouter, world: World) -> None:
    @router.get("/disputes")
    def listed(request: Request, payment_id: str = "") -> Response:
        def effect() -> Document:
            disputes = world.store.listed("dispute", "? in ('', parent)", payment_id)
            return {"total_count": len(disputes), "data": [shown(one) for one in disputes]}

        return guarded(world, request, effect)

    @router.get("/disputes/{identifier}")
    def dispute(identifier: str, request: Request) -> Response:
        return guarded(world, request, lambda: shown(found(world, "dispute", identifier)))
