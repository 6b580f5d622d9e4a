"""A client's own online banking: a transfer to the broker, as people make it."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse

from operational.kit import iban as numbers
from operational.kit.money import AmountInvalid, Money
from sandbox.bank import verbs
from sandbox.pages import templates
from sandbox.world import World


def routes(world: World) -> APIRouter:
    router = APIRouter()

    @router.get("/banking")
    def form(currency: str = "EUR", amount: str = "", text: str = "") -> HTMLResponse:
        return _show(world, currency=currency, amount=amount, text=text)

    @router.post("/banking")
    def pay(
        payer: Annotated[str, Form()],
        iban: Annotated[str, Form()],
        amount: Annotated[str, Form()],
        currency: Annotated[str, Form()],
        text: Annotated[str, Form()] = "",
    ) -> HTMLResponse:
        given = {"currency": currency, "amount": amount, "text": text, "payer": payer, "iban": iban}
        try:
            money = Money.parse(amount, currency)
        except AmountInvalid as error:
            return _show(world, complaint=str(error), **given)
        if money.minor <= 0 or not numbers.is_valid(iban) or not payer.strip():
            complaint = "A name, an IBAN that exists and an amount are needed."
            return _show(world, complaint=complaint, **given)
        told = {"party": payer.strip(), "party_iban": numbers.compact(iban), "text": text}
        booked = verbs.book(world, currency, money.minor, told)
        return _show(world, done=f"{money} on their way, {booked['id']}.", currency=currency)

    return router


def _show(world: World, *, complaint: str = "", done: str = "", **given: str) -> HTMLResponse:
    bank = verbs.bank_of(world)
    page = templates.get_template("banking.html").render(
        holder=bank.holder,
        accounts={one: numbers.readable(number) for one, number in bank.accounts.items()},
        complaint=complaint,
        done=done,
        given=given,
    )
    return HTMLResponse(page, 422 if complaint else 200)
