"""Words of the withdrawal tests: money in, a device long known, a destination, what a PSP says."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational.access import queries as access
from operational.access import sessions
from operational.access.totp import FieldKey
from operational.clients.models import Client
from operational.kit.actor import Actor
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.ledger.models import Hold
from operational.payments import service as payments
from operational.payments.models import Payment
from operational.payments.psp import PspEvent
from operational.payments.states import News, PayoutNews
from operational.payments.withdrawals import deciding, destinations, evidence, queries, service
from operational.payments.withdrawals.models import Destination, Payout, Withdrawal
from operational.review import queries as review_queries
from operational.review import service as review
from tests.payments.deposits import ADYEN, NOW, STRIPE, a_deposit, hear, herself

KEY = FieldKey(b"k" * 32)
IBANS = ("DE89370400440532013000", "GB82WEST12345698765432", "NL91ABNA0417164300")
LONG_AGO = NOW - timedelta(days=40)
NOTE = "looked at it"


def officer(role: str, number: int = 1) -> Actor:
    return Actor(
        id=f"00000000-0000-7000-8000-{number:012d}",
        name=f"{role} {number}",
        roles=frozenset({role}),
    )


FINANCE, SECOND, COMPLIANCE = officer("finance"), officer("finance", 2), officer("compliance", 3)


def money_in(session: Session, client: Client, amount: str = "100.00 USD", **more: Any) -> Payment:
    """A deposit that was paid, 40 days before now unless said: long enough ago to be left alone."""
    deposit = a_deposit(session, client, amount, **more)
    # Small amounts are routed elsewhere; here it is Stripe that speaks.
    deposit.psp = "stripe"
    hear(session, deposit, "payment_intent.succeeded", created=int(LONG_AGO.timestamp()))
    return deposit


def at_her_device(
    session: Session, client: Client, *, known_for: timedelta = timedelta(days=100)
) -> Actor:
    """The client at a browser first seen a while ago."""
    user = access.user(session, client.user_id)
    opened = {"ip": "203.0.113.7", "user_agent": f"browser {known_for}"}
    sessions.open_session(session, user, now=NOW - known_for, **opened)
    found, _ = sessions.open_session(session, user, now=NOW, **opened)
    return Actor(
        id=str(client.user_id),
        name="Lena",
        roles=frozenset({"client"}),
        session_id=found.id,
        ip="203.0.113.7",
    )


def a_destination(
    session: Session,
    client: Client,
    *,
    iban: str = IBANS[0],
    holder: str = "Lena Weber",
    age: timedelta = timedelta(days=10),
) -> Destination:
    """One that was added, approved and cooled down a while ago."""
    added = destinations.add(
        session,
        client.id,
        method="bank_transfer",
        details={"iban": iban},
        holder_name=holder,
        key=KEY,
        actor=herself(client),
        now=NOW - age,
    )
    return destinations.approve(session, added.id, note=NOTE, actor=FINANCE, now=NOW - age)


def take_out(
    session: Session, client: Client, amount: str = "60.00 USD", **more: Any
) -> Withdrawal:
    """A withdrawal the client asks for at a known device."""
    text, currency = amount.split()
    actor = more.pop("actor", None) or at_her_device(session, client)
    now = more.pop("now", NOW)
    return service.request_withdrawal(
        session, client.id, Money.parse(text, currency), actor=actor, now=now, **more
    )


def legs(session: Session, withdrawal: Withdrawal) -> list[Payout]:
    return list(session.scalars(queries.payouts_of(withdrawal.id)))


def reasons(session: Session, withdrawal: Withdrawal) -> list[str]:
    """The codes of the case it stopped for."""
    case = session.scalar(review_queries.open_case_of("withdrawal", withdrawal.id))
    return [reason["code"] for reason in case.reasons] if case else []


def decide(
    session: Session,
    withdrawal: Withdrawal,
    *,
    verdict: str = "approved",
    actor: Actor = FINANCE,
    evidence_id: UUID | None = None,
) -> None:
    """A person looks at the case, and says so."""
    case = session.scalars(review_queries.open_case_of("withdrawal", withdrawal.id)).one()
    if evidence_id is None:
        shown = review.serve_case(session, case.id, about=evidence.about, actor=actor, now=NOW)
        evidence_id = shown.id
    deciding.decide_case(
        session,
        case.id,
        verdict=verdict,
        note=NOTE,
        evidence_id=evidence_id,
        actor=actor,
        now=NOW,
    )


def tell(session: Session, payout: Payout, news: PayoutNews | News, **changes: Any) -> Payout:
    """The payout's PSP says something of it, as the inbox's handler applies it."""
    is_refund = payout.payment_id is not None
    deposit = session.get(Payment, payout.payment_id) if is_refund else None
    psp = {"stripe": STRIPE, "adyen": ADYEN}[payout.psp]
    known: dict[str, Any] = {
        "external_id": uuid7().hex,
        "news": news,
        "operation_id": f"op_{payout.reference}",
        "psp_payment_id": deposit.psp_payment_id if deposit else f"op_{payout.reference}",
        "reference": payout.reference,
        "amount": Money(payout.amount_minor, payout.currency),
        "occurred_at": NOW,
        "merchant": psp.merchant,
    }
    payments.apply_event(session, psp, PspEvent(**(known | changes)), now=NOW)
    return payout


def held_minor(session: Session, client: Client, currency: str = "USD") -> int:
    wallet = ledger.client_wallet(session, client.id, currency)
    held = select(func.sum(Hold.amount)).where(Hold.account_id == wallet, Hold.status == "held")
    return int(session.scalar(held) or 0)
