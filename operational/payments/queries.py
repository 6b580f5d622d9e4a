"""Named reads of payments."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from operational.kit.money import EXPONENTS
from operational.payments.models import Payment, PaymentEvent
from operational.payments.rules import Told
from operational.payments.states import OPEN, News, PaymentStatus


def by_reference(reference: str) -> Select[Payment]:
    return select(Payment).where(Payment.reference == reference)


def get(session: Session, payment_id: UUID) -> Payment:
    """The payment of this id, which something of ours refers to."""
    return session.get_one(Payment, payment_id)


def of_client(client_id: UUID, limit: int = 100) -> Select[Payment]:
    """The newest payments of one client."""
    return (
        select(Payment)
        .where(Payment.client_id == client_id)
        .order_by(Payment.requested_at.desc(), Payment.id.desc())
        .limit(limit)
    )


@dataclass(frozen=True, slots=True)
class Sought:
    """What payments are looked for by; a condition left out holds for all. Days are UTC, both within."""

    text: str = ""
    """A reference, ours or the PSP's."""
    client_ids: Select[UUID] | None = None
    """Whose they may be instead, where the text finds clients."""
    status: str | None = None
    psp: str = ""
    method: str = ""
    amount: Decimal | None = None
    """In major units of whatever currency."""
    since: date | None = None
    until: date | None = None


def matching(sought: Sought) -> Select[Payment]:
    """Payments of everybody, in no order."""
    found, wanted = select(Payment), sought.text.strip()
    if wanted:
        ways = [Payment.reference == wanted.upper(), Payment.psp_payment_id == wanted]
        if sought.client_ids is not None:
            ways.append(Payment.client_id.in_(sought.client_ids))
        found = found.where(or_(*ways))
    for column, value in (
        (Payment.status, sought.status),
        (Payment.psp, sought.psp),
        (Payment.method, sought.method),
    ):
        found = found.where(column == value) if value else found
    if sought.amount is not None:
        found = found.where(_is_amount(sought.amount))
    if sought.since is not None:
        found = found.where(Payment.requested_at >= datetime.combine(sought.since, time.min, UTC))
    if sought.until is not None:
        found = found.where(Payment.requested_at <= datetime.combine(sought.until, time.max, UTC))
    return found


def _is_amount(amount: Decimal) -> ColumnElement[bool]:
    """Whatever its currency's decimals: 250 finds 250.00 USD and 250 JPY."""
    return or_(
        *(
            and_(
                Payment.amount_minor == amount.scaleb(places),
                Payment.currency.in_([name for name, own in EXPONENTS.items() if own == places]),
            )
            for places in set(EXPONENTS.values())
        )
    )


def coming() -> Select[str, str, int]:
    """PSP, currency and sum of what clients were sent to pay and the PSP has not decided."""
    return (
        select(Payment.psp, Payment.currency, cast(func.sum(Payment.amount_minor), BigInteger))
        .where(Payment.status.in_([str(status) for status in OPEN]))
        .group_by(Payment.psp, Payment.currency)
    )


def events_of(payment_id: UUID) -> Select[PaymentEvent]:
    """Everything the PSP told of a payment, as it came."""
    return (
        select(PaymentEvent)
        .where(PaymentEvent.payment_id == payment_id)
        .order_by(PaymentEvent.recorded_at, PaymentEvent.id)
    )


def told_of(session: Session, payment_id: UUID) -> list[Told]:
    """The same in the form `rules.judge` takes."""
    return [
        Told(News(event.news), event.operation_id, event.amount_minor, event.occurred_at)
        for event in session.scalars(events_of(payment_id))
    ]


def locked_by_reference(session: Session, reference: str) -> Payment | None:
    return session.scalar(by_reference(reference).with_for_update())


def locked_by_psp_id(session: Session, psp: str, psp_payment_id: str) -> Payment | None:
    return session.scalar(
        select(Payment)
        .where(Payment.psp == psp, Payment.psp_payment_id == psp_payment_id)
        .with_for_update()
    )


def asked_minor(
    session: Session, client_id: UUID, method: str, currency: str, since: datetime
) -> int:
    """What a client asked to pay in by one method since then, failed payments left out."""
    asked = session.scalar(
        select(func.sum(Payment.amount_minor)).where(
            Payment.client_id == client_id,
            Payment.method == method,
            Payment.currency == currency,
            Payment.requested_at > since,
            Payment.status != PaymentStatus.FAILED,
        )
    )
    return int(asked or 0)


@dataclass(frozen=True, slots=True)
class History:
    """How a client paid in so far: deposits that succeeded, and those that were charged back."""

    paid: int
    disputed: int


def history_of(session: Session, client_id: UUID) -> History:
    disputed = [PaymentStatus.CHARGED_BACK, PaymentStatus.CHARGEBACK_WON]
    found = session.execute(
        select(
            func.count(Payment.succeeded_at),
            func.count().filter(Payment.status.in_([str(status) for status in disputed])),
        ).where(Payment.client_id == client_id)
    ).one()
    return History(*found)


def silent(
    psps: Collection[str], now: datetime, older_than: timedelta, life: timedelta, limit: int
) -> Select[Payment]:
    """Payments the PSP should have told us more about by now, those asked longest ago first.

    A card that failed is not the end while the page is open: another may work. So a failed payment
    is asked about too, an hour apart, and twice after the page has closed.
    """
    is_open = Payment.status.in_([str(status) for status in OPEN]) & (
        Payment.polled_at.is_(None) | (Payment.polled_at <= now - older_than)
    )
    may_still_work = (
        (Payment.status == PaymentStatus.FAILED)
        & Payment.psp_session_id.is_not(None)
        & (Payment.requested_at > now - life - 2 * _APART)
        & (Payment.polled_at.is_(None) | (Payment.polled_at <= now - max(older_than, _APART)))
    )
    return (
        select(Payment)
        .where(is_open | may_still_work)
        .where(Payment.psp.in_(list(psps)), Payment.requested_at <= now - older_than)
        .order_by(Payment.polled_at.nulls_first(), Payment.requested_at)
        .limit(limit)
    )


_APART = timedelta(hours=1)


def counts(session: Session) -> dict[str, int]:
    """How many payments stand in each status."""
    found = select(Payment.status, func.count()).group_by(Payment.status)
    return {status: count for status, count in session.execute(found)}  # noqa: C416 - a row is no pair to dict()
