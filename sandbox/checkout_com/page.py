"""Checkout.com's hosted payments page."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sandbox.checkout_com import verbs
from sandbox.checkout_com.routes import BodyDep, amount_of, guarded
from sandbox.checkout_com.vendor import Refused
from sandbox.checkout_com.verbs import found
from sandbox.clock import moment
from sandbox.pages import payment_page
from sandbox.store import Document
from sandbox.world import World

_LIFE = timedelta(days=1)


def _create(world: World, body: Document) -> Document:
    if body.get("processing_channel_id") not in world.secrets["processing_channels"]:
        raise Refused(422, "processing_channel_id_invalid")
    for name in ("success_url", "failure_url", "cancel_url", "billing"):
        if not body.get(name):
            raise Refused(422, f"{name}_required")
    session: Document = {
        "id": world.store.new_id("hpp_", 26),
        "created": world.clock.epoch(),
        "status": "Payment Pending",
        "reference": str(body.get("reference", "")),
        "description": str(body.get("description", "")),
        "success_url": body["success_url"],
        "failure_url": body["failure_url"],
        "cancel_url": body["cancel_url"],
        "expires_on": (world.now() + _LIFE).isoformat(),
        "payment_id": None,
    } | amount_of(body)
    world.store.put(session, kind="session", reference=session["reference"])
    return session


def try_card(world: World, session: Document, number: str, country: str) -> Document:
    """A try on the page; one that works closes it."""
    if not is_open(world, session):
        raise Refused(422, "session_closed")
    payment = verbs.pay(world, session, number=number, country=country)
    session["payment_id"] = payment["id"]
    if payment["approved"]:
        session["status"] = "Payment Received"
    world.store.put(session, kind="session")
    return payment


def is_open(world: World, session: Document) -> bool:
    is_late = world.now() >= moment(session["expires_on"])
    return session["status"] == "Payment Pending" and not is_late


def _shown(session: Document, origin: str) -> Document:
    kept = ("id", "status", "reference", "amount", "currency", "description", "payment_id")
    links = {
        "self": {"href": f"{origin}hosted-payments/{session['id']}"},
        "redirect": {"href": f"{origin}page/{session['id']}"},
    }
    return {name: session[name] for name in kept if session[name] is not None} | {"_links": links}


def routes(world: World) -> APIRouter:
    router = APIRouter()

    @router.post("/hosted-payments")
    def create(request: Request, body: BodyDep) -> Response:
        origin = str(request.base_url)
        return guarded(world, request, lambda: _shown(_create(world, body), origin), status=201)

    @router.get("/hosted-payments/{identifier}")
    def session(identifier: str, request: Request) -> Response:
        origin = str(request.base_url)
        return guarded(world, request, lambda: _shown(found(world, "session", identifier), origin))

    @router.get("/page/{identifier}")
    def show(identifier: str) -> HTMLResponse:
        return _show(world, identifier)

    @router.post("/page/{identifier}")
    def pay(
        identifier: str,
        card: Annotated[str, Form()] = "",
        country: Annotated[str, Form()] = "NL",
        choice: Annotated[str, Form()] = "pay",
    ) -> Response:
        with world.store.transaction():
            session = found(world, "session", identifier)
            if not is_open(world, session):
                return _show(world, identifier)
            if choice == "decline":
                verbs.decline(world, session)
                return RedirectResponse(session["failure_url"], 303)
            payment = try_card(world, session, card, country)
        if not payment["approved"]:
            return _show(world, identifier, "The payment was declined.")
        mark = "&" if "?" in session["success_url"] else "?"
        query = urlencode({"cko-session-id": identifier, "cko-payment-id": payment["id"]})
        return RedirectResponse(f"{session['success_url']}{mark}{query}", 303)

    return router


def _show(world: World, identifier: str, complaint: str = "") -> HTMLResponse:
    session = world.store.get("session", identifier)
    if session is None:
        return HTMLResponse("No such payment page.", 404)
    return payment_page(
        vendor="Checkout.com",
        amount_minor=session["amount"],
        currency=session["currency"],
        description=session["description"],
        reference=session["reference"],
        is_open=is_open(world, session),
        back_url=session["cancel_url"],
        complaint=complaint,
    )
