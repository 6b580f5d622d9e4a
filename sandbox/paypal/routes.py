"""PayPal's API: a token first, JSON in and out, `PayPal-Request-Id`."""

import base64
import json
import secrets
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import PlainTextResponse, Response

from operational.kit.money import AmountInvalid, Money
from sandbox.once import KeyReused, once
from sandbox.paypal import verbs
from sandbox.paypal.vendor import PayPal, error
from sandbox.paypal.verbs import Refused, found, invalid, shown
from sandbox.store import Document
from sandbox.vendor import Answer
from sandbox.world import World

BodyDep = Annotated[Document, Body()]
_TOKEN_SECONDS = 32_400


def respond(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


def guarded(
    world: World,
    request: Request,
    body: Document,
    effect: Callable[[], Document],
    status: int = 201,
) -> Response:
    """Check the token, carry out at most once per request id, and answer in PayPal's way."""

    def answer() -> Answer:
        return Answer(status, json.dumps(shown(effect())).encode())

    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if world.store.get("token", token) is None:
        raise Refused(error(401, "AUTHENTICATION_FAILURE"))
    # Payouts have a key of their own, the batch's name.
    has_key = request.method == "POST" and not request.url.path.startswith("/v1/payments/payouts")
    key = request.headers.get("paypal-request-id") if has_key else None
    call = f"{request.url.path} {json.dumps(body, sort_keys=True)}"
    try:
        given, _ = once(world, key and f"{request.url.path} {key}", call, answer)
    except KeyReused:
        raise invalid("DUPLICATE_REQUEST_ID") from None
    return respond(given)


def amount_of(found: Document, name: str = "currency_code") -> Document:
    """``{"currency_code": "EUR", "value": "10.00"}``.

    Raises:
        Refused: missing, malformed, or not positive.
    """
    try:
        money = Money.parse(found["amount"]["value"], found["amount"][name])
    except (LookupError, TypeError, AttributeError, AmountInvalid):
        raise invalid("INVALID_PARAMETER_SYNTAX", "INVALID_REQUEST", 400) from None
    if money.minor <= 0:
        raise invalid("CANNOT_BE_ZERO_OR_NEGATIVE")
    return {name: found["amount"][name], "value": found["amount"]["value"]}


def routes(world: World) -> APIRouter:
    router = APIRouter()
    _add_doors(router, world)
    _add_captures(router, world)
    _add_payouts(router, world)
    return router


def _add_doors(router: APIRouter, world: World) -> None:
    @router.post("/v1/oauth2/token")
    def token(request: Request) -> Document:
        pair = f"{world.secrets['client_ids'][0]}:{world.secrets['client_secrets'][0]}"
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if given != base64.b64encode(pair.encode()).decode():
            raise Refused(error(401, "invalid_client"))
        made = {"id": "A21AA" + secrets.token_urlsafe(40), "created": world.clock.epoch()}
        world.store.put(made, kind="token")
        return {
            "access_token": made["id"],
            "token_type": "Bearer",
            "expires_in": _TOKEN_SECONDS,
            "scope": "https://uri.paypal.com/payments/payouts",
        }

    @router.get("/v1/notifications/certs/{identifier}")
    def certificate(identifier: str) -> PlainTextResponse:
        assert isinstance(world.vendor, PayPal)
        if identifier != "CERT-360caa42-1":
            raise invalid("INVALID_RESOURCE_ID", "RESOURCE_NOT_FOUND", 404)
        return PlainTextResponse(world.vendor.certificate)


def _add_captures(router: APIRouter, world: World) -> None:
    @router.get("/v2/payments/captures/{identifier}")
    def capture(identifier: str, request: Request) -> Response:
        return guarded(world, request, {}, lambda: found(world, "capture", identifier), 200)

    @router.post("/v2/payments/captures/{identifier}/refund")
    def refund(identifier: str, request: Request, body: BodyDep) -> Response:
        def effect() -> Document:
            taken = found(world, "capture", identifier)
            amount = amount_of(body) if "amount" in body else taken["amount"]
            named = {name: str(body[name]) for name in ("custom_id", "invoice_id") if name in body}
            return verbs.refund(world, taken, amount, **named)

        return guarded(world, request, body, effect)

    @router.get("/v2/payments/refunds/{identifier}")
    def refunded(identifier: str, request: Request) -> Response:
        return guarded(world, request, {}, lambda: found(world, "refund", identifier), 200)


def _add_payouts(router: APIRouter, world: World) -> None:
    def batch(sent: Document) -> Document:
        is_open = sent["transaction_status"] == "PENDING"
        return {
            "batch_header": {
                "payout_batch_id": sent["id"],
                "batch_status": "PENDING" if is_open else "SUCCESS",
                "sender_batch_header": {"sender_batch_id": sent["sender_batch_id"]},
            }
        }

    @router.post("/v1/payments/payouts")
    def pay_out(request: Request, body: BodyDep) -> Response:
        def effect() -> Document:
            items, header = body.get("items"), body.get("sender_batch_header") or {}
            if not isinstance(items, list) or len(items) != 1 or not header.get("sender_batch_id"):
                raise invalid("Exactly one item is played here", "VALIDATION_ERROR", 400)
            if "@" not in str(items[0].get("receiver")):
                raise invalid("Receiver is invalid", "VALIDATION_ERROR", 400)
            item = items[0] | {"amount": amount_of(items[0], "currency")}
            return batch(verbs.pay_out(world, header["sender_batch_id"], item))

        return guarded(world, request, body, effect)

    @router.get("/v1/payments/payouts/{identifier}")
    def sent(identifier: str, request: Request) -> Response:
        def effect() -> Document:
            payout = found(world, "payout", identifier)
            return batch(payout) | {"items": [verbs.as_item(payout)]}

        return guarded(world, request, {}, effect, 200)
