"""W1: whatever the order of callbacks, and however often they come, a payment ends the same.

All orders are walked as one tree, each branch inside a savepoint. At every node every event heard
so far is told again, and must leave the database as it was, to the byte. So a doubled event, or a
prefix followed by everything, leads where the plain order leads, without walking those too. And at
every node the client has been given no more than was captured.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from math import factorial

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from operational.kit.money import Money
from operational.payments import queries, service
from operational.payments.disputes import queries as disputes
from operational.payments.disputes.models import Dispute
from operational.payments.models import Payment
from operational.payments.psp import Psp, PspEvent
from operational.payments.states import News
from tests.payments.deposits import (
    ADYEN,
    CHECKOUT,
    CRYPTO,
    NOW,
    STRIPE,
    a_deposit,
    a_verified_client,
    adyen_body,
    adyen_item,
    control_minor,
    event,
    rules_in_force,
)
from tests.payments.signing import adapter, callback

Apply = Callable[[Session, Psp, PspEvent], object]

DUE = int(NOW.timestamp()) + 9 * 86_400

FLOW = {
    "payment_intent.processing": {},
    "payment_intent.amount_capturable_updated": {},
    "payment_intent.succeeded": {},
    "refund.created": {"amount": 4_000},
    "charge.dispute.created": {},
}
CONFLICT = {
    "payment_intent.payment_failed": {},
    "payment_intent.succeeded": {},
    "payment_intent.canceled": {},
    "payment_intent.processing": {},
}
# What comes back is told under the operation that it undoes.
UNDONE = {
    "payment_intent.succeeded": {},
    "refund.created": {"amount": 4_000},
    "refund.failed": {"amount": 4_000, "status": "failed"},
    "charge.dispute.created": {},
    "charge.dispute.closed": {"status": "won"},
}
# An inquiry that became a chargeback, with our evidence before the bank.
INQUIRED = {
    "payment_intent.succeeded": {},
    "charge.dispute.created": {"status": "warning_needs_response"},
    "charge.dispute.updated": {"status": "needs_response", "evidence_details": {"due_by": DUE}},
    "charge.dispute.closed": {"status": "under_review"},
}
DISPUTES = ("AUTHORISATION", "CHARGEBACK", "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK")
WON = ("AUTHORISATION", "CAPTURE", "REFUND", "CHARGEBACK", "CHARGEBACK_REVERSED")
DEFENDED = ("AUTHORISATION", "NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK", "INFORMATION_SUPPLIED")
EXPIRED = (
    "AUTHORISATION",
    "CHARGEBACK",
    "CHARGEBACK_REVERSED",
    "ISSUER_RESPONSE_TIMEFRAME_EXPIRED",
)
UNCAPTURED = ("AUTHORISATION", "CAPTURE", "CAPTURE_FAILED", "CANCELLATION")
DISPUTE_CODES = frozenset({*DISPUTES[1:], *DEFENDED[1:], *EXPIRED[1:]})
# Two transfers for one deposit, the first told twice over; what came too late for the page counts.
CHECKED_OUT = (
    ("payment_captured", {}),
    ("payment_refunded", {"amount": 2_000}),
    ("dispute_evidence_required", {"id": "dsp_1"}),
    ("dispute_won", {"id": "dsp_1"}),
)
COINS = (
    ("expired", 7, None, 0),
    ("partially_paid", 7, None, "1.2"),
    ("finished", 8, 7, "0.4"),
    ("refunded", 8, 7, "0.4"),
)
PIECES = (
    (News.FAILED, "T1", 10_000),
    (News.ARRIVED, "T1", 6_000),
    (News.ARRIVED, "T2", 5_000),
    (News.REFUNDED, "R1", 2_000),
)

# Everything a callback may touch, in one hash.
FINGERPRINT = text("""
select md5(concat_ws('|',
    (select string_agg(p::text, ';' order by id) from payments.payment p),
    (select string_agg(e::text, ';' order by id) from payments.payment_event e),
    (select string_agg(d::text, ';' order by id) from payments.dispute d),
    (select string_agg(e::text, ';' order by id) from ledger.entry e),
    (select string_agg(b::text, ';' order by account_id) from ledger.balance b),
    (select count(*) from ledger.journal), (select count(*) from ledger.account),
    (select count(*) from audit.event), (select count(*) from messaging.outbox)))
""")


@pytest.fixture
def payment(session: Session) -> Payment:
    rules_in_force(session)
    payment = a_deposit(session, a_verified_client(session))
    payment.psp_payment_id = f"pi_{payment.reference}"
    session.flush()
    return payment


def from_stripe(payment: Payment, flow: dict[str, dict[str, int]]) -> list[PspEvent]:
    told = [event(payment, kind, **changes) for kind, changes in flow.items()]
    return [STRIPE.parse(json.dumps(one).encode()) for one in told]


def from_adyen(payment: Payment, codes: Sequence[str]) -> list[PspEvent]:
    told = []
    for code in codes:
        operation = "DISPUTE" if code in DISPUTE_CODES else code[:10]
        later = {"originalReference": f"PSP{payment.reference}", "pspReference": f"X{operation}"}
        item = adyen_item(payment, code, **({} if code == "AUTHORISATION" else later))
        [signed] = ADYEN.verify({}, adyen_body(item), NOW)
        told.append(ADYEN.parse(signed.body))
    return told


def from_checkout(payment: Payment) -> list[PspEvent]:
    """A card that paid, then a refund and a dispute we won."""
    told = []
    for number, (kind, more) in enumerate(CHECKED_OUT):
        said = {"id": "pay_2", "action_id": f"act_{number}", "currency": payment.currency}
        said |= {"amount": payment.amount_minor, "reference": payment.reference}
        said |= {"payment_id": "pay_2", "payment_reference": payment.reference} | more
        event = {"id": f"evt_{number}", "type": kind, "created_on": NOW.isoformat(), "data": said}
        told.append(CHECKOUT.parse(json.dumps(event).encode()))
    return told


def in_coins(payment: Payment) -> list[PspEvent]:
    """An address paid to in part, given up, and paid to again."""
    told = []
    for status, payment_id, parent, paid in COINS:
        said = {"payment_id": payment_id, "parent_payment_id": parent, "payment_status": status}
        said |= {"order_id": payment.reference, "price_amount": 100, "price_currency": "usd"}
        said |= {"pay_amount": 2, "actually_paid": paid, "pay_currency": "eth"}
        told.append(CRYPTO.parse(json.dumps(said | {"updated_at": NOW.isoformat()}).encode()))
    return told


def in_pieces(payment: Payment, pieces: Sequence[tuple[News, str, int]]) -> list[PspEvent]:
    """What a bank or a crypto processor tells: how much came is news."""
    return [
        PspEvent(
            external_id=f"{news}:{operation}",
            news=news,
            operation_id=operation,
            psp_payment_id=operation,
            reference=payment.reference,
            amount=Money(amount_minor, payment.currency),
            occurred_at=NOW,
        )
        for news, operation, amount_minor in pieces
    ]


def by_the_verb(session: Session, psp: Psp, told: PspEvent) -> None:
    service.apply_event(session, psp, told, now=NOW)


def last_writer_wins(session: Session, psp: Psp, told: PspEvent) -> None:
    """The planted bug: the payment is whatever was said last."""
    payment = service._payment_of(session, psp, told)
    if service._record(session, payment, told, NOW):
        payment.status = told.news
        session.flush()


def fingerprint(session: Session) -> str:
    session.flush()
    return session.execute(FINGERPRINT).scalar_one()


def ends(
    session: Session,
    psp: Psp,
    payment: Payment,
    left: Sequence[PspEvent],
    *,
    apply: Apply = by_the_verb,
    heard: Sequence[PspEvent] = (),
) -> Iterator[tuple[object, ...]]:
    """Walk every order of what is left to hear; give the state at the end of each."""
    if not left:
        yield state(session, payment)
    for number, one in enumerate(left):
        branch = session.begin_nested()
        apply(session, psp, one)
        now_heard = [*heard, one]
        before = fingerprint(session)
        for known in now_heard:
            apply(session, psp, known)
        assert fingerprint(session) == before
        assert credited(session, payment) <= captured(payment, now_heard)
        rest = [*left[:number], *left[number + 1 :]]
        yield from ends(session, psp, payment, rest, apply=apply, heard=now_heard)
        branch.rollback()


def credited(session: Session, payment: Payment) -> int:
    """What the client has of it, a debt counted against them."""
    return -control_minor(session, f"psp:{payment.psp}")


def captured(payment: Payment, heard: Sequence[PspEvent]) -> int:
    is_captured = any(one.news is News.SUCCEEDED for one in heard)
    arrived = sum(one.amount.minor for one in heard if one.news is News.ARRIVED)
    return payment.amount_minor if is_captured else arrived


def state(session: Session, payment: Payment) -> tuple[object, ...]:
    """All that must not depend on the order."""
    session.flush()
    session.refresh(payment)
    told = queries.told_of(session, payment.id)
    return (
        payment.status,
        payment.succeeded_at,
        payment.psp_payment_id,
        frozenset((one.news, one.operation_id, one.amount_minor) for one in told),
        control_minor(session, f"psp:{payment.psp}"),
        control_minor(session, f"client_debt:{payment.client_id}"),
        tuple(sorted(map(standing, session.scalars(disputes.of_payment(payment.id))), key=repr)),
    )


def standing(found: Dispute) -> tuple[object, ...]:
    times = (found.due_at, found.opened_at, found.staged_at, found.ended_at)
    return (found.stage, found.amount_minor, found.reason, found.network_reason, *times)


def test_all_orders_of_stripes_callbacks_lead_to_one_state(session, payment):
    found = list(ends(session, STRIPE, payment, from_stripe(payment, FLOW)))

    assert len(found) == 120
    [(status, _, _, _, clearing, debt, _)] = set(found)
    assert status == "charged_back"
    # 100 came in, 40 were refunded, 100 charged back: the client owes 40.
    assert (clearing, debt) == (4_000, -4_000)


def test_a_failure_and_a_success_in_any_order_are_a_success(session, payment):
    found = list(ends(session, STRIPE, payment, from_stripe(payment, CONFLICT)))

    assert len(found) == 24
    [(status, _, _, _, clearing, *_)] = set(found)
    assert (status, clearing) == ("succeeded", -10_000)


def test_the_same_news_under_other_ids_as_the_sweeper_tells_it_is_no_news(session, payment):
    told = from_stripe(payment, FLOW)
    for one in told:
        by_the_verb(session, STRIPE, one)
    before = state(session, payment)

    for one in told:
        by_the_verb(session, STRIPE, replace(one, external_id=f"poll:{one.external_id}"))

    assert state(session, payment) == before


def test_a_refund_that_failed_and_a_dispute_we_won_leave_what_was_captured(session, payment):
    found = list(ends(session, STRIPE, payment, from_stripe(payment, UNDONE)))

    assert len(found) == 120
    [(status, _, _, _, clearing, debt, _)] = set(found)
    assert (status, clearing, debt) == ("chargeback_won", -10_000, 0)


@pytest.mark.parametrize(
    ("codes", "end", "stages"),
    [
        (WON, ("chargeback_won", 0, 0), ["won"]),
        (DISPUTES, ("charged_back", 0, 0), ["second_chargeback"]),
        (DEFENDED, ("charged_back", 0, 0), ["defended"]),
        (EXPIRED, ("chargeback_won", -10_000, 0), ["finally_won"]),
        (UNCAPTURED, ("failed", 0, 0), []),
    ],
    ids=["won", "charged back again", "defended", "nobody objected", "not captured"],
)
def test_all_orders_of_adyens_notifications_lead_to_one_state(session, payment, codes, end, stages):
    payment.psp, payment.psp_payment_id = "adyen", None
    session.flush()

    found = list(ends(session, ADYEN, payment, from_adyen(payment, codes)))

    assert len(found) == factorial(len(codes))
    [(status, _, _, _, clearing, debt, disputed)] = set(found)
    assert (status, clearing, debt) == end
    assert [stage for stage, *_ in disputed] == stages


def test_an_inquiry_that_became_a_chargeback_ends_defended_in_any_order(session, payment):
    found = list(ends(session, STRIPE, payment, from_stripe(payment, INQUIRED)))

    assert len(found) == 24
    [(status, _, _, _, clearing, _, [(stage, amount, _, _, due_at, *_, ended_at)])] = set(found)
    assert (status, clearing) == ("charged_back", 0)
    assert (stage, amount, ended_at) == ("defended", 10_000, None)
    assert due_at == NOW + timedelta(days=9)


def test_all_orders_of_what_arrives_in_pieces_lead_to_one_state(session, payment):
    payment.psp_payment_id = None
    session.flush()

    found = list(ends(session, STRIPE, payment, in_pieces(payment, PIECES)))

    assert len(found) == 24
    [(status, _, psp_payment_id, _, clearing, *_)] = set(found)
    assert (status, psp_payment_id, clearing) == ("refunded", "T1", -9_000)


def test_all_orders_of_paypals_events_lead_to_one_state(session, payment):
    payment.psp, payment.psp_payment_id = "paypal", "C1"
    session.flush()
    amount = {"currency_code": payment.currency, "value": "100.00"}
    taken = {"id": "C1", "amount": amount, "custom_id": payment.reference, "status": "COMPLETED"}
    case = {"dispute_id": "PP-1", "dispute_amount": amount, "status": "RESOLVED"}
    case |= {"disputed_transactions": [{"seller_transaction_id": "C1"}]}
    case |= {"dispute_outcome": {"outcome_code": "RESOLVED_BUYER_FAVOUR"}}
    up = {"links": [{"rel": "up", "href": "https://x/v2/payments/captures/C1"}]}
    told = {
        "CHECKOUT.ORDER.APPROVED": {"id": "O1", "status": "APPROVED", "purchase_units": [taken]},
        "PAYMENT.CAPTURE.PENDING": taken | {"status": "PENDING"},
        "PAYMENT.CAPTURE.COMPLETED": taken,
        "PAYMENT.CAPTURE.REVERSED": up | {"id": "R1", "amount": amount},
        "CUSTOMER.DISPUTE.RESOLVED": case,
    }
    paypal = adapter()
    events = [paypal.parse(callback(kind, one, kind)) for kind, one in told.items()]

    found = list(ends(session, paypal, payment, events))

    assert len(found) == 120
    [(status, _, psp_payment_id, _, clearing, debt, cases)] = set(found)
    assert (status, psp_payment_id, clearing, debt) == ("charged_back", "C1", 0, 0)
    assert sorted(stage for stage, *_ in cases) == ["chargeback", "lost"]


@pytest.mark.parametrize(
    ("psp", "told", "end"),
    [
        (CHECKOUT, from_checkout, ("chargeback_won", "pay_2", -8_000)),
        (CRYPTO, in_coins, ("refunded", "7", -6_000)),
    ],
    ids=["checkout", "coins"],
)
def test_all_orders_of_the_other_providers_words_lead_to_one_state(
    session, payment, psp, told, end
):
    payment.psp, payment.psp_payment_id = psp.name, None
    session.flush()

    found = list(ends(session, psp, payment, told(payment)))

    assert len(found) == 24
    [(status, _, psp_payment_id, _, clearing, *_)] = set(found)
    assert (status, psp_payment_id, clearing) == end


def test_a_status_that_is_whatever_was_said_last_depends_on_the_order(session, payment):
    found = list(
        ends(session, STRIPE, payment, from_stripe(payment, CONFLICT), apply=last_writer_wins)
    )

    assert len(set(found)) > 1
