"""NOWPayments' API: JSON in and out, an API key, and a token of five minutes for some calls."""

import secrets
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response

from sandbox.clock import moment
from sandbox.nowpayments import payouts, verbs
from sandbox.nowpayments.vendor import Refused, written
from sandbox.nowpayments.verbs import found
from sandbox.store import Document
from sandbox.vendor import Answer
from sandbox.world import World

BodyDep = Annotated[Document, Body()]

_TOKEN_LIFE = timedelta(minutes=5)


def respond(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


def told(document: Any, status: int = 200) -> Response:
    return respond(Answer(status, written(document).encode()))


def check_key(world: World, request: Request) -> None:
    if request.headers.get("x-api-key") not in world.secrets["api_keys"]:
        raise Refused(403, "INVALID_API_KEY", "Invalid api key")


def check_token(world: World, request: Request) -> None:
    check_key(world, request)
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    token = world.store.get("token", given)
    if token is None or world.now() > moment(token["until"]):
        raise Refused(
            401, "AUTH_REQUIRED", "Authorization header is empty (Bearer JWTtoken is required)"
        )


def routes(world: World) -> APIRouter:
    router = APIRouter()
    _add_account(router, world)
    _add_payments(router, world)
    _add_payouts(router, world)
    return router


def _add_account(router: APIRouter, world: World) -> None:
    @router.get("/v1/status")
    def status() -> Response:
        return told({"message": "OK"})

    @router.post("/v1/auth")
    def auth(body: BodyDep) -> Response:
        is_known = (
            body.get("email") in world.secrets["emails"]
            and body.get("password") in world.secrets["passwords"]
        )
        if not is_known:
            raise Refused(403, "ACCESS_DENIED", "Wrong email or password")
        token = {"id": secrets.token_urlsafe(48), "until": (world.now() + _TOKEN_LIFE).isoformat()}
        world.store.put(token, kind="token")
        return told({"token": token["id"]})


def _add_payments(router: APIRouter, world: World) -> None:
    @router.post("/v1/invoice")
    def invoice(request: Request, body: BodyDep) -> Response:
        check_key(world, request)
        made = verbs.create_invoice(world, body)
        url = f"{request.base_url}payment/?iid={made['id']}"
        rest = {name: value for name, value in made.items() if name != "created"}
        return told(rest | {"invoice_url": url})

    @router.get("/v1/payment/")
    def listed(  # noqa: PLR0917 - NOWPayments' own query
        request: Request,
        limit: int = 10,
        page: int = 0,
        invoiceId: str = "",
        sortBy: str = "created_at",
        orderBy: str = "desc",
    ) -> Response:
        check_token(world, request)
        del sortBy
        payments = world.store.listed("payment", "? in ('', parent)", invoiceId)
        if orderBy == "asc":
            payments.reverse()
        shown = [verbs.shown(one) for one in payments[page * limit : (page + 1) * limit]]
        counted = {"limit": limit, "page": page, "total": len(payments)}
        return told({"data": shown} | counted | {"pagesCount": -(-len(payments) // limit)})

    @router.get("/v1/payment/{identifier}")
    def payment(identifier: str, request: Request) -> Response:
        check_key(world, request)
        return told(verbs.shown(found(world, "payment", identifier)))


def _add_payouts(router: APIRouter, world: World) -> None:
    @router.post("/v1/payout")
    def create(request: Request, body: BodyDep) -> Response:
        check_token(world, request)
        with world.store.transaction():
            return told(payouts.create(world, body))

    @router.post("/v1/payout/{identifier}/verify")
    def verify(identifier: str, request: Request, body: BodyDep) -> Response:
        check_token(world, request)
        with world.store.transaction():
            payouts.verify(world, identifier, str(body.get("verification_code", "")))
        return Response("OK", media_type="text/html")

    @router.get("/v1/payout")
    def listed(request: Request, limit: int = 10, page: int = 0) -> Response:
        check_token(world, request)
        found_ones = world.store.listed("withdrawal")[page * limit : (page + 1) * limit]
        return told({"payouts": [payouts.shown(one) for one in found_ones]})

    @router.get("/v1/payout/{identifier}")
    def payout(identifier: str, request: Request) -> Response:
        check_token(world, request)
        return told([payouts.shown(found(world, "withdrawal", identifier))])
