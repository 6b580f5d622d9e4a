"""Adyen: JSON API calls, notifications of several items, an HMAC in each item, minor units."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from operational.kit.money import AmountInvalid, Money
from operational.kit.vendors import trust
from operational.payments.errors import CallbackMalformed, CallbackRefused
from operational.payments.psp import Created, Order, PspEvent, PspPayment, SignedEvent, strict
from operational.payments.psp.wire import TIMEOUT_SECONDS, answered
from operational.payments.states import PaymentStatus

ITEMS_MAX = 100

# Event code and success, as a payment status. What is not here is stored and left alone.
_STATUS = {
    ("AUTHORISATION", "true"): PaymentStatus.AUTHORISED,
    ("AUTHORISATION", "false"): PaymentStatus.FAILED,
    ("CANCELLATION", "true"): PaymentStatus.FAILED,
    ("OFFER_CLOSED", "true"): PaymentStatus.FAILED,
    ("CAPTURE", "true"): PaymentStatus.SUCCEEDED,
    ("REFUND", "true"): PaymentStatus.REFUNDED,
    ("CHARGEBACK", "true"): PaymentStatus.CHARGED_BACK,
    ("CHARGEBACK_REVERSED", "true"): PaymentStatus.CHARGEBACK_WON,
}
# In these events pspReference names the refund or the dispute, and is the same in all of them.
_OPERATIONS = frozenset({"REFUND", "CHARGEBACK", "CHARGEBACK_REVERSED"})


class Adyen:
    """See `Psp`. Captures follow authorisation at once unless the account is set up otherwise."""

    name = "adyen"
    ack = b"[accepted]"

    def __init__(
        self,
        url: str,
        *,
        api_key: str,
        hmac_keys: Sequence[str],
        merchant: str,
        is_live: bool = False,
        is_capture_immediate: bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.merchant: str | None = merchant
        self.is_live = is_live
        self._keys = [bytes.fromhex(key) for key in hmac_keys]
        self._is_capture_immediate = is_capture_immediate
        self._client = httpx.Client(
            base_url=url,
            verify=trust(),
            headers={"X-API-Key": api_key},
            timeout=TIMEOUT_SECONDS,
            transport=transport,
        )

    def close(self) -> None:
        self._client.close()

    def create_payment(self, order: Order) -> Created:
        body = {
            "merchantAccount": self.merchant,
            "reference": order.reference,
            "amount": {"value": order.amount.minor, "currency": order.amount.currency},
            "countryCode": order.country,
            "returnUrl": order.return_url,
            "description": f"Deposit {order.reference}",
        }
        headers = {"Idempotency-Key": order.reference}
        call = self._client.build_request("POST", "/v71/sessions", json=body, headers=headers)
        session = answered(call, self._client)
        return Created(
            psp_payment_id=None, session_id=str(session["id"]), redirect_url=str(session["url"])
        )

    def find_payment(self, reference: str, session_id: str | None) -> PspPayment | None:
        """Adyen has no search by reference; its idempotency key finds what a retry began."""
        if session_id is None:
            return None
        call = self._client.build_request("GET", f"/v71/sessions/{session_id}")
        session = answered(call, self._client)
        events = tuple(self._of_attempt(reference, one) for one in session.get("payments", ()))
        return PspPayment(Created(None, session_id, ""), events)

    def _of_attempt(self, reference: str, attempt: dict[str, Any]) -> PspEvent:
        """A session's payment as the event that would have told of it; Adyen gives no time here."""
        payment = strict.text(attempt, "pspReference")
        result = strict.text(attempt, "resultCode")
        status = PaymentStatus.SUCCEEDED if result == "Authorised" else PaymentStatus.FAILED
        return PspEvent(
            external_id=f"poll:{payment}:{result}",
            status=status,
            operation_id=payment,
            psp_payment_id=payment,
            reference=reference,
            amount=_money(strict.inner(attempt, "amount")),
            occurred_at=None,
            is_live=self.is_live,
            merchant=self.merchant,
            details={} if status is PaymentStatus.SUCCEEDED else {"reason": result},
        )

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[SignedEvent]:  # noqa: ARG002 - the signature holds no time
        notification = strict.document(body)
        found = notification.get("notificationItems")
        if not isinstance(found, list) or not 0 < len(found) <= ITEMS_MAX:
            raise CallbackMalformed("There are no notification items.")
        return [self._verified(notification, one) for one in found]

    def _verified(self, notification: dict[str, Any], wrapped: Any) -> SignedEvent:
        """One item as a notification of its own, so that one poison item blocks no other."""
        if not isinstance(wrapped, dict):
            raise CallbackMalformed("A notification item is no object.")
        item = strict.inner(wrapped, "NotificationRequestItem")
        signature = strict.inner(item, "additionalData").get("hmacSignature")
        if not isinstance(signature, str) or not signature.isascii():
            raise CallbackRefused("header")
        message = signed_text(item).encode()
        if not any(hmac.compare_digest(_sign(key, message), signature) for key in self._keys):
            raise CallbackRefused("signature")
        alone = {"live": notification.get("live"), "notificationItems": [wrapped]}
        return SignedEvent(_external_id(item), json.dumps(alone).encode())

    def parse(self, body: bytes) -> PspEvent | None:
        notification = strict.document(body)
        item = strict.inner(notification["notificationItems"][0], "NotificationRequestItem")
        code, success = strict.text(item, "eventCode"), strict.text(item, "success")
        status = _STATUS.get((code, success))
        if status is None:
            return None
        if status is PaymentStatus.AUTHORISED and self._is_capture_immediate:
            status = PaymentStatus.SUCCEEDED
        psp_reference = strict.text(item, "pspReference")
        payment = item.get("originalReference") or psp_reference
        return PspEvent(
            external_id=_external_id(item),
            status=status,
            operation_id=psp_reference if code in _OPERATIONS else payment,
            psp_payment_id=payment,
            reference=item.get("merchantReference") or None,
            amount=_money(strict.inner(item, "amount")),
            occurred_at=_moment(strict.text(item, "eventDate")),
            is_live=notification.get("live") == "true",
            merchant=strict.text(item, "merchantAccountCode"),
            details={"reason": item["reason"]} if success == "false" and item.get("reason") else {},
        )


def signed_text(item: dict[str, Any]) -> str:
    """What Adyen signs: eight fields joined by colons, nothing escaped (its own library likewise)."""
    amount = strict.inner(item, "amount")
    fields = (
        strict.text(item, "pspReference"),
        item.get("originalReference") or "",
        strict.text(item, "merchantAccountCode"),
        item.get("merchantReference") or "",
        strict.whole(amount, "value"),
        strict.text(amount, "currency"),
        strict.text(item, "eventCode"),
        strict.text(item, "success"),
    )
    return ":".join(str(field) for field in fields)


def _sign(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def _external_id(item: dict[str, Any]) -> str:
    """Adyen gives its events no id. All of these are signed."""
    amount = item["amount"]
    parts = (item["pspReference"], item["eventCode"], item["success"])
    return ":".join((*parts, str(amount["value"]), amount["currency"]))


def _money(amount: dict[str, Any]) -> Money:
    try:
        return Money(strict.whole(amount, "value"), strict.text(amount, "currency"))
    except AmountInvalid as error:
        raise CallbackMalformed(str(error)) from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CallbackMalformed(f"{text[:40]!r} is no time.") from error
    if moment.tzinfo is None:
        raise CallbackMalformed(f"{text!r} has no offset.")
    return moment.astimezone(UTC)
