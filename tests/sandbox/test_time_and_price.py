"""The stand-ins' clocks, timers and prices, without a server around them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.clock import Clock, moment, travel
from sandbox.mt5 import server_time
from sandbox.mt5.symbols import SYMBOLS, mid, quote, rate
from sandbox.store import Store
from sandbox.timers import Timers

moments = st.datetimes(datetime(2021, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given apart


@pytest.mark.parametrize(
    ("utc", "wall"),
    [
        ("2026-03-07T22:00:00Z", "2026-03-08T00:00:00Z"),  # winter on both sides
        ("2026-03-16T21:00:00Z", "2026-03-17T00:00:00Z"),  # New York has summer, Europe not yet
        ("2026-07-06T21:00:00Z", "2026-07-07T00:00:00Z"),  # summer on both sides
        ("2026-10-28T21:00:00Z", "2026-10-29T00:00:00Z"),  # Europe has winter, New York not yet
        ("2026-11-02T22:00:00Z", "2026-11-03T00:00:00Z"),  # winter again
    ],
)
def test_the_server_s_midnight_is_five_in_the_afternoon_in_new_york(utc, wall):
    expected = moment(wall)

    assert server_time.wall(moment(utc)) == expected
    assert server_time.milliseconds(moment(utc)) == int(expected.timestamp()) * 1000


@given(st.sampled_from(sorted(SYMBOLS)), moments)
def test_a_price_is_always_the_same_near_its_start_and_below_its_ask(name, at):
    traded = SYMBOLS[name]
    bid, ask = quote(traded, at)

    assert mid(traded, at) == mid(traded, at)
    assert bid < mid(traded, at) < ask
    assert abs(mid(traded, at) / Decimal(traded.start) - 1) < Decimal("0.05")


@given(st.sampled_from(sorted(SYMBOLS)), moments)
def test_a_price_does_not_jump_from_one_second_to_the_next(name, at):
    traded = SYMBOLS[name]
    now, then = mid(traded, at), mid(traded, at + timedelta(seconds=1))

    assert abs(now - then) <= Decimal(traded.start) * Decimal("0.0001") + traded.point


@given(st.sampled_from(["EUR", "GBP", "JPY", "AED", "USC", "PLN"]), moments)
def test_a_rate_there_and_back_is_one(currency, at):
    there, back = rate("USD", currency, at), rate(currency, "USD", at)

    assert abs(there * back - 1) < Decimal("0.00001")


def test_a_timer_fires_once_at_the_time_it_was_due(tmp_path):
    store = Store(tmp_path / "timers.sqlite")
    clock = Clock(store)
    timers, fired = Timers(store, clock), []
    clock.pin(moment("2026-03-02T10:00:00Z"))
    timers.set("payout", timedelta(hours=1))

    timers.run(lambda subject: fired.append((subject, clock.now())))
    clock.pin(moment("2026-03-03T10:00:00Z"))
    for _ in range(2):
        timers.run(lambda subject: fired.append((subject, clock.now())))

    assert fired == [("payout", moment("2026-03-02T11:00:00Z"))]


def test_a_journey_in_time_ends_where_it_began(tmp_path):
    clock = Clock(Store(tmp_path / "clock.sqlite"))

    with travel(moment("2026-03-02")):
        there = clock.now()

    assert there == moment("2026-03-02T00:00:00+00:00")
    assert clock.now() > moment("2026-11-01")


def test_what_is_due_by_a_pinned_time_has_happened_when_the_answer_comes(stripe, reference):
    def pin(at: str) -> None:
        stripe.http.post("/sandbox/clock", params={"deliver": "now"}, json={"now": at})

    pin("2026-03-02T10:00:00Z")
    form = {"amount": "500", "currency": "eur", "metadata[reference]": reference}
    payout = stripe.authorised().post("/v1/payouts", data=form).json()
    before = len(stripe.endpoint.about(payout["id"]))

    pin("2026-03-03T10:00:00Z")

    told = [callback.event for callback in stripe.endpoint.about(payout["id"])]
    assert before == 0
    assert [event["created"] - payout["created"] for event in told] == [1, 2]


def test_one_call_may_travel_alone(mt5):
    client = mt5.authorised()
    at = {"Sandbox-Time": "2026-07-06T21:00:00Z"}

    travelled = client.get("/api/time/server", headers=at).json()["answer"]["Time"]
    real = client.get("/api/time/server").json()["answer"]["Time"]

    assert travelled == "1783382400"
    assert int(real) > 1_783_382_400
