"""PayPal's objects as events in our words, be they told by a callback or found by asking."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from operational.payments.disputes.states import Stage
from operational.payments.psp import PspEvent, strict
from operational.payments.psp.disputes import dispute
from operational.payments.psp.paypal.api import last_id, link, moment_of, money_of
from operational.payments.states import News, PayoutNews

_ORDER = {"APPROVED": News.AUTHORISED, "VOIDED": News.FAILED}
_CAPTURE = {
    "COMPLETED": News.SUCCEEDED,
    "PARTIALLY_REFUNDED": News.SUCCEEDED,
    "REFUNDED": News.SUCCEEDED,
    "PENDING": News.PENDING,
    "DECLINED": News.FAILED,
    "FAILED": News.FAILED,
}
_REFUND = {
    "COMPLETED": News.REFUNDED,
    "FAILED": News.REFUND_FAILED,
    "CANCELLED": News.REFUND_FAILED,
}
# UNCLAIMED waits 30 days for somebody to open an account, then it is RETURNED.
_PAYOUT = {
    "SUCCESS": PayoutNews.PAID,
    "PENDING": PayoutNews.SENT,
    "ONHOLD": PayoutNews.SENT,
    "UNCLAIMED": PayoutNews.SENT,
    "FAILED": PayoutNews.FAILED,
    "BLOCKED": PayoutNews.FAILED,
    "DENIED": PayoutNews.FAILED,
    "RETURNED": PayoutNews.RETURNED,
    "REFUNDED": PayoutNews.RETURNED,
    "REVERSED": PayoutNews.RETURNED,
    "CANCELED": PayoutNews.RETURNED,
}
_STAGES = {
    "INQUIRY": Stage.INQUIRY,
    "CHARGEBACK": Stage.OPENED,
    "PRE_ARBITRATION": Stage.PREARBITRATION,
    "ARBITRATION": Stage.PREARBITRATION,
}
_OUTCOMES = {
    "RESOLVED_BUYER_FAVOUR": Stage.LOST,
    "ACCEPTED": Stage.LOST,
    "RESOLVED_SELLER_FAVOUR": Stage.FINALLY_WON,
    "RESOLVED_WITH_PAYOUT": Stage.FINALLY_WON,
    "DENIED": Stage.FINALLY_WON,
    "CANCELED_BY_BUYER": Stage.INQUIRY_CLOSED,
}


@dataclass(frozen=True, slots=True)
class Said:
    """The event around an object: its id and kind; of what was asked, made up."""

    external_id: str
    kind: str
    at: str


def event_of(said: Said, resource: dict[str, Any]) -> PspEvent | None:
    """What a callback says; None if it is about nothing of ours."""
    read = next((read for mark, read in _READERS if said.kind.startswith(mark)), None)
    return read(said, resource) if read else None


def of_order(said: Said, order: dict[str, Any]) -> PspEvent | None:
    """An order the client has, agreed to, or let go. What was captured says more."""
    unit = order["purchase_units"][0] if order.get("purchase_units") else {}
    status = strict.text(order, "status")
    if status == "COMPLETED":
        return None
    identifier = strict.text(order, "id")
    return PspEvent(
        external_id=said.external_id,
        news=_ORDER.get(status, News.PENDING),
        operation_id=identifier,
        psp_payment_id=identifier,
        reference=unit.get("custom_id"),
        amount=money_of(strict.inner(unit, "amount")),
        occurred_at=moment_of(said.at),
    )


def of_capture(said: Said, capture: dict[str, Any]) -> PspEvent | None:
    news = _CAPTURE.get(strict.text(capture, "status"))
    if news is None:
        return None
    identifier = strict.text(capture, "id")
    reason = (capture.get("status_details") or {}).get("reason")
    return PspEvent(
        external_id=said.external_id,
        news=news,
        operation_id=identifier,
        psp_payment_id=identifier,
        reference=capture.get("custom_id"),
        amount=money_of(strict.inner(capture, "amount")),
        occurred_at=moment_of(said.at),
        details={"reason": reason} if reason else {},
    )


def of_refund(said: Said, refund: dict[str, Any]) -> PspEvent | None:
    """What went back. Its own reference names our payout; its capture stands one link up."""
    news = _REFUND.get(strict.text(refund, "status"))
    if news is None:
        return None
    return PspEvent(
        external_id=said.external_id,
        news=news,
        operation_id=strict.text(refund, "id"),
        psp_payment_id=last_id(link(refund, "up")),
        reference=refund.get("custom_id"),
        amount=money_of(strict.inner(refund, "amount")),
        occurred_at=moment_of(said.at),
    )


def _reversal(said: Said, reversal: dict[str, Any]) -> PspEvent:
    """PayPal took a captured payment back: after a dispute, or because its bank did."""
    done = reversal | {"status": "COMPLETED"}
    told = of_refund(said, done)
    assert told is not None
    # The reference, if any, is the payment's: nothing of this was ours to ask for.
    return replace(told, news=News.CHARGED_BACK, reference=None)


def of_payout(said: Said, item: dict[str, Any]) -> PspEvent | None:
    """One payment of a batch. We send one payment a batch, so the batch's id is the payout's."""
    news = _PAYOUT.get(strict.text(item, "transaction_status"))
    if news is None:
        return None
    sent = strict.inner(item, "payout_item")
    batch = strict.text(item, "payout_batch_id")
    errors = item.get("errors") or {}
    return PspEvent(
        external_id=said.external_id,
        news=news,
        operation_id=batch,
        psp_payment_id=batch,
        reference=sent.get("sender_item_id"),
        amount=money_of(strict.inner(sent, "amount"), currency_name="currency"),
        occurred_at=moment_of(said.at),
        details={"reason": errors.get("message") or errors.get("name")} if errors else {},
    )


def _of_dispute(said: Said, found: dict[str, Any]) -> PspEvent | None:
    """A case at PayPal. It moves no money by itself: `PAYMENT.CAPTURE.REVERSED` tells of that."""
    transactions = found.get("disputed_transactions")
    if not isinstance(transactions, list) or not transactions:
        return None
    stage = _STAGES.get(found.get("dispute_life_cycle_stage", ""), Stage.INQUIRY)
    if found.get("status") == "UNDER_REVIEW" and stage is Stage.OPENED:
        stage = Stage.DEFENDED
    if found.get("status") == "RESOLVED":
        outcome = (found.get("dispute_outcome") or {}).get("outcome_code", "")
        stage = _OUTCOMES.get(outcome, stage)
        if stage is Stage.INQUIRY_CLOSED and found.get("dispute_life_cycle_stage") != "INQUIRY":
            stage = Stage.FINALLY_WON
    due = found.get("seller_response_due_date")
    return PspEvent(
        external_id=said.external_id,
        news=News.DISPUTED,
        operation_id=strict.text(found, "dispute_id"),
        psp_payment_id=strict.text(transactions[0], "seller_transaction_id"),
        reference=None,
        amount=money_of(strict.inner(found, "dispute_amount")),
        occurred_at=moment_of(said.at),
        details=dispute(stage, reason=found.get("reason"), due_at=moment_of(due) if due else None),
    )


_READERS: tuple[tuple[str, Callable[[Said, dict[str, Any]], PspEvent | None]], ...] = (
    ("CHECKOUT.ORDER.", of_order),
    ("PAYMENT.CAPTURE.REFUNDED", of_refund),
    ("PAYMENT.CAPTURE.REVERSED", _reversal),
    ("PAYMENT.CAPTURE.", of_capture),
    ("PAYMENT.PAYOUTS-ITEM.", of_payout),
    ("CUSTOMER.DISPUTE.", _of_dispute),
)
"""By what the kind of the event opens with; the first that fits reads it."""
