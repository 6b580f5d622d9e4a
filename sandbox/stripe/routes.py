"""Stripe's API: form-encoded calls, JSON answers, idempotency keys, lists and search."""

import base64
import json
import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from sandbox.once import KeyReused, once
from sandbox.store import Document
from sandbox.stripe import verbs
from sandbox.stripe.cards import Card, card_of
from sandbox.stripe.vendor import error
from sandbox.stripe.verbs import Refused, found, invalid
from sandbox.vendor import Answer
from sandbox.world import World

Form = dict[str, str]

_PAGE_MAX = 100
_METADATA = re.compile(r"metadata\[([^\]]+)\]")
_SEARCH = re.compile(r"""metadata\[['"](\w+)['"]\]\s*:\s*['"]([^'"]*)['"]""")


async def _form(request: Request) -> Form:
    return {name: str(value) for name, value in (await request.form()).items()}


FormDep = Annotated[Form, Depends(_form)]


def metadata_of(form: Form, prefix: str = "") -> dict[str, str]:
    """The fields ``metadata[key]``, or ``prefix[metadata][key]``."""
    pattern = re.compile(re.escape(prefix) + r"\[metadata\]\[([^\]]+)\]") if prefix else _METADATA
    matches = ((pattern.fullmatch(name), value) for name, value in form.items())
    return {match[1]: value for match, value in matches if match}


def amount_of(form: Form, name: str = "amount") -> int:
    """A whole number of minor units.

    Raises:
        Refused: it is missing or no number.
    """
    text = form.get(name, "")
    if not text.isdigit():
        raise invalid(f"Invalid integer: {text}" if text else f"Missing required param: {name}.")
    return int(text)


def needed(form: Form, name: str) -> str:
    if not form.get(name):
        raise invalid(f"Missing required param: {name}.", "parameter_missing")
    return form[name]


def respond(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


def guarded(
    world: World, request: Request, form: Form, effect: Callable[[], Document | Answer]
) -> Response:
    """Check the key, carry out at most once, and answer in Stripe's way."""

    def answer() -> Answer:
        made = effect()
        return (
            made if isinstance(made, Answer) else Answer(200, json.dumps(made, indent=2).encode())
        )

    # Reading needs no key, and heeds none.
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    call = f"{request.url.path}?{urlencode(sorted(form.items()))}"
    authorise(world, request)
    try:
        given, repeated = once(world, key, call, answer)
    except KeyReused:
        message = "Keys for idempotent requests can only be used with the same parameters."
        return respond(error(400, "idempotency_error", "idempotency_key_in_use", message))
    if repeated:
        given.headers["Idempotent-Replayed"] = "true"
    return respond(given)


def authorise(world: World, request: Request) -> None:
    """Bearer or basic, with one of the keys.

    Raises:
        Refused: no key, or an unknown one.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        scheme, token = "bearer", _user_of(token)
    if scheme.lower() != "bearer" or token not in world.secrets["api_keys"]:
        raise Refused(error(401, "invalid_request_error", "api_key_invalid", "Invalid API key."))


def _user_of(credentials: str) -> str:
    """The user name of basic credentials: Stripe takes the key for it, and no password."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


def confirmed(world: World, intent: Document, card: Card) -> Document | Answer:
    """The intent after a try; a declined one as the error that Stripe answers with."""
    intent = verbs.pay(world, intent, card)
    failure = intent["last_payment_error"]
    if failure is None:
        return intent
    body = {"error": failure | {"payment_intent": intent}}
    return Answer(402, json.dumps(body, indent=2).encode())


def page(url: str, documents: list[Document], query: dict[str, str]) -> Document:
    """A list in Stripe's shape: newest first, ``limit`` and ``starting_after``."""
    since = int(query.get("created[gte]", 0))
    until = int(query.get("created[lte]", 2**62))
    kept = [document for document in documents if since <= document["created"] <= until]
    if status := query.get("status"):
        kept = [document for document in kept if document["status"] == status]
    if after := query.get("starting_after"):
        identifiers = [document["id"] for document in kept]
        kept = kept[identifiers.index(after) + 1 :] if after in identifiers else []
    limit = min(int(query.get("limit", 10)), _PAGE_MAX)
    more = len(kept) > limit
    return {"object": "list", "url": url, "has_more": more, "data": kept[:limit]}


def card_in(form: Form) -> Card:
    """The card of a confirmation: a test token, or a number typed in."""
    number = form.get("payment_method_data[card][number]")
    country = form.get("payment_method_data[billing_details][address][country]", "US")
    return Card(number, country) if number else card_of(form.get("payment_method", ""))


def routes(world: World) -> APIRouter:
    """Intents, refunds and payouts; reading anything is in `reading`."""
    router = APIRouter(prefix="/v1")
    _add_payments(router, world)
    _add_payouts(router, world)
    return router


def _add_payments(router: APIRouter, world: World) -> None:
    @router.post("/payment_intents")
    def create_intent(request: Request, form: FormDep) -> Response:
        def effect() -> Document | Answer:
            intent = verbs.create_intent(
                world,
                amount=amount_of(form),
                currency=needed(form, "currency"),
                metadata=metadata_of(form),
                description=form.get("description"),
            )
            return (
                confirmed(world, intent, card_in(form)) if form.get("confirm") == "true" else intent
            )

        return guarded(world, request, form, effect)

    @router.post("/payment_intents/{identifier}/confirm")
    def confirm(identifier: str, request: Request, form: FormDep) -> Response:
        return guarded(
            world,
            request,
            form,
            lambda: confirmed(world, found(world, "payment_intent", identifier), card_in(form)),
        )

    @router.post("/payment_intents/{identifier}/cancel")
    def cancel(identifier: str, request: Request, form: FormDep) -> Response:
        return guarded(
            world,
            request,
            form,
            lambda: verbs.cancel(world, found(world, "payment_intent", identifier)),
        )

    @router.post("/refunds")
    def refund(request: Request, form: FormDep) -> Response:
        def effect() -> Document:
            amount = amount_of(form) if "amount" in form else None
            return verbs.refund(
                world, _charge_of(world, form), amount=amount, metadata=metadata_of(form)
            )

        return guarded(world, request, form, effect)


def _add_payouts(router: APIRouter, world: World) -> None:
    @router.post("/payouts")
    def create_payout(request: Request, form: FormDep) -> Response:
        return guarded(
            world,
            request,
            form,
            lambda: verbs.create_payout(
                world,
                amount=amount_of(form),
                currency=needed(form, "currency"),
                metadata=metadata_of(form),
                destination=form.get("destination"),
            ),
        )

    @router.post("/payouts/{identifier}/cancel")
    def cancel_payout(identifier: str, request: Request, form: FormDep) -> Response:
        return guarded(
            world,
            request,
            form,
            lambda: verbs.move_payout(world, found(world, "payout", identifier), "canceled"),
        )


def _charge_of(world: World, form: Form) -> Document:
    """The charge a refund names, by itself or by its intent."""
    if "charge" in form:
        return found(world, "charge", form["charge"])
    intent = found(world, "payment_intent", needed(form, "payment_intent"))
    return found(world, "charge", intent["latest_charge"] or "")


_LISTS = {
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "payouts": "payout",
    "disputes": "dispute",
    "events": "event",
    "balance_transactions": "balance_transaction",
    "checkout/sessions": "checkout.session",
}


# These hang from the charge; all else from the intent.
_OF_CHARGE = frozenset({"refund", "dispute"})


def _narrowed(world: World, kind: str, query: Form) -> list[Document]:
    """Every object of a kind, or those of one intent or one charge."""
    parent, intent = query.get("charge", ""), query.get("payment_intent")
    if intent and kind in _OF_CHARGE:
        charges = world.store.listed("charge", "parent = ?", intent)
        parent = charges[0]["id"] if charges else intent
    elif intent:
        parent = intent
    return world.store.listed(kind, *(("parent = ?", parent) if parent else ("true",)))


def reading(world: World) -> APIRouter:
    """Every object by its id, every kind as a list, intents and charges by search."""
    router = APIRouter(prefix="/v1")

    @router.get("/payment_intents/search")
    def search(request: Request, query: str) -> Response:
        def effect() -> Document:
            wanted = _SEARCH.search(query)
            if wanted is None or wanted[1] != "reference":
                raise invalid("Only metadata['reference']:'...' is searched here.", "parameter")
            data = world.store.listed("payment_intent", "reference = ?", wanted[2])
            url = "/v1/payment_intents/search"
            return {"object": "search_result", "url": url, "has_more": False, "data": data}

        return guarded(world, request, {"query": query}, effect)

    def add(path: str, kind: str) -> None:
        @router.get(f"/{path}")
        def many(request: Request) -> Response:
            query = dict(request.query_params)
            return guarded(
                world,
                request,
                query,
                lambda: page(f"/v1/{path}", _narrowed(world, kind, query), query),
            )

        @router.get(f"/{path}/{{identifier}}")
        def one(identifier: str, request: Request) -> Response:
            return guarded(world, request, {}, lambda: found(world, kind, identifier))

    for path, kind in _LISTS.items():
        add(path, kind)
    return router
