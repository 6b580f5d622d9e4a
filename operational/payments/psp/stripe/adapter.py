"""Stripe: form-encoded API calls, `Stripe-Signature` over the raw body, minor units."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx

from operational.kit.money import AmountInvalid, Money
from operational.kit.signatures import is_signed
from operational.kit.vendors import trust
from operational.payments.disputes.states import Stage
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
from operational.payments.psp.disputes import Defence, dispute
from operational.payments.psp.stripe import disputes
from operational.payments.psp.wire import TIMEOUT_SECONDS, answered
from operational.payments.states import News

TOLERANCE_SECONDS = 300
"""As Stripe's own library (stripe-python, _webhook.py)."""

# What an event type means for the payment, and which of its fields names what moved.
_INTENT_EVENTS = {
    "payment_intent.created": News.PENDING,
    "payment_intent.processing": News.PENDING,
    "payment_intent.requires_action": News.PENDING,
    "payment_intent.amount_capturable_updated": News.AUTHORISED,
    "payment_intent.payment_failed": News.FAILED,
    "payment_intent.canceled": News.FAILED,
    "payment_intent.succeeded": News.SUCCEEDED,
}
_REFUND_EVENTS = frozenset(
    {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
)
_DISPUTE_EVENTS = "charge.dispute."

# A refund or a dispute says by its status what it moved, whichever event carries it. A refund that
# is pending has moved nothing.
_REFUND_STATUS = {
    "succeeded": News.REFUNDED,
    "failed": News.REFUND_FAILED,
    "canceled": News.REFUND_FAILED,
}
_DISPUTE_STATUS = {
    "warning_needs_response": (News.DISPUTED, Stage.INQUIRY),
    "warning_under_review": (News.DISPUTED, Stage.INQUIRY),
    "warning_closed": (News.DISPUTED, Stage.INQUIRY_CLOSED),
    "prevented": (News.DISPUTED, Stage.INQUIRY_CLOSED),
    "needs_response": (News.CHARGED_BACK, Stage.CHARGED_BACK),
    "under_review": (News.CHARGED_BACK, Stage.DEFENDED),
    "lost": (News.CHARGED_BACK, Stage.LOST),
    "won": (News.CHARGEBACK_WON, Stage.WON),
}

_INTENT_STATUS = {
    "requires_capture": News.AUTHORISED,
    "canceled": News.FAILED,
    "succeeded": News.SUCCEEDED,
}


class Stripe:
    """See `Psp`. Two webhook secrets may be live while one replaces the other."""

    name = "stripe"
    # Its payouts go to the merchant's own bank account; none to clients.
    pays_to: frozenset[str] = frozenset()
    merchant: str | None = None
    ack = b""
    signature_headers: tuple[str, ...] = ("stripe-signature",)

    def __init__(
        self,
        url: str,
        *,
        api_key: str,
        webhook_secrets: Sequence[str],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.is_live = api_key.startswith("sk_live_")
        self._secrets = [secret.encode() for secret in webhook_secrets]
        self._client = httpx.Client(
            base_url=url,
            verify=trust(),
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=TIMEOUT_SECONDS,
            transport=transport,
        )

    def close(self) -> None:
        self._client.close()

    def create_payment(self, order: Order) -> Created:
        form = {
            "mode": "payment",
            "client_reference_id": order.reference,
            "success_url": order.return_url,
            "cancel_url": order.return_url,
            "payment_intent_data[metadata][reference]": order.reference,
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": order.amount.currency.lower(),
            "line_items[0][price_data][unit_amount]": str(order.amount.minor),
            "line_items[0][price_data][product_data][name]": f"Deposit {order.reference}",
        }
        headers = {"Idempotency-Key": order.reference}
        call = self._client.build_request(
            "POST", "/v1/checkout/sessions", data=form, headers=headers
        )
        session = answered(call, self._client)
        return Created(session.get("payment_intent"), str(session["id"]), str(session["url"]))

    def find_payment(
        self,
        reference: str,
        session_id: str | None,
        session_result: str | None,  # noqa: ARG002 - the search needs no more than the reference
    ) -> PspPayment | None:
        query = {"query": f"metadata['reference']:'{reference}'"}
        intents = self._get("/v1/payment_intents/search", query)["data"]
        if not intents:
            return None
        intent = intents[0]
        sessions = self._get("/v1/checkout/sessions", {"payment_intent": intent["id"]})["data"]
        page = sessions[0] if sessions else {"id": session_id or "", "url": ""}
        created = Created(intent["id"], str(page["id"]), str(page["url"]))
        return PspPayment(created, tuple(self._history(intent)))

    def _history(self, intent: dict[str, Any]) -> list[PspEvent]:
        """The intent's state, refunds and disputes, as the events that would have told of them."""
        news = _INTENT_STATUS.get(intent["status"], News.PENDING)
        if news is News.PENDING and intent.get("last_payment_error"):
            news = News.FAILED
        events = [_of_intent(intent, news, f"poll:{intent['id']}:{news}", intent["created"])]
        if news is News.SUCCEEDED:
            query = {"payment_intent": intent["id"], "limit": "100"}
            for refund in self._get("/v1/refunds", query)["data"]:
                events += _polled(refund, _REFUND_STATUS.get(refund["status"]))
            for dispute in self._get("/v1/disputes", query)["data"]:
                events += _polled_dispute(dispute)
        # A refund does not say its mode, and cannot have another than its payment.
        is_live = intent.get("livemode") is True
        return [replace(event, is_live=is_live) for event in events]

    def send_payout(self, order: PayoutOrder) -> PayoutSent:
        if order.source_payment_id is None:
            raise PspRefused("Stripe gives money back to cards, and transfers it to nobody.")
        form = {
            "payment_intent": order.source_payment_id,
            "amount": str(order.amount.minor),
            "metadata[reference]": order.reference,
        }
        headers = {"Idempotency-Key": order.reference}
        call = self._client.build_request("POST", "/v1/refunds", data=form, headers=headers)
        return PayoutSent(str(answered(call, self._client)["id"]))

    def find_payout(
        self,
        reference: str,
        psp_payout_id: str | None,  # noqa: ARG002 - the reference finds it
        source_payment_id: str | None,
    ) -> PspPayout | None:
        query = {"payment_intent": source_payment_id or "", "limit": "100"}
        for refund in self._get("/v1/refunds", query)["data"]:
            if (refund.get("metadata") or {}).get("reference") == reference:
                # A refund does not say its mode, and cannot have another than its payment.
                events = _polled(refund, _REFUND_STATUS.get(refund["status"]))
                told = tuple(replace(event, is_live=self.is_live) for event in events)
                return PspPayout(PayoutSent(refund["id"]), told)
        return None

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        return answered(self._client.build_request("GET", path, params=query), self._client)

    def defend(self, defence: Defence) -> None:
        disputes.defend(self._client, defence)

    def accept_dispute(self, reference: str, psp_dispute_id: str) -> None:
        disputes.accept(self._client, reference, psp_dispute_id)

    def is_answered(self, psp_dispute_id: str) -> bool:
        return disputes.is_answered(self._client, psp_dispute_id)

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[SignedEvent]:
        at, signatures = _signature_header(headers.get("stripe-signature", ""))
        if abs(now.timestamp() - int(at)) > TOLERANCE_SECONDS:
            raise CallbackRefused("timestamp")
        signed = at.encode() + b"." + body
        if not is_signed(self._secrets, signed, signatures):
            raise CallbackRefused("signature")
        event = strict.document(body)
        return [SignedEvent(strict.text(event, "id"), body)]

    def parse(self, body: bytes) -> PspEvent | None:
        event = strict.document(body)
        kind = strict.text(event, "type")
        external_id = strict.text(event, "id")
        described = strict.inner(strict.inner(event, "data"), "object")
        created = strict.whole(event, "created")
        is_live = event.get("livemode") is True
        if kind in _INTENT_EVENTS:
            found = _of_intent(described, _INTENT_EVENTS[kind], external_id, created)
            return replace(found, is_live=is_live)
        if kind.startswith(_DISPUTE_EVENTS):
            return _of_dispute(described, external_id, created, is_live=is_live)
        news = None
        if kind in _REFUND_EVENTS:
            news = _REFUND_STATUS.get(strict.text(described, "status"))
        if news is None:
            return None
        return replace(_of_return(described, news, external_id, created), is_live=is_live)


def _signature_header(header: str) -> tuple[str, list[str]]:
    """Time and `v1` signatures of ``t=…,v1=…,v1=…``.

    Raises:
        CallbackRefused: no time, no signature, or rubbish.
    """
    items = [item.partition("=") for item in header.split(",")]
    times = [value for name, _, value in items if name.strip() == "t"]
    signatures = [value for name, _, value in items if name.strip() == "v1"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit()) or not signatures:
        raise CallbackRefused("header")
    if len(times[0]) > 12 or not all(value.isascii() for value in signatures):  # noqa: PLR2004 - seconds until the year 33658
        raise CallbackRefused("header")
    return times[0], signatures


def _of_intent(intent: dict[str, Any], news: News, external_id: str, at: int) -> PspEvent:
    """An intent's amount is what was asked for; once succeeded, what was received."""
    amount = "amount_received" if news is News.SUCCEEDED else "amount"
    metadata = intent.get("metadata") or {}
    failure = intent.get("last_payment_error") or {}
    return PspEvent(
        external_id=external_id,
        news=news,
        operation_id=strict.text(intent, "id"),
        psp_payment_id=strict.text(intent, "id"),
        reference=metadata.get("reference"),
        amount=_money(intent, amount),
        occurred_at=_moment(at),
        details={"reason": failure.get("decline_code") or failure.get("code")} if failure else {},
    )


def _of_return(described: dict[str, Any], news: News, external_id: str, at: int) -> PspEvent:
    """What a refund or a dispute says of its payment. A refund we asked for has our reference."""
    metadata = described.get("metadata") or {}
    return PspEvent(
        external_id=external_id,
        news=news,
        operation_id=strict.text(described, "id"),
        psp_payment_id=strict.text(described, "payment_intent"),
        reference=metadata.get("reference"),
        amount=_money(described, "amount"),
        occurred_at=_moment(at),
        details={"reason": described.get("failure_reason") or described.get("reason")},
    )


def _of_dispute(
    described: dict[str, Any], external_id: str, at: int, *, is_live: bool
) -> PspEvent | None:
    """A dispute's news and stage; None for a status that Stripe has invented since."""
    known = _DISPUTE_STATUS.get(strict.text(described, "status"))
    if known is None:
        return None
    news, stage = known
    due_by = (described.get("evidence_details") or {}).get("due_by")
    details = dispute(
        stage,
        reason=described.get("reason"),
        network_reason=described.get("network_reason_code"),
        due_at=_moment(due_by) if due_by else None,
    )
    event = _of_return(described, news, external_id, at)
    return replace(event, is_live=is_live, details=event.details | details)


def _polled_dispute(described: dict[str, Any]) -> list[PspEvent]:
    """A dispute as found by asking. One we won was charged back before."""
    status, at = described["status"], described["created"]
    found = _of_dispute(described, f"poll:{described['id']}:{status}", at, is_live=False)
    if found is None:
        return []
    before = _polled(described, News.CHARGED_BACK if status == "won" else None)
    return [*before, found]


def _polled(described: dict[str, Any], news: News | None) -> list[PspEvent]:
    """The same, as found by asking."""
    if news is None:
        return []
    return [_of_return(described, news, f"poll:{described['id']}:{news}", described["created"])]


def _money(described: dict[str, Any], name: str) -> Money:
    try:
        return Money(strict.whole(described, name), strict.text(described, "currency").upper())
    except AmountInvalid as error:
        raise CallbackMalformed(str(error)) from error


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise CallbackMalformed(f"{seconds} is no time.") from error
