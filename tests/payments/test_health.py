"""A PSP that fails is left alone, tried again with one payment at a time, and used again when it is back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational.audit.models import Event
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden, InvalidInput
from operational.payments import attempts, errors, health, performance
from operational.payments.health import Health
from operational.payments.models import Attempt, Breaker, Payment
from operational.payments.states import AttemptOutcome, BreakerState
from tests.payments.deposits import NOW, a_deposit, a_verified_client, hear, rules_in_force

FINANCE = Actor("01900000-0000-7000-8000-000000000001", "Finn", frozenset({"finance"}))
REFUSED, OPENED = AttemptOutcome.REFUSED, AttemptOutcome.OPENED
CARD = "card"
HUNDRED = "100.00"


def ask(session: Session, number: int = 0, at: datetime = NOW, amount: str = "10.00") -> Payment:
    """A deposit of somebody's. At first a client in Germany who pays in dollars goes to Stripe."""
    client = a_verified_client(session, country="DE", number=number)
    return a_deposit(session, client, f"{amount} USD", now=at)


def hear_of(session: Session, payment: Payment, outcome: AttemptOutcome, at: datetime) -> Payment:
    """What the PSP answers to being asked."""
    heard = attempts.answer(session, payment, outcome, now=at)
    assert heard is not None
    health.weigh(session, heard, now=at)
    return payment


def breaker(session: Session, psp: str = "stripe") -> Breaker | None:
    return session.scalar(select(Breaker).where(Breaker.psp == psp, Breaker.method == CARD))


def outage(session: Session) -> Breaker:
    """Five clients ask at once, Stripe refuses them all, and its breaker opens."""
    for payment in [ask(session, number) for number in range(5)]:
        assert hear_of(session, payment, REFUSED, NOW).psp == "stripe"
    found = breaker(session)
    assert found is not None
    return found


def verbs(session: Session) -> list[str]:
    found = select(Event.verb).where(Event.subject_kind == "breaker").order_by(Event.id)
    return list(session.scalars(found))


@pytest.fixture
def hub(session: Session) -> Session:
    rules_in_force(session)
    return session


def test_an_outage_opens_the_breaker_payments_move_and_three_that_tried_close_it(hub):
    opened = outage(hub)
    assert (opened.state, opened.retry_at) == (BreakerState.OPEN, later(5))

    moved = ask(hub, 5, later(4))
    assert (moved.psp, moved.fallback_psps) == ("adyen", [])

    probe, beside = ask(hub, 6, later(5)), ask(hub, 7, later(5))
    assert (probe.psp, probe.fallback_psps) == ("stripe", ["adyen"])
    assert beside.psp == "adyen", "one payment at a time tries"
    assert health.bar(hub, probe.id, "stripe", CARD) is None
    assert health.bar(hub, beside.id, "stripe", CARD) == "breaker half open"

    hear_of(hub, probe, OPENED, later(5))
    for minute in (6, 25):
        assert opened.state == BreakerState.HALF_OPEN
        assert hear_of(hub, ask(hub, minute, later(minute)), OPENED, later(minute)).psp == "stripe"

    assert opened.state == BreakerState.CLOSED
    assert verbs(hub) == ["breaker:open", "breaker:try", "breaker:close"]
    story = performance.changes(hub)
    assert [change.became for change in story] == ["closed", "half_open", "open"]
    assert story[-1].reason == "100 % of 5 attempts were refused or not answered."
    # What went wrong before it closed is not held against it, by the breaker or by the routing.
    refused = hear_of(hub, ask(hub, 26, later(26)), REFUSED, later(26))
    assert (refused.psp, opened.state) == ("stripe", BreakerState.CLOSED)
    assert attempts.rates(hub, ["stripe"], CARD, now=later(26)) == {"stripe": attempts.Rate(1, 0)}


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_a_probe_that_fails_opens_it_for_longer_and_a_large_payment_never_probes(hub):
    opened = outage(hub)

    assert ask(hub, 8, later(5), amount="1000.00").psp == "adyen"
    assert hear_of(hub, ask(hub, 9, later(5)), REFUSED, later(5)).psp == "stripe"

    assert (opened.state, opened.openings) == (BreakerState.OPEN, 2)
    assert opened.retry_at == later(15)


def test_a_probe_that_is_never_answered_gives_its_place_to_another(hub):
    outage(hub)

    asked = [ask(hub, 10 + minute, later(minute)).psp for minute in (5, 9, 10)]

    assert asked == ["stripe", "adyen", "stripe"]


def test_finance_switches_a_psp_off_and_on_with_a_reason_and_nobody_is_sent_there(hub):
    first = ask(hub)
    support = Actor(FINANCE.id, "Sue", frozenset({"support"}))
    with pytest.raises(Forbidden):
        health.switch_off(hub, "stripe", CARD, reason="why not", actor=support, now=NOW)
    with pytest.raises(InvalidInput):
        health.switch_off(hub, "strype", CARD, reason="outage", actor=FINANCE, now=NOW)
    with pytest.raises(InvalidInput, match="Say why"):
        health.switch_off(hub, "stripe", CARD, reason=" ", actor=FINANCE, now=NOW)

    switch = health.switch_off(hub, "stripe", health.ANY, reason="outage", actor=FINANCE, now=NOW)
    with pytest.raises(errors.AlreadySwitched):
        health.switch_off(hub, "stripe", health.ANY, reason="outage", actor=FINANCE, now=NOW)

    assert health.bar(hub, first.id, "stripe", CARD) == "switched off: outage"
    assert ask(hub, 1).psp == "adyen"

    health.switch_on(hub, switch.id, reason="it is back", actor=FINANCE, now=later(1))
    with pytest.raises(errors.AlreadySwitched):
        health.switch_on(hub, switch.id, reason="it is back", actor=FINANCE, now=later(2))

    assert ask(hub, 2, later(3)).psp == "stripe"
    assert [change.became for change in performance.changes(hub)] == ["on", "off"]


def test_routing_follows_success_slowly_and_pages_left_unpaid_say_nothing(hub):
    left = hear_of(hub, ask(hub, amount=HUNDRED), OPENED, NOW)
    attempts.abandon(hub, left, now=later(1))
    for number in (1, 2):
        payment = hear_of(hub, ask(hub, number, amount=HUNDRED), OPENED, NOW)
        hear(hub, payment, "payment_intent.payment_failed")

    assert ask(hub, 3, amount=HUNDRED).psp == "adyen"
    assert attempts.rates(hub, ["stripe"], CARD, now=later(1)) == {"stripe": attempts.Rate(2, 0)}
    hear(hub, payment, "payment_intent.succeeded")
    assert ask(hub, 4, amount=HUNDRED).psp == "stripe"

    adyen, stripe = performance.performances(hub, now=later(1))
    assert (stripe.psp, stripe.tallies["24 h"].success_percent) == ("stripe", 50)
    assert (adyen.psp, adyen.tallies["15 min"].success_percent) == ("adyen", None)
    assert stripe.seconds_to_pay == 0


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from([REFUSED, OPENED]), st.integers(0, 7)), max_size=20))
def test_whatever_happens_a_breaker_keeps_its_promises(pool, course):
    """Open lets nobody pass, half open one to try, and it closes after three in a row that passed."""
    session, payments = pool
    with session.begin_nested() as undone:
        at, passed, state = NOW, 0, BreakerState.CLOSED
        for payment, (outcome, minutes) in zip(payments, course, strict=False):
            at += timedelta(minutes=minutes)
            before = breaker(session, "acme")
            is_due = before is not None and before.retry_at is not None and before.retry_at <= at

            standing = health.of(session, ["acme"], CARD, now=at)["acme"]
            may_pass = {BreakerState.CLOSED: Health.CLOSED, BreakerState.HALF_OPEN: Health.PROBE}
            is_away = state == BreakerState.OPEN and not is_due
            assert standing == (Health.OPEN if is_away else may_pass.get(state, Health.PROBE))
            if is_away:
                continue
            if standing == Health.PROBE:
                health.claim(session, payment.id, "acme", CARD, now=at)
                assert health.of(session, ["acme"], CARD, now=at)["acme"] == Health.OPEN
            attempts.begin(session, payment, is_probe=standing == Health.PROBE, now=at)
            hear_of(session, payment, outcome, at)

            after = breaker(session, "acme")
            became = BreakerState(after.state) if after else BreakerState.CLOSED
            if standing == Health.PROBE:
                passed = passed + 1 if outcome == OPENED else 0
                tried = BreakerState.CLOSED if passed == 3 else BreakerState.HALF_OPEN
                assert became == (tried if outcome == OPENED else BreakerState.OPEN)
            if became != BreakerState.HALF_OPEN:
                passed = 0
            if became == BreakerState.OPEN:
                assert outcome == REFUSED
                assert after.retry_at > at
            state = became
        undone.rollback()


@pytest.fixture
def pool(hub) -> tuple[Session, list[Payment]]:
    """Payments for a PSP that only this test knows."""
    client = a_verified_client(hub)
    payments = [a_deposit(hub, client, "10.00 USD") for _ in range(20)]
    for payment in payments:
        payment.psp = "acme"
    hub.flush()
    return hub, payments


def test_workers_that_hear_of_failures_at_once_open_the_breaker_once(database):
    """Each of five answers alone is too few; none of them may be counted without the others."""
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
        payments = [ask(session, number) for number in range(5)]
    together = Barrier(len(payments))

    def refuse(payment: Payment) -> None:
        with db.transaction(engine) as session:
            heard = attempts.answer(session, payment, REFUSED, now=NOW)
            together.wait(10)
            health.weigh(session, heard, now=NOW)

    with ThreadPoolExecutor(len(payments)) as workers:
        list(workers.map(refuse, payments))

    with db.transaction(engine) as session:
        assert breaker(session).state == BreakerState.OPEN
        assert verbs(session) == ["breaker:open"]


def test_requests_at_once_send_one_probe_and_everybody_else_elsewhere(database):
    engine = database.engine(db.API)
    with db.transaction(engine) as session:
        rules_in_force(session)
        outage(session)
    together = Barrier(6)

    def request(number: int) -> str:
        with db.transaction(engine) as session:
            client = a_verified_client(session, country="DE", number=number)
            together.wait(10)
            return a_deposit(session, client, "10.00 USD", now=later(5)).psp

    with ThreadPoolExecutor(6) as requests:
        asked = sorted(requests.map(request, range(10, 16)))

    assert asked == ["adyen"] * 5 + ["stripe"]
    with db.transaction(engine) as session:
        probes = session.scalars(select(Attempt.psp).where(Attempt.is_probe)).all()
        assert probes == ["stripe"]
