"""Checkout.com: JSON API calls, `Cko-Signature` over the raw body, minor units."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from operational.kit import signatures
from operational.kit.money import AmountInvalid, Money
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
from operational.payments.psp.disputes import dispute
from operational.payments.psp.wire import TIMEOUT_SECONDS, answered, listed
from operational.payments.states import WHOLE, News

# What an event type means. What is not here is stored and left alone. A capture that was declined
# never took anything, and another may follow: it undoes nothing.
_NEWS = {
    "payment_pending": News.PENDING,
    "payment_approved": News.AUTHORISED,
    "payment_declined": News.FAILED,
    "payment_capture_declined": News.FAILED,
    "payment_canceled": News.FAILED,
    "payment_expired": News.FAILED,
    "payment_voided": News.FAILED,
    "payment_captured": News.SUCCEEDED,
    "payment_refunded": News.REFUNDED,
    "payment_refund_declined": News.REFUND_FAILED,
}
# The account is debited when evidence is asked for, and credited when the bank gives in. A dispute
# "resolved" was over money that had gone back before.
_DISPUTES = {
    "dispute_received": (News.DISPUTED, Stage.OPENED),
    "dispute_evidence_required": (News.CHARGED_BACK, Stage.CHARGED_BACK),
    "dispute_evidence_submitted": (News.DISPUTED, Stage.DEFENDED),
    "dispute_evidence_acknowledged_by_scheme": (News.DISPUTED, Stage.DEFENDED),
    "dispute_expired": (News.CHARGED_BACK, Stage.UNDEFENDED),
    "dispute_accepted": (News.CHARGED_BACK, Stage.LOST),
    "dispute_lost": (News.CHARGED_BACK, Stage.LOST),
    "dispute_won": (News.CHARGEBACK_WON, Stage.WON),
    "dispute_canceled": (News.CHARGEBACK_WON, Stage.WON),
    "dispute_arbitration_lost": (News.DISPUTED, Stage.FINALLY_LOST),
    "dispute_arbitration_won": (News.DISPUTED, Stage.FINALLY_WON),
}
# What an action of a payment came to, where it was approved; one that was not has failed.
_ACTIONS = {
    "Authorization": (News.AUTHORISED, News.FAILED),
    "Capture": (News.SUCCEEDED, News.FAILED),
    "Void": (News.FAILED, None),
    "Refund": (News.REFUNDED, News.REFUND_FAILED),
}
_ENDED = {"Declined": News.FAILED, "Canceled": News.FAILED, "Expired": News.FAILED}

_FACTORS = {"CLP": 100}
"""Its amounts of these currencies in our minor units: pesos with two noughts behind them."""


class CheckoutCom:
    """See `Psp`. Money is captured with the authorisation, as our sessions ask for it."""

    name = "checkout_com"
    pays_to: frozenset[str] = frozenset()
    merchant: str | None = None
    ack = b""
    signature_headers: tuple[str, ...] = ("cko-signature",)

    def __init__(
        self,
        url: str,
        *,
        api_key: str,
        signature_keys: Sequence[str],
        processing_channel: str,
        authorization_keys: Sequence[str] = (),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        # Callbacks do not say their mode; test and live have keys of their own.
        self.is_live = not api_key.startswith("sk_sbox_")
        self._keys = [key.encode() for key in signature_keys]
        self._authorizations = [key.encode() for key in authorization_keys]
        self._channel = processing_channel
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
        body = {
            "amount": _amount(order.amount),
            "currency": order.amount.currency,
            "reference": order.reference,
            "description": f"Deposit {order.reference}",
            "billing": {"address": {"country": order.country}},
            "processing_channel_id": self._channel,
            "capture": True,
            "success_url": order.return_url,
            "failure_url": order.return_url,
            "cancel_url": order.return_url,
        }
        session = self._call("POST", "/hosted-payments", json=body)
        redirect = session["_links"]["redirect"]["href"]
        return Created(psp_payment_id=None, session_id=session["id"], redirect_url=redirect)

    def find_payment(
        self,
        reference: str,
        session_id: str | None,
        session_result: str | None,  # noqa: ARG002 - the reference finds it
    ) -> PspPayment | None:
        """Every try on the page. A page nobody was shown is not found, and nobody misses it."""
        tries = self._call("GET", "/payments", params={"reference": reference})["data"]
        if not tries and session_id is None:
            return None
        events = [event for one in tries for event in self._history(one)]
        return PspPayment(Created(None, session_id or "", ""), tuple(events))

    def _history(self, payment: dict[str, Any]) -> list[PspEvent]:
        """One try's actions, as the events that would have told of them."""
        events = [self._of_action(payment, one) for one in self._actions(payment["id"])]
        ended = _ENDED.get(payment["status"])
        if ended:
            events.append(self._polled(payment, payment["id"], payment, ended, payment["status"]))
        return [event for event in events if event]

    def _actions(self, payment_id: str) -> list[dict[str, Any]]:
        call = self._client.build_request("GET", f"/payments/{payment_id}/actions")
        return listed(call, self._client)

    def _of_action(self, payment: dict[str, Any], action: dict[str, Any]) -> PspEvent | None:
        if action["type"] not in _ACTIONS or action.get("approved") is None:
            return None
        news = _ACTIONS[action["type"]][0 if action["approved"] else 1]
        if news is None:
            return None
        return self._polled(payment, action["id"], action, news, action.get("response_summary"))

    def _polled(
        self,
        payment: dict[str, Any],
        told_by: str,
        said: dict[str, Any],
        news: News,
        reason: str | None,
    ) -> PspEvent:
        at = said.get("processed_on") or payment["requested_on"]
        return PspEvent(
            external_id=f"poll:{told_by}:{news}",
            news=news,
            operation_id=payment["id"] if news in WHOLE else told_by,
            psp_payment_id=payment["id"],
            reference=said.get("reference") or payment.get("reference"),
            amount=_money(said["amount"], payment["currency"]),
            occurred_at=_moment(at),
            is_live=self.is_live,
            details={"reason": reason} if news is News.FAILED and reason else {},
        )

    def send_payout(self, order: PayoutOrder) -> PayoutSent:
        if order.source_payment_id is None:
            raise PspRefused(
                "Checkout.com gives money back to cards here, and transfers it to nobody."
            )
        body = {"amount": _amount(order.amount), "reference": order.reference}
        headers = {"Cko-Idempotency-Key": order.reference}
        path = f"/payments/{order.source_payment_id}/refunds"
        return PayoutSent(self._call("POST", path, json=body, headers=headers)["action_id"])

    def find_payout(
        self,
        reference: str,
        psp_payout_id: str | None,  # noqa: ARG002 - the reference finds it
        source_payment_id: str | None,
    ) -> PspPayout | None:
        if source_payment_id is None:
            return None
        payment = self._call("GET", f"/payments/{source_payment_id}")
        for action in self._actions(source_payment_id):
            if action["type"] == "Refund" and action.get("reference") == reference:
                event = self._of_action(payment, action)
                return PspPayout(PayoutSent(action["id"]), (event,) if event else ())
        return None

    def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        return answered(self._client.build_request(method, path, **more), self._client)

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[SignedEvent]:  # noqa: ARG002 - the signature holds no time
        if self._authorizations and not signatures.is_one_of(
            self._authorizations, headers.get("authorization", "")
        ):
            raise CallbackRefused("header")
        if not signatures.is_signed(self._keys, body, [headers.get("cko-signature", "")]):
            raise CallbackRefused("signature")
        return [SignedEvent(strict.text(strict.document(body), "id"), body)]

    def parse(self, body: bytes) -> PspEvent | None:
        event = strict.document(body)
        kind = strict.text(event, "type")
        news, stage = _DISPUTES.get(kind, (_NEWS.get(kind), None))
        if news is None:
            return None
        said = strict.inner(event, "data")
        its_id = strict.text(said, "id")
        payment_id = strict.text(said, "payment_id") if stage else its_id
        action = its_id if stage else strict.text(said, "action_id")
        return PspEvent(
            external_id=strict.text(event, "id"),
            news=news,
            operation_id=payment_id if news in WHOLE else action,
            psp_payment_id=payment_id,
            reference=said.get("payment_reference" if stage else "reference") or None,
            amount=_money(strict.whole(said, "amount"), strict.text(said, "currency")),
            # Newer events say `created_on`, older ones `timestamp`.
            occurred_at=_moment(event.get("created_on") or strict.text(event, "timestamp")),
            is_live=self.is_live,
            details=_dispute(said, stage) if stage else _reason(said, news),
        )


def _reason(said: dict[str, Any], news: News) -> dict[str, Any]:
    """Why something did not work."""
    summary = said.get("response_summary")
    return {"reason": summary} if news is News.FAILED and summary else {}


def _dispute(said: dict[str, Any], stage: Stage) -> dict[str, Any]:
    due = said.get("evidence_required_by")
    return dispute(
        stage,
        reason=said.get("category"),
        network_reason=said.get("reason_code"),
        due_at=_moment(due) if due else None,
    )


def _amount(money: Money) -> int:
    return money.minor * _FACTORS.get(money.currency, 1)


def _money(amount: int, currency: str) -> Money:
    minor, rest = divmod(amount, _FACTORS.get(currency, 1))
    if rest:
        raise CallbackMalformed(f"{amount} is no whole amount in {currency}.")
    try:
        return Money(minor, currency)
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
