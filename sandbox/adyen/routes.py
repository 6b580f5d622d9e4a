"""Adyen's API: JSON in and out, an API key, idempotency keys."""

import json
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response

from operational.kit.money import EXPONENTS
from sandbox.adyen import verbs
from sandbox.adyen.vendor import error
from sandbox.adyen.verbs import Refused, found, invalid
from sandbox.once import KeyReused, once
from sandbox.store import Document
from sandbox.vendor import Answer
from sandbox.world import World

BodyDep = Annotated[Document, Body()]

_TEST_CARD = "4111111111111111"


def respond(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


def check_key(world: World, request: Request) -> None:
    """Let a known API key pass.

    Raises:
        Refused: none, or an unknown one.
    """
    if request.headers.get("x-api-key") not in world.secrets["api_keys"]:
        raise Refused(error(401, "000", "HTTP Status Response - Unauthorized", "security"))


def guarded(
    world: World,
    request: Request,
    body: Document,
    effect: Callable[[], Document],
    status: int = 201,
) -> Response:
    """Check key and merchant, carry out at most once, and answer in Adyen's way."""

    def answer() -> Answer:
        return Answer(status, json.dumps(effect()).encode())

    # Reading needs no key, and heeds none.
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    call = f"{request.url.path} {json.dumps(body, sort_keys=True)}"
    check_key(world, request)
    if body and body.get("merchantAccount") not in world.secrets["merchant_accounts"]:
        raise invalid("901", "Invalid Merchant Account", 403)
    try:
        given, _ = once(world, key, call, answer)
    except KeyReused:
        return respond(error(422, "704", "The idempotency key was used for another request"))
    if key:
        given.headers["Idempotency-Key"] = key
    return respond(given)


def amount_of(body: Document) -> Document:
    """``{"value": minor units, "currency": "EUR"}``.

    Raises:
        Refused: missing or malformed.
    """
    amount = body.get("amount")
    if not isinstance(amount, dict) or not isinstance(amount.get("value"), int):
        raise invalid("100", "No amount specified")
    if amount["value"] <= 0:
        raise invalid("137", "Invalid amount specified")
    if amount.get("currency") not in EXPONENTS:
        raise invalid("138", "Unsupported currency specified")
    return {"value": amount["value"], "currency": amount["currency"]}


def needed(body: Document, name: str) -> str:
    if not body.get(name):
        raise invalid("702", f"Required field '{name}' is null")
    return str(body[name])


def routes(world: World) -> APIRouter:
    router = APIRouter()
    _add_payments(router, world)
    _add_payouts(router, world)
    return router


def _add_payments(router: APIRouter, world: World) -> None:
    @router.post("/v71/payments")
    def pay(request: Request, body: BodyDep) -> Response:
        def effect() -> Document:
            method = body.get("paymentMethod", {})
            number = method.get("number") or method.get("encryptedCardNumber", _TEST_CARD)
            payment = verbs.authorise(
                world,
                amount=amount_of(body),
                reference=needed(body, "reference"),
                number=number.removeprefix("test_"),
                country=body.get("countryCode", "NL"),
            )
            refusal = (
                {} if payment["status"] == "Authorised" else {"refusalReason": payment["reason"]}
            )
            return {
                "pspReference": payment["id"],
                "resultCode": payment["status"],
                "merchantReference": payment["merchantReference"],
                "amount": payment["amount"],
            } | refusal

        return guarded(world, request, body, effect, 200)

    @router.post("/v71/payments/{identifier}/refunds")
    def refund(identifier: str, request: Request, body: BodyDep) -> Response:
        def effect() -> Document:
            payment = found(world, "payment", identifier)
            given = verbs.refund(
                world, payment, amount=amount_of(body), reference=body.get("reference", "")
            )
            return _received(body, identifier, given["id"])

        return guarded(world, request, body, effect)

    @router.post("/v71/payments/{identifier}/captures")
    def capture(identifier: str, request: Request, body: BodyDep) -> Response:
        def effect() -> Document:
            payment = found(world, "payment", identifier)
            return _received(body, identifier, verbs.capture(world, payment, amount_of(body)))

        return guarded(world, request, body, effect)


def _received(body: Document, payment: str, modification: str) -> Document:
    return {
        "merchantAccount": body["merchantAccount"],
        "paymentPspReference": payment,
        "pspReference": modification,
        "reference": body.get("reference", ""),
        "status": "received",
        "amount": body["amount"],
    }


def _add_payouts(router: APIRouter, world: World) -> None:
    """Payouts in two steps: stored and submitted, then confirmed or declined."""
    base = "/pal/servlet/Payout/v68"

    @router.post(f"{base}/storeDetailAndSubmitThirdParty")
    def submit(request: Request, body: BodyDep) -> Response:
        def effect() -> Document:
            bank = body.get("bank")
            if not isinstance(bank, dict):
                raise invalid("000", "Please supply paymentDetails")
            sent = verbs.submit_payout(
                world,
                amount=amount_of(body),
                reference=needed(body, "reference"),
                iban=str(bank.get("iban", "")).replace(" ", ""),
            )
            return {"pspReference": sent["id"], "resultCode": "[payout-submit-received]"}

        return guarded(world, request, body, effect, 200)

    @router.post(f"{base}/confirmThirdParty")
    def confirm(request: Request, body: BodyDep) -> Response:
        def effect() -> Document:
            sent = verbs.confirm_payout(
                world, found(world, "payout", needed(body, "originalReference"))
            )
            return {"pspReference": sent["id"], "resultCode": "[payout-confirm-received]"}

        return guarded(world, request, body, effect, 200)

    @router.post(f"{base}/declineThirdParty")
    def decline(request: Request, body: BodyDep) -> Response:
        def effect() -> Document:
            sent = verbs.decline_payout(
                world, found(world, "payout", needed(body, "originalReference"))
            )
            return {"pspReference": sent["id"], "resultCode": "[payout-decline-received]"}

        return guarded(world, request, body, effect, 200)
