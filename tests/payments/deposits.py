"""Words of the payment tests: a verified client, a deposit, what Stripe and Adyen say of it."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational.clients import service as clients
from operational.clients.forms import LeadForm
from operational.clients.models import Client
from operational.clients.states import Stage
from operational.kit.actor import Actor
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.ledger import queries as books
from operational.ledger import service as ledger
from operational.ledger.models import Journal
from operational.payments import service
from operational.payments.models import Payment
from operational.payments.psp.adyen.adapter import Adyen, signed_text
from operational.payments.psp.checkout_com.adapter import CheckoutCom
from operational.payments.psp.nowpayments.adapter import NowPayments
from operational.payments.psp.stripe.adapter import Stripe
from operational.rules import service as decisions

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SYSTEM = Actor.system("test")
SECRETS = ("whsec_first", "whsec_second")
HMAC_KEYS = ("44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056", "AB" * 32)

STRIPE = Stripe("http://stripe.invalid", api_key="sk_test_x", webhook_secrets=SECRETS)
ADYEN = Adyen("http://adyen.invalid", api_key="AQE", hmac_keys=HMAC_KEYS, merchant="KingpostECOM")
CHECKOUT = CheckoutCom(
    "http://x.invalid", api_key="sk_sbox_x", signature_keys=["k"], processing_channel="pc_1"
)
CRYPTO = NowPayments(
    "http://x.invalid", api_key="k", ipn_secrets=["s"], email="e", password="p", totp_secret="T"
)
PSPS = {"stripe": STRIPE, "adyen": ADYEN}


def a_verified_client(session: Session, *, country: str = "US", number: int = 0) -> Client:
    """A client whose identity was approved."""
    form = LeadForm(
        email=f"client{number}-{uuid7().hex}@example.com",
        password="a long enough phrase",
        first_name="Lena",
        last_name="Weber",
        country=country,
    )
    stranger = Actor(id="anonymous", name="anonymous", roles=frozenset(), ip="203.0.113.7")
    client = clients.register_lead(session, form, actor=stranger, now=NOW)
    for stage in (Stage.PROFILED, Stage.VERIFIED):
        clients.change_stage(session, client, stage, reason="test", actor=SYSTEM, now=NOW)
    session.flush()
    return client


def rules_in_force(session: Session) -> None:
    decisions.install_defaults(session, NOW)


def herself(client: Client) -> Actor:
    return Actor(id=str(client.user_id), name="Lena", roles=frozenset({"client"}))


def a_deposit(session: Session, client: Client, amount: str = "100.00 USD", **more: Any) -> Payment:
    """A deposit the client asked for. Card deposits in dollars go to Stripe."""
    text, currency = amount.split()
    return service.request_deposit(
        session,
        client.id,
        Money.parse(text, currency),
        method=more.pop("method", "card"),
        actor=herself(client),
        now=more.pop("now", NOW),
        **more,
    )


def event(payment: Payment, kind: str, **changes: Any) -> dict[str, Any]:
    """A Stripe event about a payment's intent, refund or dispute."""
    intent = f"pi_{payment.reference}"
    described: dict[str, Any] = {
        "id": intent,
        "amount": payment.amount_minor,
        "amount_received": payment.amount_minor,
        "currency": payment.currency.lower(),
        "metadata": {"reference": payment.reference},
    }
    if kind.startswith(("refund", "charge.refund.", "charge.dispute.")):
        status = "needs_response" if "dispute" in kind else "succeeded"
        described |= {"payment_intent": intent, "metadata": {}, "status": status}
        described["id"] = changes.pop("operation", f"{kind[:6]}_{payment.reference}")
    created = changes.pop("created", int(NOW.timestamp()))
    outer = {
        "id": changes.pop("id", f"evt_{uuid7().hex}"),
        "type": kind,
        "created": created,
        "livemode": changes.pop("livemode", False),
    }
    return outer | {"data": {"object": described | changes}}


def stripe_headers(body: bytes, at: datetime = NOW, *secrets: str) -> dict[str, str]:
    seconds = int(at.timestamp())
    marks = [
        hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        for secret in secrets or SECRETS[:1]
    ]
    header = ",".join([f"t={seconds}", *(f"v1={mark}" for mark in marks)])
    return {"stripe-signature": header, "content-type": "application/json"}


def adyen_item(payment: Payment, code: str, *, key: str = HMAC_KEYS[0], **changes: Any) -> Any:
    """One signed Adyen notification item."""
    item: dict[str, Any] = {
        "pspReference": f"PSP{payment.reference}",
        "merchantAccountCode": "KingpostECOM",
        "merchantReference": payment.reference,
        "amount": {"value": payment.amount_minor, "currency": payment.currency},
        "eventCode": code,
        "eventDate": "2026-03-02T13:00:00+01:00",
        "success": "true",
        "reason": "",
    } | changes
    mark = hmac.new(bytes.fromhex(key), signed_text(item).encode(), hashlib.sha256).digest()
    item["additionalData"] = {"hmacSignature": base64.b64encode(mark).decode()}
    return {"NotificationRequestItem": item}


def adyen_body(*items: Any) -> bytes:
    return json.dumps({"live": "false", "notificationItems": list(items)}).encode()


def hear(session: Session, payment: Payment, kind: str, **changes: Any) -> Payment:
    """Apply one Stripe event to a payment, as the inbox's handler does."""
    parsed = STRIPE.parse(json.dumps(event(payment, kind, **changes)).encode())
    assert parsed is not None
    service.apply_event(session, STRIPE, parsed, now=NOW)
    return payment


def wallet_minor(session: Session, client: Client, currency: str = "USD") -> int:
    return books.available(session, ledger.client_wallet(session, client.id, currency)).minor


def control_minor(session: Session, name: str, currency: str = "USD") -> int:
    return books.control_balance(session, name, currency).minor


def journal_keys(session: Session) -> list[str]:
    return list(session.scalars(select(Journal.op_key).order_by(Journal.id)))
