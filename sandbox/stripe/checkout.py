"""Stripe's hosted payment page: sessions, and what the person paying sees."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sandbox.pages import payment_page
from sandbox.store import Document
from sandbox.stripe import verbs
from sandbox.stripe.cards import Card
from sandbox.stripe.routes import FormDep, amount_of, guarded, metadata_of, needed
from sandbox.stripe.verbs import found
from sandbox.world import World

_LIFE_SECONDS = 86_400


def _create_session(world: World, form: dict[str, str], origin: str) -> Document:
    """A session over one line item, with its intent made at once."""
    quantity = int(form.get("line_items[0][quantity]", "1"))
    metadata = metadata_of(form)
    intent = verbs.create_intent(
        world,
        amount=amount_of(form, "line_items[0][price_data][unit_amount]") * quantity,
        currency=needed(form, "line_items[0][price_data][currency]"),
        metadata=metadata | metadata_of(form, "payment_intent_data"),
        description=form.get("line_items[0][price_data][product_data][name]"),
    )
    identifier = world.store.new_id("cs_test_", 40)
    session = {
        "id": identifier,
        "object": "checkout.session",
        "amount_subtotal": intent["amount"],
        "amount_total": intent["amount"],
        "cancel_url": form.get("cancel_url"),
        "client_reference_id": form.get("client_reference_id"),
        "created": world.clock.epoch(),
        "currency": intent["currency"],
        "customer_email": form.get("customer_email"),
        "expires_at": world.clock.epoch() + _LIFE_SECONDS,
        "livemode": False,
        "metadata": metadata,
        "mode": "payment",
        "payment_intent": intent["id"],
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": needed(form, "success_url"),
        "url": f"{origin}checkout/{identifier}",
    }
    world.store.put(
        session,
        kind="checkout.session",
        reference=intent["metadata"].get("reference", ""),
        parent=intent["id"],
    )
    return session


def _visited(world: World, identifier: str) -> tuple[Document, Document]:
    """A page and its intent, as whoever opens it now finds them: closed after a day.

    No timer closes it, for a session may be opened by a call that travelled in time.
    """
    session = found(world, "checkout.session", identifier)
    intent = found(world, "payment_intent", session["payment_intent"])
    is_open = session["status"] == "open" and intent["status"] == "requires_payment_method"
    if is_open and session["expires_at"] <= world.clock.epoch():
        session = verbs.expire_session(world, session)
        intent = found(world, "payment_intent", session["payment_intent"])
    return session, intent


def routes(world: World) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/checkout/sessions")
    def create_session(request: Request, form: FormDep) -> Response:
        origin = str(request.base_url)
        return guarded(world, request, form, lambda: _create_session(world, form, origin))

    @router.post("/v1/checkout/sessions/{identifier}/expire")
    def expire(identifier: str, request: Request, form: FormDep) -> Response:
        def effect() -> Document:
            return verbs.expire_session(world, found(world, "checkout.session", identifier))

        return guarded(world, request, form, effect)

    @router.get("/checkout/{identifier}")
    def show(identifier: str) -> HTMLResponse:
        return _show(world, identifier)

    @router.post("/checkout/{identifier}")
    def pay(
        identifier: str,
        card: Annotated[str, Form()] = "",
        country: Annotated[str, Form()] = "US",
        choice: Annotated[str, Form()] = "pay",
    ) -> Response:
        with world.store.transaction():
            session, intent = _visited(world, identifier)
            if intent["status"] != "requires_payment_method" or session["status"] != "open":
                return _show(world, identifier)
            if choice == "decline":
                verbs.decline(world, intent)
                return RedirectResponse(session["cancel_url"] or session["success_url"], 303)
            intent = verbs.pay(world, intent, Card(card.replace(" ", ""), country))
            if intent["status"] != "succeeded":
                return _show(world, identifier, intent["last_payment_error"]["message"])
            session |= {"status": "complete", "payment_status": "paid"}
            world.store.put(session, kind="checkout.session")
        return RedirectResponse(
            session["success_url"].replace("{CHECKOUT_SESSION_ID}", identifier), 303
        )

    return router


def _show(world: World, identifier: str, complaint: str = "") -> HTMLResponse:
    if world.store.get("checkout.session", identifier) is None:
        return HTMLResponse("No such session.", 404)
    with world.store.transaction():
        session, intent = _visited(world, identifier)
    return payment_page(
        vendor="Stripe",
        amount_minor=intent["amount"],
        currency=intent["currency"].upper(),
        description=intent["description"] or "",
        reference=intent["metadata"].get("reference", ""),
        is_open=intent["status"] == "requires_payment_method" and session["status"] == "open",
        back_url=session["cancel_url"] or session["success_url"],
        complaint=complaint,
    )
