"""Answering disputes at Adyen: the Disputes API, a document and then the defence."""

import base64
from typing import Any

import httpx

from operational.payments.psp import PspRefused
from operational.payments.psp.disputes import Defence
from operational.payments.psp.wire import answered

_API = "/ca/services/DisputeService/v30"
_REASON, _DOCUMENT = "SupplyDefenseMaterial", "DefenseMaterial"
"""Takes evidence of any kind; the others are each for one kind of goods or journey."""


def defend(client: httpx.Client, merchant: str | None, defence: Defence) -> None:
    """A document of the same type replaces the one before it, so it may be sent again."""
    document = {
        "content": base64.b64encode(defence.document).decode(),
        "contentType": "application/pdf",
        "defenseDocumentTypeCode": _DOCUMENT,
    }
    named = _named(merchant, defence.psp_dispute_id)
    supplied = named | {"defenseDocuments": [document]}
    _call(client, "supplyDefenseDocument", supplied, f"{defence.reference}-document")
    decided = named | {"defenseReasonCode": _REASON}
    _call(client, "defendDispute", decided, f"{defence.reference}-defence")


def accept(client: httpx.Client, merchant: str | None, reference: str, psp_dispute_id: str) -> None:
    _call(client, "acceptDispute", _named(merchant, psp_dispute_id), f"{reference}-accept")


def _named(merchant: str | None, psp_dispute_id: str) -> dict[str, Any]:
    return {"disputePspReference": psp_dispute_id, "merchantAccountCode": merchant}


def _call(client: httpx.Client, verb: str, body: dict[str, Any], key: str) -> None:
    """Adyen says no with HTTP 200 too, in `disputeServiceResult`."""
    call = client.build_request(
        "POST", f"{_API}/{verb}", json=body, headers={"Idempotency-Key": key}
    )
    result = answered(call, client).get("disputeServiceResult") or {}
    if result.get("success") is not True:
        raise PspRefused(f"{verb}: {result.get('errorMessage') or 'not done'}")
