"""The verbs of transfers: apply what a statement tells, or give a parked one to a client."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import queries as clients
from operational.kit import ids
from operational.kit.actor import Actor
from operational.kyc import names
from operational.messaging import inbox
from operational.messaging.models import InboxMessage
from operational.payments import errors, queries, service
from operational.payments.models import Payment
from operational.payments.psp import Psp
from operational.payments.psp.connect import PROVIDERS
from operational.payments.rules import ARRIVED_TIMES_MAX
from operational.payments.states import News, PaymentStatus, PayoutNews
from operational.payments.transfers.errors import NotATransfer, PayerDiffers, TransferUnclear
from operational.payments.transfers.lines import LINE, SOURCE, Kind, Line, event_of, read
from operational.payments.transfers.models import TransferAssignment

PAYER_MATCH_MIN = 80
"""Two names closer than this are one person; a spouse with the same family name is not."""
SETTLERS = frozenset(one.title.upper().split()[0] for one in PROVIDERS.values()) - {"BANK"}

_PAYOUT_NEWS = {Kind.PAYOUT: PayoutNews.PAID, Kind.RETURN: PayoutNews.RETURNED}


def apply_line(
    session: Session, message: InboxMessage, *, psps: Mapping[str, Psp], now: datetime
) -> None:
    """Handle one line of a statement. What is no client's money is done by being stored.

    Raises:
        TransferUnclear, PayerDiffers, CallbackDiffers, TooMuchArrived: for a person to see.
        UnknownReference: tried again, for the deposit or payout may not be committed yet.
    """
    line, psp = LINE.validate_json(message.body), psps[SOURCE]
    reading = read(line, SETTLERS)
    assigned = session.scalar(_ASSIGNED, {"message_id": message.id})
    if assigned is not None:
        told = event_of(line, News.ARRIVED, assigned, is_live=psp.is_live)
        service.apply_event(session, psp, told, now=now)
        return
    match reading.kind:
        case Kind.DEPOSIT:
            told = event_of(line, News.ARRIVED, reading.reference, is_live=psp.is_live)
            _check_payer(session, line, reading.reference or "")
            service.apply_event(session, psp, told, now=now)
        case Kind.PAYOUT | Kind.RETURN:
            news = _PAYOUT_NEWS[reading.kind]
            told = event_of(line, news, reading.reference, is_live=psp.is_live)
            service.apply_event(session, psp, told, now=now)
        case Kind.UNKNOWN:
            raise TransferUnclear(
                f"{line.amount} from {line.party or 'nobody named'}: whose is it?"
            )
        case Kind.SETTLEMENT | Kind.OTHER:
            pass


_ASSIGNED = (
    select(Payment.reference)
    .join(TransferAssignment, TransferAssignment.payment_id == Payment.id)
    .where(TransferAssignment.message_id == bindparam("message_id"))
)


def _check_payer(session: Session, line: Line, reference: str) -> None:
    """A deposit is credited by rule only where the client's own account sent it."""
    payment = session.scalar(queries.by_reference(reference))
    if payment is None:
        raise errors.UnknownReference(f"A transfer quotes {reference}, which we do not know.")
    if not is_own(session, line, payment.client_id):
        raise PayerDiffers(
            f"{line.amount} for {payment.reference} came from an account of"
            f" {line.party or 'nobody named'}, not of the client."
        )


def is_own(session: Session, line: Line, client_id: UUID) -> bool:
    """Whether the bank says that the account is the client's."""
    client = clients.get(session, client_id)
    name = f"{client.first_name} {client.last_name}"
    return names.similarity(line.party or "", name) >= PAYER_MATCH_MIN


def assign(
    session: Session, message_id: UUID, client_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> Payment:
    """Give a parked transfer to the client whose it is. The caller has checked `transfers.assign`.

    It goes to the deposit it quotes, if that is the client's; else to one made for it. The worker
    credits it, as any other.

    Raises:
        NotFound, NotParked, NotATransfer: the message is none that may be assigned.
        ClientNotFound.
    """
    message = inbox.parked(session, message_id)
    if message.source != SOURCE:
        raise NotATransfer("Only money that came to our bank account can be given to a client.")
    line = LINE.validate_json(message.body)
    if line.amount_minor <= 0:
        raise NotATransfer("This money went out; there is nobody to give it to.")
    country = clients.get(session, client_id).country

    payment = _quoted(session, line, client_id) or _made_for(
        session, line, client_id, country, now=now
    )
    session.add(
        TransferAssignment(
            message_id=message.id,
            payment_id=payment.id,
            reason=reason,
            assigned_by=UUID(actor.id),
            assigned_by_name=actor.name,
            assigned_at=now,
        )
    )
    inbox.put_back(message, now)

    audit.record(
        session,
        Tag.TRANSFER_ASSIGN,
        subject=payment.id,
        actor=actor,
        now=now,
        reason=reason,
        after={
            "line": line.line_id,
            "amount": str(line.amount),
            "client": str(client_id),
            "payer": "own account" if is_own(session, line, client_id) else "somebody else",
        },
    )
    return payment


def told(message: InboxMessage) -> Line | None:
    """What a parked message says came to our account; None if it is another message."""
    return LINE.validate_json(message.body) if message.source == SOURCE else None


def _quoted(session: Session, line: Line, client_id: UUID) -> Payment | None:
    """The deposit the transfer names, where it is this client's and may take so much."""
    reading = read(line, SETTLERS)
    if reading.kind is not Kind.DEPOSIT:
        return None
    payment = queries.locked_by_reference(session, reading.reference or "")
    is_fit = (
        payment is not None
        and payment.client_id == client_id
        and payment.psp == SOURCE
        and payment.currency == line.currency
        and line.amount_minor <= payment.amount_minor * ARRIVED_TIMES_MAX
    )
    return payment if is_fit else None


def _made_for(
    session: Session, line: Line, client_id: UUID, country: str, *, now: datetime
) -> Payment:
    """A deposit over just what came, as if the client had asked for it."""
    payment = Payment(
        id=ids.uuid7(),
        reference=ids.reference("D"),
        client_id=client_id,
        direction="deposit",
        method="bank_transfer",
        country=country,
        psp=SOURCE,
        fallback_psps=[],
        amount_minor=line.amount_minor,
        currency=line.currency,
        status=PaymentStatus.PENDING,
        requested_at=now,
    )
    session.add(payment)
    session.flush()
    return payment
