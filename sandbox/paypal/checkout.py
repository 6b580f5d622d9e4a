"""PayPal's orders, and the page on which a client agrees to pay one."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from operational.kit.money import Money
from sandbox.pages import templates
from sandbox.paypal import verbs
from sandbox.paypal.routes import BodyDep, amount_of, guarded
from sandbox.paypal.verbs import found, invalid
from sandbox.store import Document
from sandbox.world import World


def _create(world: World, body: Document, origin: str) -> Document:
    units = body.get("purchase_units")
    if not isinstance(units, list) or len(units) != 1 or body.get("intent") != "CAPTURE":
        raise invalid("One unit with intent CAPTURE is played here", "INVALID_REQUEST", 400)
    unit = {name: units[0].get(name, "") for name in ("custom_id", "invoice_id", "description")}
    unit |= {"reference_id": "default", "amount": amount_of(units[0])}
    source = (body.get("payment_source") or {}).get("paypal") or {}
    page = source.get("experience_context") or {}
    identifier = verbs.new_id(world)
    order: Document = {
        "id": identifier,
        "created": world.clock.epoch(),
        "mark": "",
        "intent": "CAPTURE",
        "status": "PAYER_ACTION_REQUIRED",
        "payment_source": {"paypal": {}},
        "purchase_units": [unit],
        "create_time": verbs.now_text(world),
        "application_context": {name: page.get(name, "") for name in ("return_url", "cancel_url")},
        "links": [
            {"rel": "self", "href": f"{origin}v2/checkout/orders/{identifier}", "method": "GET"},
            {
                "rel": "payer-action",
                "href": f"{origin}checkoutnow?token={identifier}",
                "method": "GET",
            },
        ],
    }
    world.store.put(order, kind="order", reference=unit["custom_id"])
    return order


def routes(world: World) -> APIRouter:
    router = APIRouter()
    _add_api(router, world)
    _add_page(router, world)
    return router


def _add_api(router: APIRouter, world: World) -> None:
    @router.post("/v2/checkout/orders")
    def create(request: Request, body: BodyDep) -> Response:
        origin = str(request.base_url)
        return guarded(world, request, body, lambda: _create(world, body, origin))

    @router.get("/v2/checkout/orders/{identifier}")
    def order(identifier: str, request: Request) -> Response:
        def effect() -> Document:
            return verbs.with_payments(world, found(world, "order", identifier))

        return guarded(world, request, {}, effect, 200)

    @router.post("/v2/checkout/orders/{identifier}/capture")
    def capture(identifier: str, request: Request, body: BodyDep) -> Response:
        return guarded(
            world, request, body, lambda: verbs.capture(world, found(world, "order", identifier))
        )


def _add_page(router: APIRouter, world: World) -> None:
    @router.get("/checkoutnow")
    def show(token: str) -> HTMLResponse:
        return _show(world, token)

    @router.post("/checkoutnow")
    def agree(
        token: str,
        payer: Annotated[str, Form()] = "",
        choice: Annotated[str, Form()] = "pay",
    ) -> Response:
        with world.store.transaction():
            order = found(world, "order", token)
            if order["status"] != "PAYER_ACTION_REQUIRED":
                return _show(world, token)
            context = order["application_context"]
            if choice == "decline":
                return RedirectResponse(context["cancel_url"] or "/", 303)
            if "@" not in payer:
                return _show(world, token, "Which account is it? An e-mail address says so.")
            verbs.approve(world, order, payer)
        query = urlencode({"token": token, "PayerID": order["payer"]["payer_id"]})
        mark = "&" if "?" in context["return_url"] else "?"
        return RedirectResponse(f"{context['return_url']}{mark}{query}", 303)


def _show(world: World, identifier: str, complaint: str = "") -> HTMLResponse:
    order = found(world, "order", identifier)
    unit = order["purchase_units"][0]
    money = Money.parse(unit["amount"]["value"], unit["amount"]["currency_code"])
    return HTMLResponse(
        templates.get_template("paypal.html").render(
            vendor="PayPal",
            amount=f"{money.major:,} {money.currency}",
            description=unit["description"],
            reference=unit["custom_id"],
            is_open=order["status"] == "PAYER_ACTION_REQUIRED",
            back_url=order["application_context"]["return_url"],
            complaint=complaint,
        ),
        422 if complaint else 200,
    )
