"""Answering disputes at Stripe: a file for the pack, text fields for the rest, submitted at once."""

import httpx

from operational.payments.psp.disputes import Defence
from operational.payments.psp.wire import answered

# Stripe's name of each field of a pack's summary (API reference, the dispute object's evidence).
_FIELDS = {
    "name": "customer_name",
    "email": "customer_email_address",
    "ip": "customer_purchase_ip",
    "product": "product_description",
    "service_date": "service_date",
    "activity": "access_activity_log",
    "statement": "uncategorized_text",
}
_ANSWERED = frozenset({"under_review", "warning_under_review", "won", "lost"})


def defend(client: httpx.Client, defence: Defence) -> None:
    """Upload the pack, then name it in the evidence. Both are done once per reference."""
    files = client.base_url.copy_with(host=client.base_url.host.replace("api.", "files.", 1))
    upload = client.build_request(
        "POST",
        files.join("/v1/files"),
        data={"purpose": "dispute_evidence"},
        files={"file": (f"{defence.reference}.pdf", defence.document, "application/pdf")},
        headers={"Idempotency-Key": f"{defence.reference}-file"},
    )
    stored = answered(upload, client)
    form = {
        f"evidence[{name}]": defence.summary[ours]
        for ours, name in _FIELDS.items()
        if defence.summary.get(ours)
    }
    form |= {"evidence[uncategorized_file]": str(stored["id"]), "submit": "true"}
    headers = {"Idempotency-Key": f"{defence.reference}-evidence"}
    path = f"/v1/disputes/{defence.psp_dispute_id}"
    answered(client.build_request("POST", path, data=form, headers=headers), client)


def accept(client: httpx.Client, reference: str, psp_dispute_id: str) -> None:
    headers = {"Idempotency-Key": f"{reference}-close"}
    path = f"/v1/disputes/{psp_dispute_id}/close"
    answered(client.build_request("POST", path, headers=headers), client)


def is_answered(client: httpx.Client, psp_dispute_id: str) -> bool:
    found = answered(client.build_request("GET", f"/v1/disputes/{psp_dispute_id}"), client)
    return found["status"] in _ANSWERED
