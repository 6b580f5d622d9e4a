"""Adyen: JSON API calls, notifications of several items, an HMAC in each item, minor units."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from operational.kit.money import AmountInvalid, Money
from operational.kit.signatures import base64_text, is_signed
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
from operational.payments.psp.adyen import disputes
from operational.payments.psp.disputes import Defence, dispute
from operational.payments.psp.wire import TIMEOUT_SECONDS, answered
from operational.payments.states import WHOLE, News, PayoutNews

ITEMS_MAX = 100

# What an event code and its success mean. What is not here is stored and left alone.
_NEWS: dict[tuple[str, str], News | PayoutNews] = {
    ("AUTHORISATION", "true"): News.AUTHORISED,
    ("AUTHORISATION", "false"): News.FAILED,
    ("CANCELLATION", "true"): News.FAILED,
    ("OFFER_CLOSED", "true"): News.FAILED,
    ("CAPTURE", "true"): News.SUCCEEDED,
    ("CAPTURE", "false"): News.CAPTURE_FAILED,
    ("CAPTURE_FAILED", "true"): News.CAPTURE_FAILED,
    ("REFUND", "true"): News.REFUNDED,
    ("REFUND", "false"): News.REFUND_FAILED,
    ("REFUND_FAILED", "true"): News.REFUND_FAILED,
    ("REFUNDED_REVERSED", "true"): News.REFUND_FAILED,
    ("PAYOUT_THIRDPARTY", "true"): PayoutNews.PAID,
    ("PAYOUT_THIRDPARTY", "false"): PayoutNews.FAILED,
    ("PAYOUT_DECLINE", "true"): PayoutNews.FAILED,
    ("PAYOUT_EXPIRE", "true"): PayoutNews.FAILED,
    ("PAIDOUT_REVERSED", "true"): PayoutNews.RETURNED,
}
# The same of a dispute: what it moved, and its stage. Three of them move money; the rest tell how
# the card scheme's procedure goes on.
_DISPUTES = {
    "REQUEST_FOR_INFORMATION": (News.DISPUTED, Stage.INQUIRY),
    "NOTIFICATION_OF_CHARGEBACK": (News.DISPUTED, Stage.OPENED),
    "CHARGEBACK": (News.CHARGED_BACK, Stage.CHARGED_BACK),
    "DISPUTE_DEFENSE_PERIOD_ENDED": (News.DISPUTED, Stage.UNDEFENDED),
    "INFORMATION_SUPPLIED": (News.DISPUTED, Stage.DEFENDED),
    "CHARGEBACK_REVERSED": (News.CHARGEBACK_WON, Stage.WON),
    "SECOND_CHARGEBACK": (News.CHARGED_BACK_AGAIN, Stage.SECOND_CHARGEBACK),
    "PREARBITRATION_OPEN": (News.DISPUTED, Stage.PREARBITRATION),
    "PREARBITRATION_WON": (News.DISPUTED, Stage.FINALLY_WON),
    "PREARBITRATION_ISSUER_WITHDRAWN": (News.DISPUTED, Stage.FINALLY_WON),
    "PREARBITRATION_LOST": (News.DISPUTED, Stage.FINALLY_LOST),
    "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": (News.DISPUTED, Stage.FINALLY_WON),
}
# What a try on the page came to; whatever else is said of one, it is not decided.
_RESULTS = {
    "Authorised": News.AUTHORISED,
    "Refused": News.FAILED,
    "Cancelled": News.FAILED,
    "Error": News.FAILED,
}


class Adyen:
    """See `Psp`. Captures follow authorisation at once unless the account is set up otherwise."""

    name = "adyen"
    pays_to = frozenset({"bank_transfer"})
    ack = b"[accepted]"
    signature_headers: tuple[str, ...] = ()

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

    def find_payment(
        self, reference: str, session_id: str | None, session_result: str | None
    ) -> PspPayment | None:
        """Adyen has no search by reference; its idempotency key finds what a retry began.

        What became of a session it tells against the result the browser came back with. Where no
        browser came back there is nobody to ask, only notifications, which it repeats for weeks.
        """
        if session_id is None or session_result is None:
            return None
        query = {"sessionResult": session_result}
        call = self._client.build_request("GET", f"/v71/sessions/{session_id}", params=query)
        try:
            session = answered(call, self._client)
        except PspRefused:
            # Anybody can type an address with some result in it; that one is not of this session.
            return None
        events = tuple(self._of_attempt(reference, one) for one in session.get("payments", ()))
        return PspPayment(Created(None, session_id, ""), events)

    def _of_attempt(self, reference: str, attempt: dict[str, Any]) -> PspEvent:
        """A session's payment as the event that would have told of it; Adyen gives no time here."""
        payment = strict.text(attempt, "pspReference")
        result = strict.text(attempt, "resultCode")
        news = self._credited(_RESULTS.get(result, News.PENDING))
        return PspEvent(
            external_id=f"poll:{payment}:{result}",
            news=news,
            operation_id=payment,
            psp_payment_id=payment,
            reference=reference,
            amount=_money(strict.inner(attempt, "amount")),
            occurred_at=None,
            is_live=self.is_live,
            merchant=self.merchant,
            details={"reason": result} if news is News.FAILED else {},
        )

    def send_payout(self, order: PayoutOrder) -> PayoutSent:
        asked = {
            "merchantAccount": self.merchant,
            "reference": order.reference,
            "amount": {"value": order.amount.minor, "currency": order.amount.currency},
        }
        if order.source_payment_id is None:
            return self._transfer(order, asked)
        path = f"/v71/payments/{order.source_payment_id}/refunds"
        return PayoutSent(self._post(path, asked, key=order.reference)["pspReference"])

    def _transfer(self, order: PayoutOrder, asked: dict[str, Any]) -> PayoutSent:
        """In two steps: stored and submitted, then confirmed. Unconfirmed, nothing is paid."""
        given, _, family = order.holder_name.rpartition(" ")
        bank = {
            "iban": order.destination.get("iban"),
            "bic": order.destination.get("bic"),
            "ownerName": order.holder_name,
            "countryCode": order.country,
        }
        described = {
            "bank": {name: value for name, value in bank.items() if value},
            "shopperName": {"firstName": given or family, "lastName": family},
            "shopperReference": order.reference,
            "entityType": "NaturalPerson",
            "recurring": {"contract": "PAYOUT"},
        }
        path = f"{_PAYOUT}/storeDetailAndSubmitThirdParty"
        stored = self._post(path, asked | described, key=order.reference)
        original = {
            "merchantAccount": self.merchant,
            "originalReference": stored["pspReference"],
        }
        self._post(f"{_PAYOUT}/confirmThirdParty", original, key=f"{order.reference}-confirm")
        return PayoutSent(stored["pspReference"])

    def _post(self, path: str, body: dict[str, Any], *, key: str) -> dict[str, Any]:
        headers = {"Idempotency-Key": key}
        call = self._client.build_request("POST", path, json=body, headers=headers)
        return answered(call, self._client)

    def find_payout(
        self,
        reference: str,  # noqa: ARG002 - see below
        psp_payout_id: str | None,  # noqa: ARG002
        source_payment_id: str | None,  # noqa: ARG002
    ) -> PspPayout | None:
        """Adyen has no such question: the same call with the same key is answered as the first was.

        What became of a payout it tells by notifications, which it repeats for weeks.
        """
        return None

    def _credited(self, news: News | PayoutNews) -> News | PayoutNews:
        """An authorisation is as good as its capture, where that follows by itself."""
        is_captured = news is News.AUTHORISED and self._is_capture_immediate
        return News.SUCCEEDED if is_captured else news

    def defend(self, defence: Defence) -> None:
        disputes.defend(self._client, self.merchant, defence)

    def accept_dispute(self, reference: str, psp_dispute_id: str) -> None:
        disputes.accept(self._client, self.merchant, reference, psp_dispute_id)

    def is_answered(self, psp_dispute_id: str) -> bool:  # noqa: ARG002 - Adyen tells of disputes by notifications only
        return False

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
        if not is_signed(self._keys, message, [signature], written=base64_text):
            raise CallbackRefused("signature")
        alone = {"live": notification.get("live"), "notificationItems": [wrapped]}
        return SignedEvent(_external_id(item), json.dumps(alone).encode())

    def parse(self, body: bytes) -> PspEvent | None:
        notification = strict.document(body)
        item = strict.inner(notification["notificationItems"][0], "NotificationRequestItem")
        code, success = strict.text(item, "eventCode"), strict.text(item, "success")
        news, stage = _DISPUTES.get(code, (_NEWS.get((code, success)), None))
        if news is None:
            return None
        psp_reference = strict.text(item, "pspReference")
        payment = item.get("originalReference") or psp_reference
        return PspEvent(
            external_id=_external_id(item),
            news=self._credited(news),
            # For a refund or a dispute it names that, and is the same in all its events.
            operation_id=payment if news in WHOLE else psp_reference,
            psp_payment_id=payment,
            reference=item.get("merchantReference") or None,
            amount=_money(strict.inner(item, "amount")),
            occurred_at=_moment(strict.text(item, "eventDate")),
            is_live=notification.get("live") == "true",
            merchant=strict.text(item, "merchantAccountCode"),
            details=_dispute(item, stage) if stage else _reason(item),
        )


_PAYOUT = "/pal/servlet/Payout/v68"


def _reason(item: dict[str, Any]) -> dict[str, Any]:
    """Why something did not work."""
    is_told = item["success"] == "false" and item.get("reason")
    return {"reason": item["reason"]} if is_told else {}


def _dispute(item: dict[str, Any], stage: Stage) -> dict[str, Any]:
    more = strict.inner(item, "additionalData")
    ends = more.get("defensePeriodEndsAt")
    return dispute(
        stage,
        reason=item.get("reason") or None,
        network_reason=more.get("chargebackReasonCode") or more.get("rfiReasonCode"),
        due_at=_moment(ends) if ends else None,
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
