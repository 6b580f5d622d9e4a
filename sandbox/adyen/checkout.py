"""Adyen's hosted page, behind payment links and hosted sessions."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sandbox.adyen import verbs
from sandbox.adyen.routes import BodyDep, amount_of, guarded, needed
from sandbox.adyen.verbs import found
from sandbox.pages import payment_page
from sandbox.store import Document
from sandbox.world import World

_LIFE = timedelta(days=1)


def _create(world: World, body: Document, prefix: str, origin: str) -> Document:
    """A link and a session are the same thing under two names."""
    identifier = world.store.new_id(prefix, 16)
    opened = {
        "id": identifier,
        "created": world.clock.epoch(),
        "amount": amount_of(body),
        "merchantAccount": body["merchantAccount"],
        "reference": needed(body, "reference"),
        "returnUrl": body.get("returnUrl", ""),
        "expiresAt": verbs.local(world.now() + _LIFE),
        "description": body.get("description", ""),
        "status": "active",
        "payments": [],
        "url": f"{origin}pay/{identifier}",
    }
    world.store.put(opened, kind="link", reference=opened["reference"])
    return opened


def keep_attempt(world: World, opened: Document, payment: Document) -> str:
    """Remember a try on the page; one that worked closes it. Return the session's result."""
    opened["payments"].append(payment["id"])
    if payment["status"] == "Authorised":
        opened["status"] = "completed"
    world.store.put(opened, kind="link")
    return _result(world, opened)


def _result(world: World, opened: Document) -> str:
    """What the browser takes along: it shows the session as it was then, and is not updated."""
    tried = [found(world, "payment", identifier) for identifier in opened["payments"]]
    result = {
        "id": world.store.new_id("X3XtfGC9!", 40),
        "created": world.clock.epoch(),
        "session": {
            "id": opened["id"],
            "reference": opened["reference"],
            "status": opened["status"],
            "payments": [
                {
                    "pspReference": payment["id"],
                    "resultCode": payment["status"],
                    "amount": payment["amount"],
                }
                for payment in tried
            ],
        },
    }
    world.store.put(result, kind="session_result", parent=opened["id"])
    return str(result["id"])


def _way_back(opened: Document, result: str) -> str:
    """Where the browser goes after the page, with the result if it was a session's."""
    if not opened["returnUrl"]:
        return f"/pay/{opened['id']}"
    if opened["id"].startswith("PL"):
        return str(opened["returnUrl"])
    mark = "&" if "?" in opened["returnUrl"] else "?"
    query = urlencode({"sessionId": opened["id"], "sessionResult": result})
    return f"{opened['returnUrl']}{mark}{query}"


def _as_link(opened: Document) -> Document:
    hidden = {"created", "payments"}
    return {name: value for name, value in opened.items() if name not in hidden}


def _as_session(opened: Document) -> Document:
    kept = ("id", "amount", "merchantAccount", "reference", "returnUrl", "expiresAt", "url")
    fixed = {"mode": "hosted", "sessionData": f"Ab02b4c0!{opened['id']}"}
    return {name: opened[name] for name in kept} | fixed


def routes(world: World) -> APIRouter:
    router = APIRouter()
    _add_api(router, world)
    _add_page(router, world)
    return router


def _add_api(router: APIRouter, world: World) -> None:
    @router.post("/v71/paymentLinks")
    def create_link(request: Request, body: BodyDep) -> Response:
        origin = str(request.base_url)
        return guarded(world, request, body, lambda: _as_link(_create(world, body, "PL", origin)))

    @router.get("/v71/paymentLinks/{identifier}")
    def link(identifier: str, request: Request) -> Response:
        return guarded(world, request, {}, lambda: _as_link(found(world, "link", identifier)), 200)

    @router.post("/v71/sessions")
    def create_session(request: Request, body: BodyDep) -> Response:
        origin = str(request.base_url)
        return guarded(
            world, request, body, lambda: _as_session(_create(world, body, "CS", origin))
        )

    @router.get("/v71/sessions/{identifier}")
    def session(identifier: str, request: Request) -> Response:
        def effect() -> Document:
            token = needed(dict(request.query_params), "sessionResult")
            shown: Document = found(world, "session_result", token)["session"]
            if shown["id"] != identifier:
                raise verbs.invalid("167", "The sessionResult is of another session")
            return shown

        return guarded(world, request, {}, effect, 200)


def _add_page(router: APIRouter, world: World) -> None:
    @router.get("/pay/{identifier}")
    def show(identifier: str) -> HTMLResponse:
        return _show(world, identifier)

    @router.post("/pay/{identifier}")
    def pay(
        identifier: str,
        card: Annotated[str, Form()] = "",
        country: Annotated[str, Form()] = "NL",
        choice: Annotated[str, Form()] = "pay",
    ) -> Response:
        with world.store.transaction():
            opened = found(world, "link", identifier)
            if opened["status"] != "active":
                return _show(world, identifier)
            amount, reference = opened["amount"], opened["reference"]
            if choice == "decline":
                refused = verbs.decline(world, amount=amount, reference=reference)
                result = keep_attempt(world, opened, refused)
                return RedirectResponse(_way_back(opened, result), 303)
            payment = verbs.authorise(
                world, amount=amount, reference=reference, number=card, country=country
            )
            result = keep_attempt(world, opened, payment)
        if payment["status"] != "Authorised":
            return _show(world, identifier, f"The payment was refused: {payment['reason']}.")
        return RedirectResponse(_way_back(opened, result), 303)


def _show(world: World, identifier: str, complaint: str = "") -> HTMLResponse:
    opened = world.store.get("link", identifier)
    if opened is None:
        return HTMLResponse("No such payment link.", 404)
    return payment_page(
        vendor="Adyen",
        amount_minor=opened["amount"]["value"],
        currency=opened["amount"]["currency"],
        description=opened["description"],
        reference=opened["reference"],
        is_open=opened["status"] == "active",
        back_url=opened["returnUrl"],
        complaint=complaint,
    )
