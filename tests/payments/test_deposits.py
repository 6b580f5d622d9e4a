"""A deposit from the wish to the wallet, and back out of it."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational.audit.models import Event
from operational.clients.errors import ClientNotFound
from operational.clients.models import Client
from operational.clients.states import Stage
from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.messaging.models import OutboxMessage
from operational.payments import errors, health, queries, service
from operational.payments.states import PaymentStatus
from tests.payments.deposits import (
    NOW,
    a_deposit,
    a_verified_client,
    control_minor,
    hear,
    herself,
    journal_keys,
    rules_in_force,
    wallet_minor,
)


@pytest.fixture
def lena(session: Session) -> Client:
    rules_in_force(session)
    return a_verified_client(session)


def test_a_deposit_is_noted_routed_and_handed_to_the_outbox_in_one_transaction(lena, session):
    payment = a_deposit(session, lena)

    assert (payment.status, payment.psp, payment.fallback_psps) == ("created", "stripe", ["adyen"])
    command = session.scalars(select(OutboxMessage)).one()
    assert command.topic == "psp.create_payment"
    assert command.payload["reference"] == payment.reference
    verbs = session.scalars(select(Event.verb).where(Event.subject_id == str(payment.id))).all()
    assert verbs == ["deposit:request"]


@pytest.mark.parametrize(
    ("amount", "method", "told"),
    [
        ("9.99 USD", "card", ("amount", "One deposit by card is from 10.00 USD to 20000.00 USD.")),
        ("20000.01 USD", "card", ("amount", "from 10.00 USD to 20000.00 USD")),
        ("999 JPY", "card", ("amount", "from 1000 JPY to 2000000 JPY")),
        ("50.00 USD", "ideal", ("method", "iDEAL in USD is not offered to you; choose card or ")),
        ("50.00 USD", "shells", ("method", "shells in USD is not offered")),
    ],
)
def test_a_refused_deposit_names_the_field_and_what_to_do(lena, session, amount, method, told):
    with pytest.raises((errors.AmountOutOfLimits, errors.MethodNotOffered)) as found:
        a_deposit(session, lena, amount, method=method)

    assert found.value.field == told[0]
    assert told[1] in str(found.value)


def test_deposits_of_a_day_and_of_a_month_together_stay_under_their_limits(lena, session):
    for days in (20, 15, 10, 5):
        for _ in range(2):
            a_deposit(session, lena, "20000.00 USD", now=NOW - timedelta(days=days))
    a_deposit(session, lena, "20000.00 USD")
    a_deposit(session, lena, "19900.00 USD")

    with pytest.raises(errors.DailyLimitReached, match=r"enter at most 100\.00 USD"):
        a_deposit(session, lena, "100.01 USD")
    a_deposit(session, lena, "95.00 USD")
    with pytest.raises(errors.DailyLimitReached, match="which is reached; choose another method"):
        a_deposit(session, lena, "10.00 USD")
    with pytest.raises(errors.MonthlyLimitReached, match="within 30 days, which is reached"):
        a_deposit(session, lena, "10.00 USD", now=NOW + timedelta(days=2))
    # A limit is a method's own.
    a_deposit(session, lena, "10000.00 USD", method="bank_transfer")


def test_a_client_with_a_history_may_pay_in_more_until_one_payment_is_disputed(lena, session):
    lena.verified_at = NOW - timedelta(days=40)
    paid = a_deposit(session, lena)
    hear(session, paid, "payment_intent.succeeded")
    a_deposit(session, lena, "50000.00 USD")

    hear(session, paid, "charge.dispute.created")

    with pytest.raises(errors.AmountOutOfLimits):
        a_deposit(session, lena, "20000.01 USD")


def test_a_client_who_is_not_verified_cannot_pay_in(lena, session):
    lena.stage = Stage.IN_REVIEW

    with pytest.raises(errors.NotVerified):
        a_deposit(session, lena)


def test_nobody_pays_into_the_wallet_of_another(lena, session):
    other = a_verified_client(session, number=1)

    with pytest.raises(ClientNotFound):
        service.request_deposit(
            session, lena.id, Money(10_000, "USD"), method="card", actor=herself(other), now=NOW
        )


def test_what_every_provider_is_kept_from_is_refused_in_words_for_clients(lena, session):
    finance = Actor(str(lena.user_id), "Finn", frozenset({"finance"}))
    for psp in ("stripe", "adyen"):
        health.switch_off(session, psp, health.ANY, reason="a test", actor=finance, now=NOW)

    with pytest.raises(errors.NoPspOffers, match="Nobody takes card payments in USD from US now"):
        a_deposit(session, lena)


def test_a_captured_payment_is_in_the_wallet_and_owed_by_the_psp(lena, session):
    payment = a_deposit(session, lena)

    hear(session, payment, "payment_intent.succeeded")

    assert payment.status == PaymentStatus.SUCCEEDED
    assert wallet_minor(session, lena) == 10_000
    assert control_minor(session, "psp:stripe") == -10_000
    assert payment.succeeded_at == NOW


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_received": 9_999},
        {"amount_received": 10_001},
        {"amount_received": 0},
        {"currency": "eur"},
        {"currency": "jpy"},
        {"livemode": True},
    ],
)
def test_a_callback_that_differs_from_our_own_row_credits_nothing(lena, session, changes):
    payment = a_deposit(session, lena)

    with pytest.raises(errors.CallbackDiffers):
        hear(session, payment, "payment_intent.succeeded", **changes)

    assert wallet_minor(session, lena) == 0
    assert payment.status == PaymentStatus.CREATED


def test_a_callback_about_a_payment_we_do_not_know_is_tried_again_later(lena, session):
    payment = a_deposit(session, lena)

    with pytest.raises(errors.UnknownReference):
        hear(session, payment, "payment_intent.succeeded", metadata={"reference": "D-00000000"})


def test_a_failure_told_late_does_not_take_back_a_success(lena, session):
    payment = a_deposit(session, lena)
    hear(session, payment, "payment_intent.succeeded")

    hear(session, payment, "payment_intent.payment_failed")

    assert payment.status == PaymentStatus.SUCCEEDED
    assert [event.is_applied for event in session.scalars(queries.events_of(payment.id))] == [
        True,
        False,
    ]


def test_a_success_after_a_declined_card_still_counts(lena, session):
    payment = a_deposit(session, lena)
    declined = {"last_payment_error": {"decline_code": "insufficient_funds"}}
    hear(session, payment, "payment_intent.payment_failed", **declined)
    assert payment.failure_reason == "insufficient_funds"

    hear(session, payment, "payment_intent.succeeded")

    assert payment.status == PaymentStatus.SUCCEEDED
    assert payment.failure_reason is None
    assert wallet_minor(session, lena) == 10_000


def test_the_same_news_under_two_event_ids_is_booked_once(lena, session):
    payment = a_deposit(session, lena)
    for _ in range(3):
        hear(session, payment, "payment_intent.succeeded")

    assert wallet_minor(session, lena) == 10_000
    assert journal_keys(session) == [f"deposit:{payment.id}"]


def test_refunds_in_parts_never_give_back_more_than_came_in(lena, session):
    payment = a_deposit(session, lena)
    hear(session, payment, "payment_intent.succeeded")
    hear(session, payment, "refund.created", amount=4_000, operation="re_1")
    hear(session, payment, "refund.created", amount=6_000, operation="re_2")
    assert wallet_minor(session, lena) == 0

    with pytest.raises(errors.ReturnedTooMuch), session.begin_nested():
        hear(session, payment, "refund.created", amount=1, operation="re_3")

    # The provider told of it before it told that another refund had failed.
    failed = {"amount": 6_000, "operation": "re_2", "status": "failed"}
    hear(session, payment, "charge.refund.updated", **failed)
    hear(session, payment, "refund.created", amount=1, operation="re_3")
    assert wallet_minor(session, lena) == 5_999


def test_a_second_chargeback_is_for_a_person_to_see(lena, session):
    payment = a_deposit(session, lena)
    hear(session, payment, "payment_intent.succeeded")
    hear(session, payment, "charge.dispute.created", operation="dp_1")

    with pytest.raises(errors.CallbackImpossible):
        hear(session, payment, "charge.dispute.created", operation="dp_2")


def test_a_chargeback_of_money_already_spent_becomes_the_clients_debt(lena, session):
    payment = a_deposit(session, lena)
    hear(session, payment, "payment_intent.succeeded")
    hear(session, payment, "refund.created", amount=7_000)

    hear(session, payment, "charge.dispute.created")

    assert wallet_minor(session, lena) == 0
    assert control_minor(session, f"client_debt:{lena.id}") == -7_000
    assert control_minor(session, "psp:stripe") == 7_000


def test_the_next_deposit_pays_a_debt_first(lena, session):
    lost = a_deposit(session, lena)
    hear(session, lost, "payment_intent.succeeded")
    hear(session, lost, "refund.created")
    hear(session, lost, "charge.dispute.created")
    again = a_deposit(session, lena, "150.00 USD")

    hear(session, again, "payment_intent.succeeded")

    assert control_minor(session, f"client_debt:{lena.id}") == 0
    assert wallet_minor(session, lena) == 5_000


def test_a_dispute_we_won_brings_the_money_back(lena, session):
    payment = a_deposit(session, lena)
    hear(session, payment, "payment_intent.succeeded")
    hear(session, payment, "charge.dispute.created", operation="dp_1")

    hear(session, payment, "charge.dispute.closed", operation="dp_1", status="won")

    assert payment.status == PaymentStatus.CHARGEBACK_WON
    assert wallet_minor(session, lena) == 10_000


def test_a_refund_told_before_its_capture_waits_for_it(lena, session):
    payment = a_deposit(session, lena)
    payment.psp_payment_id = f"pi_{payment.reference}"

    hear(session, payment, "refund.created", amount=4_000)
    assert (payment.status, wallet_minor(session, lena)) == (PaymentStatus.CREATED, 0)

    hear(session, payment, "payment_intent.succeeded")
    assert (payment.status, wallet_minor(session, lena)) == (PaymentStatus.REFUNDED, 6_000)
