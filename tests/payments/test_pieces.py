"""Money that comes by transfer or in a coin: as much as it is, in pieces, late."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kingpost.verify import books
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden, InvalidInput
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.messaging.models import InboxMessage
from operational.payments import agreeing, errors, rules, service
from operational.payments.models import Payment
from operational.payments.psp import PspEvent
from operational.payments.rules import Told
from operational.payments.states import News
from operational.payments.withdrawals import queries as withdrawals
from tests.payments.deposits import (
    ADYEN,
    NOW,
    PSPS,
    STRIPE,
    a_deposit,
    a_verified_client,
    adyen_body,
    adyen_item,
    journal_keys,
    rules_in_force,
)

ASKED = 10_000


@pytest.fixture
def payment(session: Session) -> Payment:
    rules_in_force(session)
    return a_deposit(session, a_verified_client(session))


def arrived(payment: Payment, minor: int, piece: str = "T1", **more: object) -> PspEvent:
    amount = Money(minor, payment.currency)
    told = PspEvent(f"{piece}:{minor}", News.ARRIVED, piece, piece, payment.reference, amount, NOW)
    return replace(told, **more)


def status_of(*pieces: int) -> str:
    told = [Told(News.ARRIVED, f"T{n}", minor, NOW) for n, minor in enumerate(pieces)]
    return rules.judge("p", ASKED, told).status


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ((ASKED,), "succeeded"),
        ((9_950,), "succeeded"),
        ((9_949,), "underpaid"),
        ((1,), "underpaid"),
        ((10_050,), "succeeded"),
        ((10_051,), "overpaid"),
        ((20_000,), "overpaid"),
        ((4_000, 6_000), "succeeded"),
        ((ASKED, ASKED, ASKED), "overpaid"),
    ],
)
def test_a_deposit_is_paid_where_all_pieces_come_within_half_a_percent(pieces, status):
    assert status_of(*pieces) == status


@given(st.lists(st.integers(1, 2 * ASKED), min_size=1, max_size=5), st.randoms())
def test_every_piece_is_credited_once_whatever_the_order(pieces, dice):
    told = [Told(News.ARRIVED, f"T{n}", minor, NOW) for n, minor in enumerate(pieces)] * 2
    dice.shuffle(told)

    verdict = rules.judge("p", ASKED, told)

    assert verdict.taken_minor == sum(pieces)
    assert len({one.op_key for one in verdict.movements}) == len(pieces)


def test_what_arrived_is_in_the_wallet_also_after_the_page_has_expired(session, payment):
    service.expire(session, payment.id, now=NOW)

    service.apply_event(session, STRIPE, arrived(payment, 6_000), now=NOW)
    session.flush()
    assert (payment.status, payment.arrived_minor) == ("underpaid", 6_000)

    late = arrived(payment, 4_000, "T2", reference=None, psp_payment_id="T1")
    service.apply_event(session, STRIPE, late, now=NOW)
    session.flush()

    assert (payment.status, payment.arrived_minor) == ("succeeded", ASKED)
    assert journal_keys(session) == [f"deposit:{payment.id}:T1", f"deposit:{payment.id}:T2"]
    assert books.examine(session.connection()).findings == []


def test_a_piece_over_twice_what_was_asked_for_waits_for_a_person(session, payment):
    with pytest.raises(errors.TooMuchArrived, match="20001 arrived where 10000"):
        service.apply_event(session, STRIPE, arrived(payment, 20_001), now=NOW)


def test_a_piece_a_person_agreed_to_is_credited_when_it_is_replayed(session, payment):
    staff = Actor(id=str(uuid7()), name="Fin", roles=frozenset({"finance"}))
    told = arrived(payment, 25_000)

    def agree(amount: str, by: Actor) -> None:
        money = Money.parse(*amount.split())
        agreeing.agree(session, payment.reference, money, reason="two in one", actor=by, now=NOW)

    with pytest.raises(Forbidden):
        agree("250.00 USD", replace(staff, roles=frozenset({"support"})))
    with pytest.raises(InvalidInput):
        agree("250.00 EUR", staff)
    agree("249.99 USD", staff)
    with pytest.raises(errors.TooMuchArrived), session.begin_nested():
        service.apply_event(session, STRIPE, told, now=NOW)
    agree("250.00 USD", staff)

    service.apply_event(session, STRIPE, told, now=NOW)

    assert (payment.status, payment.arrived_minor) == ("overpaid", 25_000)
    assert withdrawals.left_of(session, payment) == 25_000


def test_what_cannot_be_true_of_a_piece_waits_for_a_person(session, payment):
    asked = Money(9_999, "USD")
    with pytest.raises(errors.CallbackDiffers, match="amount is 10000 here, 9999"):
        service.apply_event(session, STRIPE, arrived(payment, ASKED, asked=asked), now=NOW)
    service.apply_event(session, STRIPE, arrived(payment, ASKED), now=NOW)

    with pytest.raises(errors.CallbackImpossible, match="10000 and 9000"):
        service.apply_event(session, STRIPE, arrived(payment, 9_000), now=NOW)


@pytest.mark.parametrize("code", ["AUTHORISATION", "CANCELLATION", "REFUND"])
def test_a_check_of_a_card_over_nothing_is_kept_and_moves_nothing(session, payment, code):
    payment.psp = "adyen"
    item = adyen_item(payment, code, amount={"value": 0, "currency": "USD"})
    [signed] = ADYEN.verify({}, adyen_body(item), NOW)
    polled = service.overhear(ADYEN, replace(ADYEN.parse(signed.body), external_id="poll:1"))

    service.apply_callback(session, message("adyen", signed.body), psps=PSPS, now=NOW)
    service.apply_polled(session, message("adyen.poll", polled.body), psps=PSPS, now=NOW)

    assert (payment.status, journal_keys(session)) == ("created", [])
    assert json.loads(signed.body)["live"] == "false"


def message(source: str, body: bytes) -> InboxMessage:
    return InboxMessage(id=uuid7(), source=source, body=body)
