"""Plans: what may be published, by whom, and which version pays a deal."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from operational.access.errors import SecondPersonNeeded
from operational.kit.actor import Actor
from operational.partners import plans, rules
from operational.partners.errors import MoveInPast, PlanInvalid, PlanPublished
from operational.partners.rules import Rate

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MANAGEMENT = Actor(
    id="00000000-0000-7000-8000-000000000001", name="Mo", roles=frozenset({"management"})
)
FINANCE = Actor(id="00000000-0000-7000-8000-000000000002", name="Fi", roles=frozenset({"finance"}))
BOTH = Actor(
    id="00000000-0000-7000-8000-000000000003",
    name="Bo",
    roles=frozenset({"management", "finance"}),
)

FOREX = Rate("fx", "7", "USD", symbol_group="forex")
EURUSD = Rate("eurusd", "5.25", "USD", symbol="EURUSD")


def draft(session, *rates, since=NOW, actor=MANAGEMENT):
    return plans.add_plan_version(
        session, "standard", rates or (FOREX,), valid_from=since, actor=actor, now=NOW
    )


def test_the_version_in_force_when_a_deal_was_executed_pays_it(session):
    first = plans.publish_plan(session, draft(session).id, actor=FINANCE, now=NOW)
    second = plans.publish_plan(session, draft(session, since=NOW + DAY).id, actor=FINANCE, now=NOW)
    draft(session, since=NOW + DAY)

    assert plans.plan_in_force(session, "standard", NOW - DAY) is None
    assert plans.plan_in_force(session, "standard", NOW) == first
    assert plans.plan_in_force(session, "standard", NOW + DAY) == second
    assert plans.plan_in_force(session, "other", NOW) is None


def test_who_wrote_a_plan_cannot_publish_it(session):
    with pytest.raises(SecondPersonNeeded):
        plans.publish_plan(session, draft(session, actor=BOTH).id, actor=BOTH, now=NOW)


def test_a_published_plan_is_not_published_again(session):
    version = plans.publish_plan(session, draft(session).id, actor=FINANCE, now=NOW)

    with pytest.raises(PlanPublished):
        plans.publish_plan(session, version.id, actor=FINANCE, now=NOW)


def test_no_plan_changes_what_was_traded_before_its_publication(session):
    with pytest.raises(MoveInPast):
        plans.publish_plan(session, draft(session, since=NOW - DAY).id, actor=FINANCE, now=NOW)


@pytest.mark.parametrize(
    "rates",
    [
        [Rate("a", "7", "USD")],
        [Rate("a", "7", "USD", symbol="EURUSD", symbol_group="forex")],
        [Rate("a", "-7", "USD", symbol="EURUSD")],
        [Rate("a", "7e2", "USD", symbol="EURUSD")],
        [Rate("a", "7", "XXX", symbol="EURUSD")],
        [Rate("a", "7", "USD", symbol="EURUSD"), Rate("a", "7", "USD", symbol="XAUUSD")],
        [Rate("a", "7", "USD", symbol="EURUSD"), Rate("b", "8", "USD", symbol="EURUSD")],
    ],
)
def test_a_rate_that_is_inexact_or_stands_twice_is_refused(session, rates):
    with pytest.raises(PlanInvalid):
        draft(session, *rates)


def test_a_symbol_of_its_own_goes_before_its_group_and_no_rate_is_no_commission():
    rates = [FOREX, EURUSD]

    assert rules.rate_for(rates, "EURUSD", "forex") == EURUSD
    assert rules.rate_for(rates, "GBPUSD", "forex") == FOREX
    assert rules.rate_for(rates, "XAUUSD", "metals") is None


def test_commission_is_exact_until_it_is_paid():
    assert rules.commission(EURUSD, Decimal("0.37")) == Decimal("1.9425")
