"""A withdrawal from the wish to the money, every stop on the way, and back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational.access.errors import SecondPersonNeeded
from operational.clients.errors import ClientNotFound
from operational.clients.models import Client
from operational.kit.errors import Forbidden
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.ledger.errors import InsufficientFunds
from operational.payments.errors import CallbackDiffers, NotVerified
from operational.payments.models import PspSwitch
from operational.payments.states import News, PayoutNews
from operational.payments.withdrawals import (
    destinations,
    evidence,
    payouts,
    queries,
    rules,
    service,
    words,
)
from operational.payments.withdrawals.errors import (
    DestinationInvalid,
    DestinationNeeded,
    DestinationNotFound,
    DestinationNotReady,
    NothingLeftToRefund,
    WithdrawalDecided,
)
from operational.payments.withdrawals.rules import Source, Told
from operational.review import queries as review
from operational.review.errors import EvidenceStale
from operational.review.service import serve_case as serve
from tests.payments.deposits import (
    NOW,
    a_verified_client,
    control_minor,
    hear,
    herself,
    rules_in_force,
    wallet_minor,
)
from tests.payments.withdrawals import (
    COMPLIANCE,
    FINANCE,
    IBANS,
    SECOND,
    a_destination,
    at_her_device,
    decide,
    held_minor,
    legs,
    money_in,
    officer,
    reasons,
    take_out,
    tell,
)


@pytest.fixture
def lena(session) -> Client:
    rules_in_force(session)
    return a_verified_client(session)


def test_a_small_one_goes_back_to_its_deposits_oldest_first_and_is_paid(lena, session):
    first, second = money_in(session, lena, "40.00 USD"), money_in(session, lena, "80.00 USD")

    withdrawal = take_out(session, lena, "60.00 USD")

    parts = [(leg.payment_id, leg.amount_minor, leg.status) for leg in legs(session, withdrawal)]
    assert parts == [(first.id, 4_000, "queued"), (second.id, 2_000, "queued")]
    assert (withdrawal.status, wallet_minor(session, lena)) == ("approved", 6_000)
    for leg in legs(session, withdrawal):
        tell(session, leg, News.REFUNDED)
    assert (withdrawal.status, wallet_minor(session, lena)) == ("paid", 6_000)
    assert (held_minor(session, lena), control_minor(session, "psp:stripe")) == (0, -6_000)
    assert (first.status, second.status) == ("refunded", "refunded")

    # What was given back once, by us or at the provider, is not given back again.
    hear(session, second, "refund.created", amount=1_000, operation="re_by_hand")
    assert queries.left_of(session, second) == 5_000
    take_out(session, lena, "50.00 USD")
    assert queries.sources_of(session, lena.id, "USD") == []


def test_what_no_deposit_takes_back_needs_a_destination_that_cooled_down(lena, session):
    deposit = money_in(session, lena, "100.00 USD")
    hear(session, deposit, "charge.dispute.created")
    hear(session, deposit, "charge.dispute.closed", status="won")
    with pytest.raises(DestinationInvalid):
        destinations.read("bank_transfer", {"iban": IBANS[0].replace("44", "45")})
    fresh = a_destination(session, lena, age=timedelta(hours=23))

    with pytest.raises(DestinationNeeded):
        take_out(session, lena, "60.00 USD")
    with pytest.raises(DestinationNotReady):
        take_out(session, lena, "60.00 USD", destination_id=fresh.id)

    good = a_destination(session, lena, iban=IBANS[1])
    destinations.suspend(session, good.id, note="asked the client", actor=FINANCE, now=NOW)
    with pytest.raises(DestinationNotReady):
        take_out(session, lena, "60.00 USD", destination_id=good.id)
    destinations.approve(
        session, good.id, note="it is hers", actor=FINANCE, now=NOW - timedelta(days=2)
    )
    withdrawal = take_out(session, lena, "60.00 USD", destination_id=good.id)
    [leg] = legs(session, withdrawal)
    assert (leg.destination_id, leg.psp, leg.status) == (good.id, "adyen", "planned")


def test_money_that_is_not_there_or_owed_does_not_leave(lena, session):
    spent = money_in(session, lena, "100.00 USD")
    with pytest.raises(InsufficientFunds):
        take_out(session, lena, "100.01 USD")
    take_out(session, lena, "100.00 USD")
    hear(session, spent, "charge.dispute.created")
    money_in(session, lena, "30.00 USD")

    found = service.available(session, lena.id, "USD")

    # The debt of 100 took the new 30 first.
    assert (found.withdrawable.minor, found.debt.minor) == (0, 7_000)
    with pytest.raises(InsufficientFunds):
        take_out(session, lena, "10.00 USD")


def an_old_identity(session, lena) -> dict[str, Any]:
    lena.verified_at = NOW - timedelta(days=366)
    return {}


def a_won_chargeback(session, lena) -> dict[str, Any]:
    lost = money_in(session, lena, "20.00 USD")
    hear(session, lost, "charge.dispute.created")
    hear(session, lost, "charge.dispute.closed", status="won")
    return {}


def an_open_dispute(session, lena) -> dict[str, Any]:
    hear(session, money_in(session, lena, "20.00 USD"), "charge.dispute.created")
    return {}


def new_bank_details(session, lena) -> dict[str, Any]:
    a_destination(session, lena, age=timedelta(hours=71))
    return {}


def much_today(session, lena) -> dict[str, Any]:
    for _ in range(2):
        take_out(session, lena, "1900.00 USD")
    return {"amount": "1900.00 USD"}


def three_small_ones_before(session, lena) -> dict[str, Any]:
    for hours in (195, 205, 215):
        small = take_out(session, lena, "20.00 USD", now=NOW - timedelta(hours=hours))
        tell(session, legs(session, small)[0], News.REFUNDED)
    return {"amount": "600.00 USD"}


PLANTED: dict[str, Callable[..., dict[str, Any]]] = {
    "old_kyc": an_old_identity,
    "new_device": lambda session, lena: {
        "actor": at_her_device(session, lena, known_for=timedelta(hours=71))
    },
    "chargeback_history": a_won_chargeback,
    "open_dispute": an_open_dispute,
    "large_amount": lambda *_: {"amount": "2000.01 USD"},
    "bank_details_changed": new_bank_details,
    "velocity_day": much_today,
    "unusual_amount": three_small_ones_before,
}
"""A client for whom exactly this is wrong, and how they ask."""


@pytest.mark.parametrize("stop", PLANTED)
def test_each_planted_stop_stops_it_for_its_reason_alone(lena, session, stop):
    for _ in range(2):
        money_in(session, lena, "4500.00 USD")
    asked = {"amount": "60.00 USD"} | PLANTED[stop](session, lena)

    withdrawal = take_out(session, lena, **asked)

    assert (withdrawal.status, reasons(session, withdrawal)) == ("review", [stop])
    case = session.scalars(review.open_case_of("withdrawal", withdrawal.id)).one()
    assert case.reasons[0]["sentence"]
    assert {leg.status for leg in legs(session, withdrawal)} == {"planned"}


def test_one_person_lets_a_stopped_one_go_and_the_client_may_take_it_back_before(lena, session):
    money_in(session, lena, "4500.00 USD")
    first, second = (take_out(session, lena, "2100.00 USD") for _ in range(2))
    assert words.sentence(first, legs(session, first)).startswith("We are checking")

    service.cancel(session, first.id, actor=herself(lena), now=NOW)
    with pytest.raises(Forbidden):
        decide(session, second, actor=officer("support"))
    decide(session, second)

    assert (first.status, second.status) == ("cancelled", "approved")
    assert (wallet_minor(session, lena), held_minor(session, lena)) == (240_000, 210_000)
    with pytest.raises(WithdrawalDecided):
        service.cancel(session, second.id, actor=herself(lena), now=NOW)


def test_a_reason_of_money_laundering_is_for_compliance_to_clear(lena, session):
    lena.verified_at = NOW - timedelta(days=400)
    money_in(session, lena)
    withdrawal = take_out(session, lena)

    with pytest.raises(Forbidden):
        decide(session, withdrawal, actor=FINANCE)
    decide(session, withdrawal, actor=COMPLIANCE, verdict="refused")

    assert (withdrawal.status, held_minor(session, lena)) == ("refused", 0)
    assert {leg.status for leg in legs(session, withdrawal)} == {"cancelled"}


def test_two_people_let_go_what_is_large_together_within_a_day(lena, session):
    for _ in range(3):
        money_in(session, lena, "4500.00 USD")
    first, second = (take_out(session, lena, "5001.00 USD") for _ in range(2))
    # The first was not large when it was asked for; the second made both so.
    assert (first.votes_needed, second.votes_needed) == (1, 2)

    decide(session, first, actor=FINANCE)
    assert first.status == "review"
    with pytest.raises(SecondPersonNeeded):
        decide(session, first, actor=FINANCE)
    decide(session, first, actor=SECOND)

    assert (first.status, second.status) == ("approved", "review")
    stopped = session.scalars(review.open_case_of("withdrawal", second.id)).one()
    shown = serve(session, stopped.id, about=evidence.about, actor=SECOND, now=NOW)
    decide(session, second, actor=FINANCE)
    with pytest.raises(EvidenceStale):
        decide(session, second, actor=SECOND, evidence_id=shown.id)
    decide(session, second, actor=SECOND, verdict="refused")
    assert (second.status, held_minor(session, lena)) == ("refused", 500_100)


def test_a_payout_that_failed_is_replaced_until_no_way_is_left(lena, session):
    money_in(session, lena, "100.00 USD")
    target = a_destination(session, lena)
    withdrawal = take_out(session, lena, "60.00 USD")
    [refund] = legs(session, withdrawal)

    payouts.fail(session, refund, "the card is closed", now=NOW)

    [_, transfer] = legs(session, withdrawal)
    assert (transfer.replaces_id, transfer.destination_id) == (refund.id, target.id)
    assert (transfer.status, withdrawal.status) == ("queued", "approved")
    assert held_minor(session, lena) == 6_000
    # Nobody else pays bank accounts here; one that is switched off would not be asked, either.
    transfer.fallback_psps = ["paypal"]
    off = {"psp": "paypal", "method": "any", "reason": "x", "off_by": "x", "off_at": NOW}
    session.add(PspSwitch(**off))
    session.flush()
    tell(session, transfer, PayoutNews.FAILED)
    assert (withdrawal.status, wallet_minor(session, lena)) == ("failed", 10_000)
    assert held_minor(session, lena) == 0
    assert "back in your wallet" in words.sentence(withdrawal, [transfer])


def test_paid_is_not_final_and_a_late_success_is_booked_and_shown_to_a_person(lena, session):
    money_in(session, lena, "100.00 USD")
    a_destination(session, lena)
    withdrawal = take_out(session, lena, "60.00 USD")
    [refund] = legs(session, withdrawal)
    payouts.fail(session, refund, "the card is closed", now=NOW)
    [_, transfer] = legs(session, withdrawal)
    tell(session, transfer, PayoutNews.PAID)
    assert (withdrawal.status, wallet_minor(session, lena)) == ("paid", 4_000)

    # Sent back by the bank, less its fee, and then the first one arrives at the card after all.
    tell(session, transfer, PayoutNews.RETURNED, amount=Money(5_800, "USD"), operation_id="back")
    assert (withdrawal.status, wallet_minor(session, lena)) == ("returned", 9_800)
    take_out(session, lena, "95.00 USD", destination_id=transfer.destination_id)
    tell(session, refund, News.REFUNDED)

    assert (refund.status, refund.is_paid_without_hold) == ("paid", True)
    assert (wallet_minor(session, lena), control_minor(session, f"client_debt:{lena.id}")) == (
        0,
        -5_700,
    )
    case = session.scalars(review.open_case_of("payout", refund.id)).one()
    assert [reason["code"] for reason in case.reasons] == ["paid_after_all"]


def test_what_differs_from_our_payout_settles_nothing(lena, session):
    money_in(session, lena)
    withdrawal = take_out(session, lena)
    [refund] = legs(session, withdrawal)

    for wrong in (Money(5_999, "USD"), Money(6_000, "EUR")):
        with pytest.raises(CallbackDiffers), session.begin_nested():
            tell(session, refund, News.REFUNDED, amount=wrong)

    assert (refund.status, held_minor(session, lena)) == ("queued", 6_000)


def test_staff_give_a_deposit_back_no_further_than_it_goes(lena, session):
    deposit = money_in(session, lena)
    refund = payouts.start_refund(session, deposit.id, Money(7_000, "USD"), actor=FINANCE, now=NOW)
    with pytest.raises(NothingLeftToRefund):
        payouts.start_refund(session, deposit.id, Money(3_001, "USD"), actor=FINANCE, now=NOW)

    tell(session, refund, News.REFUNDED)

    assert (refund.status, deposit.status) == ("paid", "refunded")
    assert (wallet_minor(session, lena), held_minor(session, lena)) == (3_000, 0)
    # The card would not take it: the money is back, and may be given back again.
    tell(session, refund, News.REFUND_FAILED)
    assert (refund.status, wallet_minor(session, lena)) == ("returned", 10_000)
    assert queries.left_of(session, deposit) == 10_000


def test_nobody_else_takes_a_clients_money_out_and_no_lead_does(lena, session):
    money_in(session, lena)
    other = a_verified_client(session, number=1)
    with pytest.raises(ClientNotFound):
        take_out(session, lena, actor=herself(other))
    lead = a_verified_client(session, number=2)
    lead.stage = "in_review"
    with pytest.raises(NotVerified):
        take_out(session, lead)
    with pytest.raises(DestinationNotFound):
        take_out(session, lena, "100.00 USD", destination_id=a_destination(session, other).id)


lefts = st.lists(st.integers(0, 10**12), max_size=12)


@given(lefts, st.integers(1, 10**13))
def test_no_source_gets_more_than_is_left_and_the_parts_are_the_whole(found, amount_minor):
    sources = [Source(uuid7(), "stripe", "card", left) for left in found]

    parts = rules.split(amount_minor, sources)

    given_back = {part.source: part.amount_minor for part in parts if part.source}
    assert sum(part.amount_minor for part in parts) == amount_minor
    assert all(0 < minor <= source.left_minor for source, minor in given_back.items())
    elsewhere = [part.amount_minor for part in parts if part.source is None]
    assert sum(elsewhere) == max(amount_minor - sum(found), 0)
    assert len(elsewhere) <= 1
    # Oldest first: one that was not emptied is the last.
    untouched = [s for s in sources if given_back.get(s, 0) < s.left_minor]
    assert all(s not in given_back for s in untouched[1:])


@given(st.permutations([PayoutNews.SENT, PayoutNews.FAILED, PayoutNews.PAID, PayoutNews.RETURNED]))
def test_a_payout_stands_where_all_that_was_told_leads_in_whatever_order(order):
    payout_id = uuid7()
    told = [
        Told(news, "back" if news is PayoutNews.RETURNED else "op", 100, NOW + timedelta(hours=n))
        for n, news in enumerate(order)
    ]

    verdict = rules.judge(payout_id, 100, [*told, *told])
    without_payment = rules.judge(
        payout_id, 100, [t for t in told if t.news is not PayoutNews.PAID]
    )
    late = rules.judge(payout_id, 100, [t for t in told if t.news is not PayoutNews.RETURNED])

    assert (verdict.status, [m.amount_minor for m in verdict.movements]) == (
        "returned",
        [-100, 100],
    )
    assert (without_payment.status, without_payment.movements) == ("failed", ())
    assert (late.status, [m.amount_minor for m in late.movements]) == ("paid", [-100])
