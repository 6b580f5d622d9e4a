"""NOWPayments' invoice page: choose a coin, then send more or less of it."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sandbox.nowpayments import verbs
from sandbox.nowpayments.verbs import found
from sandbox.pages import templates
from sandbox.store import Document
from sandbox.world import World

SHARES = {"all": 100, "less": 60, "more": 110}
_NAMES = {
    "usdttrc20": "USDT on Tron",
    "usdterc20": "USDT on Ethereum",
    "usdcerc20": "USDC on Ethereum",
    "btc": "Bitcoin",
    "eth": "Ether",
    "ltc": "Litecoin",
    "trx": "Tron",
}


def routes(world: World) -> APIRouter:
    router = APIRouter()

    @router.get("/payment/")
    def show(iid: str) -> HTMLResponse:
        return _show(world, iid)

    @router.post("/payment/")
    def act(
        iid: str,
        coin: Annotated[str, Form()] = "",
        choice: Annotated[str, Form()] = "",
    ) -> Response:
        with world.store.transaction():
            invoice = found(world, "invoice", iid)
            if coin:
                verbs.choose_coin(world, invoice, coin)
                return RedirectResponse(f"/payment/?iid={iid}", 303)
            payment = _chosen(world, iid)
            if payment is None:
                return _show(world, iid)
            if choice == "give_up":
                verbs.end(world, payment, "expired")
                return RedirectResponse(invoice["cancel_url"] or "/payment/", 303)
            amount = Decimal(payment["pay_amount"]) * SHARES[choice] / 100
            payment = verbs.send(world, payment, amount)
        is_part = payment["payment_status"] == "partially_paid"
        back = invoice["partially_paid_url"] if is_part else invoice["success_url"]
        return RedirectResponse(back or f"/payment/?iid={iid}", 303)

    return router


def _chosen(world: World, invoice_id: str) -> Document | None:
    """The payment in the coin that was chosen last, not what came to its address again."""
    payments = world.store.listed("payment", "parent = ?", invoice_id)
    return next((one for one in payments if one["parent_payment_id"] is None), None)


def _show(world: World, invoice_id: str) -> HTMLResponse:
    invoice = world.store.get("invoice", invoice_id)
    if invoice is None:
        return HTMLResponse("No such invoice.", 404)
    payment = _chosen(world, invoice_id)
    return HTMLResponse(
        templates.get_template("crypto.html").render(
            vendor="NOWPayments",
            amount=f"{Decimal(invoice['price_amount']):,.2f} {invoice['price_currency'].upper()}",
            description=invoice["order_description"],
            reference=invoice["order_id"],
            back_url=invoice["cancel_url"],
            coins=_NAMES,
            payment=payment,
            coin_name=_NAMES[payment["pay_currency"]] if payment else "",
            less=SHARES["less"],
            more=SHARES["more"],
        )
    )
