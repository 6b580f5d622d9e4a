"""What proves that a client made a deposit and used it, as sections of lines.

A line is a name and a text. Personal lines are masked by the roles of whoever makes the pack.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import queries as access
from operational.access.masks import masked
from operational.clients import queries as clients
from operational.kit.money import Money
from operational.kyc import queries as kyc
from operational.payments import queries as payments
from operational.payments.disputes.models import Dispute
from operational.payments.models import Payment
from operational.platforms import queries as platforms
from operational.platforms.history import Trade
from operational.platforms.states import TransferStatus

LINES_MAX = 60
"""Of one section: a bank's clerk reads two pages, not twenty."""

Lines = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of the pack."""

    title: str
    lines: Lines
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything the pack says, and the few fields providers ask for besides."""

    sections: list[Section]
    summary: dict[str, str]


def collect(
    session: Session,
    dispute: Dispute,
    trades: Sequence[Trade] | None,
    roles: frozenset[str],
) -> Pack:
    """Put the pack together; `trades` is None where the platform could not be asked."""
    payment = session.get_one(Payment, dispute.payment_id)
    client = clients.get(session, dispute.client_id)
    person = masked(
        {
            "first_name": client.first_name,
            "last_name": client.last_name,
            "email": client.email,
            "phone": client.phone or "",
        },
        roles,
    )
    sign_ins = _sign_ins(session, client.user_id)
    transfers = _transfers(session, dispute, payment.requested_at)
    sections = [
        Section("The dispute", _dispute(dispute)),
        Section("The deposit", _deposit(session, payment)),
        Section(
            "The client",
            [
                ("Name", f"{person['first_name']} {person['last_name']}"),
                ("E-mail", person["email"]),
                ("Phone", person["phone"] or "none"),
                ("Country", client.country),
                ("Registered", f"{_at(client.registered_at)} from {client.registered_ip or '?'}"),
                ("Identity verified", _at(client.verified_at)),
                *_checks(session, dispute),
            ],
        ),
        Section("Sign-ins to the client's account", sign_ins[:LINES_MAX]),
        Section(
            "The money reached the client's trading account",
            transfers[:LINES_MAX],
            "" if transfers else "The deposit was credited to the wallet and not moved on.",
        ),
        _traded(trades),
        Section("What the client pays for", [], TERMS),
    ]
    summary = {
        "name": f"{person['first_name']} {person['last_name']}",
        "email": person["email"],
        "ip": client.registered_ip or "",
        "product": "Funds credited to the client's own account for trading, at the client's order.",
        "service_date": f"{payment.succeeded_at or payment.requested_at:%Y-%m-%d}",
        "activity": "\n".join(f"{name} {text}" for name, text in [*sign_ins, *transfers][:20]),
        "statement": _statement(payment, transfers, trades),
    }
    return Pack(sections, summary)


TERMS = (
    "A deposit is credited whole to the client's own wallet in the same currency, without a "
    "charge, as soon as the provider confirms it. The client moves it to a trading account and "
    "back by themselves, and may withdraw what is not bound in open positions at any time. Results "
    "of trades the client made are the client's own; they are no ground to take the deposit back."
)


def _dispute(dispute: Dispute) -> Lines:
    return [
        ("Our reference", dispute.reference),
        ("Provider's reference", f"{dispute.psp} {dispute.psp_dispute_id}"),
        ("Amount", str(_amount(dispute))),
        ("Reason", " ".join(filter(None, (dispute.reason, dispute.network_reason))) or "not said"),
        ("Opened", _at(dispute.opened_at)),
        ("Answer due", _at(dispute.due_at)),
    ]


def _deposit(session: Session, payment: Payment) -> Lines:
    told = [
        (
            _at(event.occurred_at),
            f"{event.psp}: {event.news.replace('_', ' ')} {event.operation_id}",
        )
        for event in session.scalars(payments.events_of(payment.id))
    ]
    return [
        ("Reference", payment.reference),
        ("Provider's payment", f"{payment.psp} {payment.psp_payment_id or '?'}"),
        ("Amount", str(_amount(payment))),
        ("Method", payment.method.replace("_", " ")),
        ("Asked for by the signed-in client", _at(payment.requested_at)),
        ("Credited to the client", _at(payment.succeeded_at)),
        *told,
    ]


def _checks(session: Session, dispute: Dispute) -> Iterator[tuple[str, str]]:
    """When identity was checked and what came out; never what was compared with whom."""
    for check in session.scalars(kyc.checks(dispute.client_id).limit(3)):
        yield "Identity check", f"{_at(check.checked_at)}: {check.outcome}"
    for document in session.scalars(kyc.documents(dispute.client_id).limit(5)):
        yield "Document on file", f"{document.kind.replace('_', ' ')}, {_at(document.uploaded_at)}"


def _sign_ins(session: Session, user_id: UUID) -> Lines:
    found = session.scalars(access.sign_ins(user_id).limit(LINES_MAX))
    return [(_at(one.created_at), f"from {one.ip}, {one.user_agent[:60]}") for one in found]


def _transfers(session: Session, dispute: Dispute, since: datetime) -> Lines:
    found = session.scalars(platforms.transfers_of(dispute.client_id))
    done = [one for one in found if one.status == TransferStatus.DONE and one.requested_at >= since]
    return [
        (_at(one.done_at), f"{_amount(one)} by {one.reference}, deal {one.deal}") for one in done
    ]


def _traded(trades: Sequence[Trade] | None) -> Section:
    title = "The client traded with it"
    if trades is None:
        return Section(title, [], "The trading platform could not be asked when this was made.")
    lines = [
        (_at(one.at), f"{one.side} {one.lots} {one.symbol} at {one.price}, deal {one.deal}")
        for one in trades
    ]
    more = len(lines) - LINES_MAX
    remark = f"And {more} more." if more > 0 else "" if lines else "No trade since the deposit."
    return Section(title, lines[:LINES_MAX], remark)


def _statement(payment: Payment, transfers: Lines, trades: Sequence[Trade] | None) -> str:
    used = [f"{len(transfers)} transfers to the client's trading account"] if transfers else []
    used += [f"{len(trades)} trades"] if trades else []
    return (
        f"The verified client ordered the deposit {payment.reference} of {_amount(payment)} while signed in; "
        f"it was credited whole to the client's own wallet. Since then: "
        f"{' and '.join(used) or 'it is in the wallet'}. Details are in the document."
    )


def _amount(row: Any) -> Money:
    return Money(row.amount_minor, row.currency)


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "not known"
