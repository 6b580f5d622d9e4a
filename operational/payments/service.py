"""The verbs of deposits: ask for one, hear of it, take it back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import service as clients
from operational.kit import ids
from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.messaging import outbox
from operational.messaging.arrivals import Arrived
from operational.messaging.models import InboxMessage
from operational.payments import attempts, booking, errors, offering, queries, routing, rules
from operational.payments.disputes import service as disputes
from operational.payments.models import Payment, PaymentEvent
from operational.payments.psp import CapturesLater, Psp, PspEvent
from operational.payments.states import OPEN, WHOLE, News, PaymentStatus, PayoutNews
from operational.payments.withdrawals import hearing

CREATE_PAYMENT = "psp.create_payment"
CAPTURE_PAYMENT = "psp.capture_payment"
CREATE_DEADLINE = timedelta(minutes=15)
"""A client who waits longer has left the page."""
CAPTURE_DEADLINE = timedelta(hours=3)
"""PayPal keeps an order open this long for us after the client has agreed."""
PATIENCE = timedelta(minutes=2)
"""Three providers asked three times each answer, or do not, in less."""
SESSION_RESULT_CHARACTERS_MAX = 4_000
WORKER = Actor.system("payments")


def request_deposit(
    session: Session,
    client_id: UUID,
    amount: Money,
    *,
    method: str,
    actor: Actor,
    now: datetime,
) -> Payment:
    """Note that a client wants to pay in; the outbox asks the PSP for a payment page.

    Raises:
        Forbidden, ClientNotFound: the actor may not, or not for this client.
        NotVerified, MethodNotOffered, AmountOutOfLimits, DailyLimitReached, MonthlyLimitReached:
            the client is not offered this.
        NoPspOffers: nobody takes it now.
    """
    # The client's row is locked, so two deposits at once cannot both fit under a limit.
    client = clients.own(session, client_id, Permission.PAYMENTS_DEPOSIT, actor=actor)
    payment_id = ids.uuid7()
    wish = offering.allow(session, payment_id, client, amount, method, now=now)
    route = routing.route(session, payment_id, wish, now=now)

    payment = Payment(
        id=payment_id,
        reference=ids.reference("D"),
        client_id=client_id,
        direction="deposit",
        method=method,
        country=client.country,
        psp=route.psps[0],
        fallback_psps=route.psps[1:],
        routing_decision_id=route.decision_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        status=PaymentStatus.CREATED,
        requested_at=now,
    )
    session.add(payment)
    session.flush()
    ask_psp(session, payment, is_probe=route.is_probe, now=now)

    audit.record(
        session,
        Tag.DEPOSIT_REQUEST,
        subject=payment.id,
        actor=actor,
        now=now,
        after={"amount": str(amount), "method": method, "psp": payment.psp},
        decision_id=route.decision_id,
    )
    return payment


def ask_psp(session: Session, payment: Payment, *, now: datetime, is_probe: bool = False) -> None:
    """Let the outbox open a payment page at the payment's PSP."""
    attempts.begin(session, payment, is_probe=is_probe, now=now)
    outbox.put(
        session,
        CREATE_PAYMENT,
        aggregate=f"payment:{payment.id}",
        payload={
            "payment_id": str(payment.id),
            "psp": payment.psp,
            "reference": payment.reference,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "method": payment.method,
            "country": payment.country,
        },
        now=now,
        deadline=CREATE_DEADLINE,
    )


def believe(psp: Psp, headers: Mapping[str, str], body: bytes, *, now: datetime) -> list[Arrived]:
    """What a callback brings, if it is believed, to be given to `arrivals.store`.

    Answer 2xx only after that is committed, with `psp.ack` as the body.

    Args:
        psp: the adapter of the provider whose address was called.
        headers: with names in lower case.
        body: the raw bytes.
        now: for the age of the signature.

    Raises:
        CallbackRefused, CallbackMalformed: count it with `inbox.count_refused`.
    """
    names = (*_KEPT_HEADERS, *psp.signature_headers)
    kept = {name: headers[name] for name in names if name in headers}
    return [
        Arrived(psp.name, event.external_id, kept, event.body)
        for event in psp.verify(headers, body, now)
    ]


_KEPT_HEADERS = ("content-type", "user-agent")


def overhear(psp: Psp, event: PspEvent) -> Arrived:
    """What a PSP said when it was asked, in the form of a message it might have sent."""
    return Arrived(psp.name + POLLED, event.external_id, {}, _EVENT.dump_json(event))


POLLED = ".poll"
"""After a PSP's name: the source of what it said when it was asked."""
_EVENT = TypeAdapter(PspEvent)


def apply_callback(
    session: Session, message: InboxMessage, *, psps: Mapping[str, Psp], now: datetime
) -> None:
    """Handle one stored callback. An event about nothing of ours is done by being stored.

    So is one over nothing: that is how cards are checked, and it moves no money.

    Raises:
        UnknownReference: tried again, for it may speak of a payment not committed yet.
        ReturnedTooMuch: tried again, for a refund of before may have failed.
        CallbackDiffers, CallbackImpossible, CallbackMalformed: for a person to see.
    """
    psp = psps[message.source]
    event = psp.parse(message.body)
    if event is not None and event.amount.minor:
        apply_event(session, psp, event, now=now)


def apply_polled(
    session: Session, message: InboxMessage, *, psps: Mapping[str, Psp], now: datetime
) -> None:
    """Handle what a PSP said when it was asked; see `apply_callback`."""
    psp = psps[message.source.removesuffix(POLLED)]
    event = _EVENT.validate_json(message.body)
    if event.amount.minor:
        apply_event(session, psp, event, now=now)


def apply_event(session: Session, psp: Psp, event: PspEvent, *, now: datetime) -> None:
    """Record what a PSP said of a payment or a payout, and bring that where all it said leads.

    Raises:
        UnknownReference, ReturnedTooMuch, CallbackDiffers, CallbackImpossible.
    """
    if isinstance(event.news, PayoutNews):
        hearing.hear(session, psp, event, now=now)
        return
    payment = _payment_of(session, psp, event)
    _compare(payment, psp, event)

    recorded = _record(session, payment, event, now)
    if recorded is None:
        return

    # A client may try several cards on one page; the id of the try that worked is the payment's.
    if payment.psp_payment_id is None or event.news is News.SUCCEEDED:
        payment.psp_payment_id = event.psp_payment_id
    is_step = disputes.follow(session, payment, recorded, now=now)
    if event.news is News.DISPUTED:
        recorded.is_applied = is_step
        return
    told = queries.told_of(session, payment.id)
    try:
        verdict = rules.judge(str(payment.id), payment.amount_minor, told, payment.agreed_minor)
    except rules.TooMuch as error:
        raise errors.ReturnedTooMuch(f"{payment.reference}: {error}.") from error
    except rules.Impossible as error:
        raise errors.CallbackImpossible(f"{payment.reference}: {error}.") from error
    except rules.TooMuchArrived as error:
        raise errors.TooMuchArrived(f"{payment.reference}: {error}.") from error
    payment.psp_payment_id = rules.first_piece(told) or payment.psp_payment_id
    hearing.hear_refund(session, payment, event, now=now)
    payouts = hearing.refunds_of_ours(session, payment)
    booking.bring(session, payment, verdict, recorded, payouts=payouts, now=now)
    is_agreed = recorded.is_applied and payment.status == PaymentStatus.AUTHORISED
    if is_agreed and isinstance(psp, CapturesLater):
        _ask_capture(session, payment, now=now)


def _ask_capture(session: Session, payment: Payment, *, now: datetime) -> None:
    """Let the outbox take what the client agreed to pay."""
    outbox.put(
        session,
        CAPTURE_PAYMENT,
        aggregate=f"payment:{payment.id}",
        payload={
            "payment_id": str(payment.id),
            "psp": payment.psp,
            "reference": payment.reference,
            "session_id": payment.psp_session_id or payment.psp_payment_id,
        },
        now=now,
        deadline=CAPTURE_DEADLINE,
    )


def is_stuck(payment: Payment, now: datetime) -> bool:
    """Whether its page should have been open long ago: no client should be left waiting for it."""
    is_waiting = payment.status == PaymentStatus.CREATED and payment.redirect_url is None
    return is_waiting and payment.requested_at <= now - PATIENCE


def keep_session_result(payment: Payment, result: str) -> None:
    """Keep what the browser came back with. It proves nothing: the sweeper asks the PSP with it."""
    if len(result) <= SESSION_RESULT_CHARACTERS_MAX:
        payment.psp_session_result = result


def expire(session: Session, payment_id: UUID, *, now: datetime) -> Payment:
    """Give up a payment the PSP knows nothing of. A success that comes after all still wins."""
    payment = session.get_one(Payment, payment_id, with_for_update=True)
    if payment.status in OPEN:
        fail(session, payment, "expired", tag=Tag.DEPOSIT_EXPIRE, now=now)
        attempts.abandon(session, payment, now=now)
    return payment


def fail(
    session: Session, payment: Payment, reason: str, *, now: datetime, tag: Tag = Tag.DEPOSIT_FAIL
) -> None:
    """End a payment no PSP took."""
    payment.status = PaymentStatus.FAILED
    payment.failure_reason = reason
    payment.ended_at = now
    audit.record(session, tag, subject=payment.id, actor=WORKER, now=now, reason=reason)


def _record(
    session: Session, payment: Payment, event: PspEvent, now: datetime
) -> PaymentEvent | None:
    """Keep what we were told; None if we were told by this very event before."""
    row = insert(PaymentEvent).values(
        id=ids.uuid7(),
        payment_id=payment.id,
        psp=payment.psp,
        external_id=event.external_id,
        news=event.news,
        operation_id=event.operation_id,
        amount_minor=event.amount.minor,
        currency=event.amount.currency,
        is_applied=False,
        occurred_at=event.occurred_at or now,
        recorded_at=now,
        details=event.details,
    )
    return session.scalar(row.on_conflict_do_nothing().returning(PaymentEvent))


def _payment_of(session: Session, psp: Psp, event: PspEvent) -> Payment:
    """Our row of what the event speaks of, locked."""
    payment = None
    if event.reference:
        payment = queries.locked_by_reference(session, event.reference)
    # A refund or dispute may carry a reference of its own, or none.
    if payment is None:
        payment = queries.locked_by_psp_id(session, psp.name, event.psp_payment_id)
    if payment is None:
        named = event.reference or event.psp_payment_id
        raise errors.UnknownReference(f"{psp.name} speaks of {named}, which we do not know.")
    return payment


def _compare(payment: Payment, psp: Psp, event: PspEvent) -> None:
    """Believe the PSP only where it agrees with our own row."""
    # What goes back may be a part, and is held against what was captured.
    asked = event.amount if event.news in WHOLE else event.asked
    differences = {
        "psp": (payment.psp, psp.name),
        "currency": (payment.currency, event.amount.currency),
        "amount": (payment.amount_minor, asked.minor if asked else payment.amount_minor),
        "merchant": (psp.merchant, event.merchant),
        "live mode": (psp.is_live, event.is_live),
    }
    for name, (ours, theirs) in differences.items():
        if ours != theirs:
            raise errors.CallbackDiffers(
                f"{payment.reference}: {name} is {ours} here, {theirs} at {psp.name}."
            )
