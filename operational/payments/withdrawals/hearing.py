"""What PSPs tell of payouts becomes money in the books."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import ids
from operational.kit.money import Money
from operational.ledger import queries as books
from operational.ledger import service as ledger
from operational.ledger.service import Leg
from operational.payments import booking
from operational.payments.errors import CallbackDiffers, CallbackImpossible, UnknownReference
from operational.payments.models import Payment
from operational.payments.psp import Psp, PspEvent
from operational.payments.rules import Impossible, Movement
from operational.payments.states import News, PayoutNews
from operational.payments.withdrawals import payouts, queries, rules
from operational.payments.withdrawals.models import Payout, PayoutEvent
from operational.payments.withdrawals.states import HOLDING, PayoutStatus
from operational.review import service as review

CASE_KIND = "payout"

_OF_REFUND = {News.REFUNDED: PayoutNews.PAID, News.REFUND_FAILED: PayoutNews.RETURNED}
_TAGS = {PayoutStatus.PAID: Tag.PAYOUT_PAY, PayoutStatus.RETURNED: Tag.PAYOUT_RETURN}


def hear(session: Session, psp: Psp, event: PspEvent, *, now: datetime) -> Payout:
    """Record what a PSP said of a transfer, and bring the payout where all it said leads.

    Raises:
        UnknownReference, CallbackDiffers, CallbackImpossible.
    """
    found = None
    if event.reference:
        found = queries.payout_by_reference(session, event.reference)
    if found is None:
        found = queries.payout_by_psp_id(session, psp.name, event.psp_payment_id)
    if found is None:
        named = event.reference or event.psp_payment_id
        raise UnknownReference(f"{psp.name} speaks of payout {named}, which we do not know.")
    payout = queries.locked_payout(session, found.id)
    _compare(payout, psp, event)
    payout.psp_payout_id = payout.psp_payout_id or event.psp_payment_id
    return _apply(session, payout, event, PayoutNews(event.news), now=now)


def hear_refund(session: Session, payment: Payment, event: PspEvent, *, now: datetime) -> None:
    """If a refund that a PSP told of is a payout of ours, bring that where it leads.

    Raises:
        CallbackDiffers, CallbackImpossible.
    """
    news = _OF_REFUND.get(event.news) if isinstance(event.news, News) else None
    found = _refund_of(session, payment, event) if news else None
    if found is None or news is None:
        return
    payout = queries.locked_payout(session, found.id)
    if news is PayoutNews.PAID and event.amount.minor != payout.amount_minor:
        raise CallbackDiffers(
            f"{payout.reference}: amount is {payout.amount_minor} here, {event.amount.minor} there."
        )
    payout.psp_payout_id = payout.psp_payout_id or event.operation_id
    _apply(session, payout, event, news, now=now)


def refunds_of_ours(session: Session, payment: Payment) -> frozenset[str | None]:
    """The PSP's ids of those refunds of a deposit that are payouts, and booked as such."""
    given_back = session.scalars(queries.payouts_of_payment(payment.id))
    return frozenset(payout.psp_payout_id for payout in given_back)


def _refund_of(session: Session, payment: Payment, event: PspEvent) -> Payout | None:
    for payout in session.scalars(queries.payouts_of_payment(payment.id)):
        if event.reference == payout.reference or event.operation_id == payout.psp_payout_id:
            return payout
    return None


def _compare(payout: Payout, psp: Psp, event: PspEvent) -> None:
    """Believe the PSP only where it agrees with our own row. What comes back may have lost a fee."""
    is_whole = event.news is not PayoutNews.RETURNED
    differences = {
        "psp": (payout.psp, psp.name),
        "currency": (payout.currency, event.amount.currency),
        "amount": (payout.amount_minor if is_whole else event.amount.minor, event.amount.minor),
        "merchant": (psp.merchant, event.merchant),
        "live mode": (psp.is_live, event.is_live),
    }
    for name, (ours, theirs) in differences.items():
        if ours != theirs:
            raise CallbackDiffers(
                f"{payout.reference}: {name} is {ours} here, {theirs} at {psp.name}."
            )


def _apply(
    session: Session, payout: Payout, event: PspEvent, news: PayoutNews, *, now: datetime
) -> Payout:
    row = insert(PayoutEvent).values(
        id=ids.uuid7(),
        payout_id=payout.id,
        psp=payout.psp,
        external_id=event.external_id,
        news=news,
        operation_id=event.operation_id,
        amount_minor=event.amount.minor,
        currency=event.amount.currency,
        is_applied=False,
        occurred_at=event.occurred_at or now,
        recorded_at=now,
        details=event.details,
    )
    recorded = session.scalar(row.on_conflict_do_nothing().returning(PayoutEvent))
    if recorded is None:
        return payout
    try:
        verdict = rules.judge(payout.id, payout.amount_minor, queries.told_of(session, payout.id))
    except Impossible as error:
        raise CallbackImpossible(f"{payout.reference}: {error}.") from error
    before = payout.status
    posted = [_post(session, payout, movement, now=now) for movement in verdict.movements]
    _move(session, payout, verdict, recorded.details.get("reason"), now=now)
    recorded.is_applied = payout.status != before or any(posted)
    _record(session, payout, recorded, before, now=now)
    return payout


def _move(
    session: Session, payout: Payout, verdict: rules.Verdict, reason: str | None, *, now: datetime
) -> None:
    match verdict.status:
        case PayoutStatus.PAID | PayoutStatus.RETURNED:
            payout.status = verdict.status
            payout.paid_at = verdict.movements[0].effective_at
            payout.sent_at = payout.sent_at or now
            payout.ended_at = payout.ended_at or now
            if verdict.status is PayoutStatus.PAID:
                payout.failure_reason = None
            elif reason:
                payout.failure_reason = reason
            payouts.settle(session, payout.withdrawal_id, now=now)
        case PayoutStatus.FAILED if payout.status in HOLDING:
            payouts.fail(session, payout, reason or "not paid", now=now)
        case PayoutStatus.SENT if payout.status in {PayoutStatus.QUEUED, PayoutStatus.IN_DOUBT}:
            payout.status = PayoutStatus.SENT
            payout.sent_at = now
        case _:
            pass


def _post(session: Session, payout: Payout, movement: Movement, *, now: datetime) -> bool:
    """Post one movement, unless it is in the books. True if it was not."""
    if books.journal_of(session, movement.op_key) is not None:
        return False
    moved = Money(movement.amount_minor, payout.currency)
    is_held = moved.minor < 0 and payout.status in HOLDING
    if is_held:
        wallet = ledger.client_wallet(session, payout.client_id, payout.currency)
        client = [Leg(wallet, moved)]
    else:
        client = booking.client_legs(session, payout.client_id, moved)
    clearing = ledger.control_account(session, f"psp:{payout.psp}", "asset", payout.currency)
    ledger.post(
        session,
        movement.op_key,
        kind=movement.kind,
        legs=[Leg(clearing, -moved), *client],
        effective_at=movement.effective_at,
        actor=payouts.WORKER,
        meta={"payout": payout.reference, "psp": payout.psp},
        settles=payouts.hold_key(payout) if is_held else None,
    )
    if moved.minor < 0 and not is_held:
        _paid_after_all(session, payout, now=now)
    return True


def _paid_after_all(session: Session, payout: Payout, *, now: datetime) -> None:
    """Paid though we had given it up: its money was free, and may be spent. A person looks."""
    payout.is_paid_without_hold = True
    moved = Money(payout.amount_minor, payout.currency)
    sentence = f"{payout.psp} paid {moved} after we had taken it to be {payout.status}."
    review.open_case(
        session,
        kind=CASE_KIND,
        subject_id=payout.id,
        client_id=payout.client_id,
        reasons=[
            {"code": "paid_after_all", "sentence": sentence, "cleared_by": "person", "saw": {}}
        ],
        decision_id=None,
        actor=payouts.WORKER,
        now=now,
    )


def _record(
    session: Session, payout: Payout, event: PayoutEvent, before: str, *, now: datetime
) -> None:
    tag = Tag.PAYOUT_EVENT_IGNORE
    if event.is_applied:
        tag = _TAGS.get(PayoutStatus(payout.status), Tag.PAYOUT_SEND)
    audit.record(
        session,
        tag,
        subject=payout.id,
        actor=payouts.WORKER,
        now=now,
        reason=event.details.get("reason"),
        before={"status": str(before)},
        after={"status": str(payout.status), "event": event.external_id},
    )
