"""Adyen's Disputes API: a document, a defence, or giving in."""

import base64
import binascii
from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sandbox.adyen import verbs
from sandbox.adyen.routes import BodyDep, guarded, needed
from sandbox.store import Document
from sandbox.world import World

_API = "/ca/services/DisputeService/v30"


def _result(error: str = "") -> Document:
    found: Document = {"success": not error}
    return {"disputeServiceResult": found | ({"errorMessage": error} if error else {})}


def supply(world: World, body: Document) -> Document:
    """Keep a document; one of the same type before it is replaced."""
    opened = verbs.found(world, "dispute", needed(body, "disputePspReference"))
    if opened["status"] != "Chargeback":
        return _result("Dispute cannot be defended")
    for document in body.get("defenseDocuments") or []:
        try:
            content = base64.b64decode(document.get("content", ""), validate=True)
        except binascii.Error:
            content = b""
        if not content.startswith(b"%PDF") or document.get("contentType") != "application/pdf":
            return _result("Invalid document")
        opened.setdefault("documents", {})[document["defenseDocumentTypeCode"]] = len(content)
    world.store.put(opened, kind="dispute")
    return _result()


def defend(world: World, body: Document) -> Document:
    opened = verbs.found(world, "dispute", needed(body, "disputePspReference"))
    needed(body, "defenseReasonCode")
    if opened["status"] != "Chargeback" or not opened.get("documents"):
        return _result("Dispute cannot be defended")
    verbs.move_dispute(world, opened, "Defended", "INFORMATION_SUPPLIED", "Pending")
    return _result()


def accept(world: World, body: Document) -> Document:
    opened = verbs.found(world, "dispute", needed(body, "disputePspReference"))
    if opened["status"] != "Chargeback":
        return _result("Dispute cannot be accepted")
    verbs.move_dispute(world, opened, "Accepted", "DISPUTE_DEFENSE_PERIOD_ENDED", "Accepted")
    return _result()


def routes(world: World) -> APIRouter:
    router = APIRouter(prefix=_API)

    def add(path: str, verb: Callable[[World, Document], Document]) -> None:
        @router.post(f"/{path}")
        def call(request: Request, body: BodyDep) -> Response:
            # This API calls the account by another name than the rest.
            named = body | {"merchantAccount": body.get("merchantAccountCode")}
            return guarded(world, request, named, lambda: verb(world, body), 200)

    for path, verb in (
        ("supplyDefenseDocument", supply),
        ("defendDispute", defend),
        ("acceptDispute", accept),
    ):
        add(path, verb)
    return router
