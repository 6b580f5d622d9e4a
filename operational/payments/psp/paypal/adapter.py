"""PayPal: orders the client agrees to and we capture, payouts by e-mail, callbacks signed by RSA."""

import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from operational.payments.errors import CallbackMalformed, CallbackRefused
from operational.payments.psp import (
    Created,
    Order,
    PayoutOrder,
    PayoutSent,
    PspEvent,
    PspPayment,
    PspPayout,
    PspRefused,
    SignedEvent,
    strict,
)
from operational.payments.psp.paypal.api import Api, amount_text, last_id, link, moment_of
from operational.payments.psp.paypal.certificates import Certificates
from operational.payments.psp.paypal.reading import (
    Said,
    event_of,
    of_capture,
    of_order,
    of_payout,
    of_refund,
)

PAST_MAX = timedelta(days=4)
"""PayPal repeats a callback for three days, and does not say that it signs it anew."""
FUTURE_MAX = timedelta(minutes=5)
ALGORITHM = "SHA256withRSA"

_FIRST_BATCH = re.compile(
    r"(?s)sender_batch_id already exists.*/v1/payments/payouts/([A-Za-z0-9-]+)"
)


class PayPal:
    """See `Psp`. Two webhook ids may be live while one replaces the other."""

    name = "paypal"
    merchant: str | None = None
    pays_to = frozenset({"paypal"})
    ack = b""
    signature_headers: tuple[str, ...] = (
        "paypal-transmission-id",
        "paypal-transmission-time",
        "paypal-transmission-sig",
        "paypal-cert-url",
        "paypal-auth-algo",
    )

    def __init__(
        self,
        url: str,
        *,
        credentials: tuple[str, str],
        webhook_ids: Sequence[str],
        roots: Sequence[str] = (),
        is_live: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.is_live = is_live
        self._webhook_ids = tuple(webhook_ids)
        self._api = Api(url, credentials, transport)
        self._certificates = Certificates(self._api.client, url, roots, is_live=is_live)

    def close(self) -> None:
        self._api.client.close()

    def create_payment(self, order: Order) -> Created:
        unit = {
            "custom_id": order.reference,
            "invoice_id": order.reference,
            "description": f"Deposit {order.reference}",
            "amount": _amount(order),
        }
        page = {
            "return_url": order.return_url,
            "cancel_url": order.return_url,
            "user_action": "PAY_NOW",
            "shipping_preference": "NO_SHIPPING",
        }
        asked = {
            "intent": "CAPTURE",
            "purchase_units": [unit],
            "payment_source": {"paypal": {"experience_context": page}},
        }
        found = self._api.post("/v2/checkout/orders", asked, key=order.reference)
        return Created(None, str(found["id"]), link(found, "payer-action", "approve") or "")

    def find_payment(
        self,
        reference: str,  # noqa: ARG002 - PayPal has no search by it
        session_id: str | None,
        session_result: str | None,  # noqa: ARG002 - the order says it all
    ) -> PspPayment | None:
        """An order by its id; what a retry began, the same `PayPal-Request-Id` finds."""
        if session_id is None:
            return None
        try:
            order = self._api.get(f"/v2/checkout/orders/{session_id}")
        except PspRefused:
            # One that nobody agreed to in time is forgotten.
            return None
        return self._payment(order)

    def capture_payment(self, reference: str, session_id: str) -> PspPayment:
        """Take the money the client agreed to pay; see `CapturesLater`."""
        path = f"/v2/checkout/orders/{session_id}/capture"
        try:
            return self._payment(self._api.post(path, {}, key=f"{reference}-capture"))
        except PspRefused:
            # Perhaps because it was captured already.
            order = self._api.get(f"/v2/checkout/orders/{session_id}")
            if order["status"] != "COMPLETED":
                raise
            return self._payment(order)

    def _payment(self, order: dict[str, Any]) -> PspPayment:
        """The order's state, captures and refunds, as the events that would have told of them."""
        at = order.get("update_time") or order["create_time"]
        status = order["status"]
        events = [of_order(Said(f"poll:{order['id']}:{status}", "", at), order)]
        for unit in order["purchase_units"]:
            done = unit.get("payments") or {}
            for read, kind in ((of_capture, "captures"), (of_refund, "refunds")):
                events += [read(_polled(one), one) for one in done.get(kind, ())]
        created = Created(None, order["id"], link(order, "payer-action", "approve") or "")
        return PspPayment(created, self._told(events))

    def send_payout(self, order: PayoutOrder) -> PayoutSent:
        if order.source_payment_id is None:
            return self._transfer(order)
        path = f"/v2/payments/captures/{order.source_payment_id}/refund"
        asked = {
            "amount": _amount(order),
            "custom_id": order.reference,
            "invoice_id": order.reference,
        }
        return PayoutSent(str(self._api.post(path, asked, key=order.reference)["id"]))

    def _transfer(self, order: PayoutOrder) -> PayoutSent:
        """A batch of one. A second one under our reference is refused with a link to the first."""
        currency = order.amount.currency
        item = {
            "recipient_type": "EMAIL",
            "receiver": order.destination["email"],
            "amount": {"value": amount_text(order.amount), "currency": currency},
            "sender_item_id": order.reference,
        }
        header = {"sender_batch_id": order.reference, "email_subject": "Your withdrawal"}
        asked = {"sender_batch_header": header, "items": [item]}
        try:
            sent = self._api.post("/v1/payments/payouts", asked, key=order.reference)
        except PspRefused as refusal:
            first = _FIRST_BATCH.search(refusal.answer)
            if first is None:
                raise
            return PayoutSent(first[1])
        return PayoutSent(str(sent["batch_header"]["payout_batch_id"]))

    def find_payout(
        self, reference: str, psp_payout_id: str | None, source_payment_id: str | None
    ) -> PspPayout | None:
        """A transfer by its batch; a refund among those of its order.

        A batch without its id cannot be asked for: the same one is sent again, and not paid twice.
        """
        if source_payment_id is not None:
            return self._refund(reference, source_payment_id)
        if psp_payout_id is None:
            return None
        batch = self._api.get(f"/v1/payments/payouts/{psp_payout_id}")
        items = [one for one in batch.get("items", ()) if _is_of(one, reference)]
        events = [of_payout(_polled_item(one), one) for one in items]
        return PspPayout(PayoutSent(psp_payout_id), self._told(events))

    def _refund(self, reference: str, capture_id: str) -> PspPayout | None:
        capture = self._api.get(f"/v2/payments/captures/{capture_id}")
        order = self._api.get(f"/v2/checkout/orders/{last_id(link(capture, 'up'))}")
        for unit in order["purchase_units"]:
            for one in (unit.get("payments") or {}).get("refunds", ()):
                if one.get("custom_id") == reference:
                    told = self._told([of_refund(_polled(one), one)])
                    return PspPayout(PayoutSent(str(one["id"])), told)
        return None

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[SignedEvent]:
        proof = [headers.get(name, "") for name in self.signature_headers]
        identifier, time, signature, address, algorithm = proof
        if not all(proof) or algorithm != ALGORITHM or not signature.isascii():
            raise CallbackRefused("header")
        try:
            signed_at, mark = moment_of(time), binascii.a2b_base64(signature, strict_mode=True)
        except (CallbackMalformed, ValueError):
            raise CallbackRefused("header") from None
        if not now - PAST_MAX <= signed_at <= now + FUTURE_MAX:
            raise CallbackRefused("timestamp")
        key = self._certificates.key_at(address, now)
        for webhook in self._webhook_ids:
            try:
                key.verify(mark, signed_text(identifier, time, webhook, body), PKCS1v15(), SHA256())
            except InvalidSignature:
                continue
            return [SignedEvent(strict.text(strict.document(body), "id"), body)]
        raise CallbackRefused("signature")

    def parse(self, body: bytes) -> PspEvent | None:
        event = strict.document(body)
        said = Said(
            strict.text(event, "id"),
            strict.text(event, "event_type"),
            strict.text(event, "create_time"),
        )
        told = self._told([event_of(said, strict.inner(event, "resource"))])
        return told[0] if told else None

    def _told(self, events: Sequence[PspEvent | None]) -> tuple[PspEvent, ...]:
        """PayPal's objects do not say their mode: a webhook id and a token have but one."""
        return tuple(replace(one, is_live=self.is_live) for one in events if one is not None)


def signed_text(transmission_id: str, time: str, webhook_id: str, body: bytes) -> bytes:
    """What PayPal signs: four fields joined by bars, the body by its CRC-32 as a decimal number."""
    return f"{transmission_id}|{time}|{webhook_id}|{binascii.crc32(body)}".encode()


def _amount(order: Order | PayoutOrder) -> dict[str, str]:
    return {"currency_code": order.amount.currency, "value": amount_text(order.amount)}


def _polled(found: dict[str, Any]) -> Said:
    at = found.get("update_time") or found["create_time"]
    return Said(f"poll:{found['id']}:{found['status']}", "", at)


def _polled_item(item: dict[str, Any]) -> Said:
    status = item["transaction_status"]
    return Said(f"poll:{item['payout_item_id']}:{status}", "", item["time_processed"])


def _is_of(item: dict[str, Any], reference: str) -> bool:
    return bool((item.get("payout_item") or {}).get("sender_item_id") == reference)
