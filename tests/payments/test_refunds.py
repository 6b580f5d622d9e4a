"""Deposits given back by staff: by two persons, never more than is left, never to oneself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from operational.access.errors import AlreadyDecided, ApprovalExpired, SecondPersonNeeded
from operational.access.matrix import Role
from operational.access.models import Approval
from operational.kit.actor import Actor
from operational.kit.errors import Conflict, Forbidden, InvalidInput, Stale
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.ledger.errors import InsufficientFunds
from operational.payments import refunds
from operational.payments.withdrawals.errors import NothingLeftToRefund
from operational.payments.withdrawals.models import Payout
from tests.payments.deposits import (
    NOW,
    a_deposit,
    a_verified_client,
    hear,
    herself,
    rules_in_force,
)

SUPPORT = Actor(str(uuid7()), "Sam", frozenset({Role.SUPPORT}))
FINANCE, SECOND = (Actor(str(uuid7()), n, frozenset({Role.FINANCE})) for n in ("Nora", "Omar"))


@pytest.fixture
def payment(session):
    rules_in_force(session)
    found = a_deposit(session, a_verified_client(session))
    found.psp_payment_id = f"pi_{found.reference}"
    return hear(session, found, "payment_intent.succeeded")


def ask(session, payment, amount="40.00", *, by=SUPPORT, reason="paid twice"):
    money = Money.parse(amount, "USD")
    return refunds.ask(session, payment.reference, money, reason=reason, actor=by, now=NOW)


def decide(session, asked, *, by=FINANCE, agree=True, shown=None, at=NOW):
    quoted = shown or asked.payload_sha256.hex()
    return refunds.decide(session, asked.id, agree=agree, shown=quoted, actor=by, now=at)


def payouts_of(session, payment):
    found = session.scalars(select(Payout).where(Payout.payment_id == payment.id))
    return [(one.amount_minor, one.psp) for one in found]


def test_a_refund_leaves_when_another_person_agreed_and_goes_where_it_came_from(session, payment):
    asked = ask(session, payment)
    assert payouts_of(session, payment) == []
    with pytest.raises(Conflict):
        ask(session, payment)

    decide(session, asked)

    assert payouts_of(session, payment) == [(40_00, "stripe")]
    with pytest.raises(AlreadyDecided):
        decide(session, asked, by=SECOND)
    with pytest.raises(NothingLeftToRefund):
        ask(session, payment, "60.01")
    decide(session, ask(session, payment, "60.00"), agree=False)
    assert payouts_of(session, payment) == [(40_00, "stripe")]


def test_many_small_refunds_never_give_back_more_than_came_in(session, payment):
    asked = [ask(session, payment, f"30.0{number}") for number in range(4)]
    for one in asked[:3]:
        decide(session, one)

    with pytest.raises((NothingLeftToRefund, InsufficientFunds)), session.begin_nested():
        decide(session, asked[3])

    assert sum(minor for minor, _ in payouts_of(session, payment)) <= 100_00


def test_two_persons_and_exactly_what_was_asked_for(session, payment):
    asked = ask(session, payment, by=FINANCE)
    with pytest.raises(SecondPersonNeeded):
        decide(session, asked, by=FINANCE)
    with pytest.raises(Forbidden):
        decide(session, asked, by=SUPPORT)
    with pytest.raises(Forbidden):
        decide(session, asked, by=replace(SECOND, roles=frozenset({Role.SALES})))
    with pytest.raises(Stale):
        decide(session, asked, by=SECOND, shown="00" * 32)
    with pytest.raises(ApprovalExpired):
        decide(session, asked, by=SECOND, at=NOW + timedelta(days=3))
    altered = {**asked.payload, "amount": "100.00 USD"}
    session.execute(update(Approval).where(Approval.id == asked.id).values(payload=altered))
    session.expire(asked)
    with pytest.raises(AssertionError, match="altered"):
        decide(session, asked, by=SECOND)

    assert payouts_of(session, payment) == []


def test_nobody_gives_back_their_own_deposit_or_without_a_reason(session, payment):
    client = session.get_one(type(a_verified_client(session, number=1)), payment.client_id)
    at_work = replace(herself(client), roles=frozenset({Role.FINANCE}))

    with pytest.raises(Forbidden, match="their own deposit"):
        ask(session, payment, by=at_work)
    with pytest.raises(Forbidden, match="their own deposit"):
        decide(session, ask(session, payment), by=at_work)
    with pytest.raises(InvalidInput):
        ask(session, payment, "10.00", reason="no")
