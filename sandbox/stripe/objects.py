"""Stripe's objects as it sends them: the fields a merchant reads, in Stripe's names."""

from sandbox.store import Document

API_VERSION = "2025-09-30.clover"


def payment_intent(
    identifier: str, *, amount: int, currency: str, created: int, metadata: dict[str, str]
) -> Document:
    return {
        "id": identifier,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{identifier}_secret_{identifier[-10:]}",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata,
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "receipt_email": None,
        "status": "requires_payment_method",
        "transfer_group": None,
    }


def charge(identifier: str, intent: Document, *, created: int, card: Document) -> Document:
    return {
        "id": identifier,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": True,
        "created": created,
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": {"network_status": "approved_by_network", "type": "authorized"},
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": f"pm_{identifier[3:]}",
        "payment_method_details": {"card": card, "type": "card"},
        "refunded": False,
        "status": "succeeded",
    }


def refund(
    identifier: str, charged: Document, *, amount: int, created: int, metadata: dict[str, str]
) -> Document:
    return {
        "id": identifier,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charged["id"],
        "created": created,
        "currency": charged["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charged["payment_intent"],
        "reason": None,
        "status": "succeeded",
    }


def dispute(identifier: str, charged: Document, *, created: int, reason: str) -> Document:
    return {
        "id": identifier,
        "object": "dispute",
        "amount": charged["amount"],
        "balance_transactions": [],
        "charge": charged["id"],
        "created": created,
        "currency": charged["currency"],
        "evidence_details": {
            "due_by": created + 9 * 86_400,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": charged["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }


def payout(
    identifier: str,
    *,
    amount: int,
    currency: str,
    created: int,
    arrival: int,
    metadata: dict[str, str],
    automatic: bool,
) -> Document:
    return {
        "id": identifier,
        "object": "payout",
        "amount": amount,
        "arrival_date": arrival,
        "automatic": automatic,
        "balance_transaction": None,
        "created": created,
        "currency": currency,
        "description": "STRIPE PAYOUT" if automatic else None,
        "destination": None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": metadata,
        "method": "standard",
        "original_payout": None,
        "reconciliation_status": "completed" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    }


def balance_transaction(
    identifier: str,
    source: Document,
    *,
    amount: int,
    fee: int,
    kind: str,
    category: str,
    created: int,
    available_on: int,
) -> Document:
    return {
        "id": identifier,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": available_on,
        "created": created,
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [{"amount": fee, "currency": source["currency"], "type": "stripe_fee"}]
        if fee
        else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source["id"],
        "status": "pending",
        "type": kind,
    }


def event(identifier: str, kind: str, described: Document, *, created: int) -> Document:
    return {
        "id": identifier,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": described},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
