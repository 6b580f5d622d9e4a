"""A refresh killed anywhere and run again gives the same marts as one that was never disturbed."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from kingpost.verify import lake as verification
from tests.pipelines import passes
from tests.pipelines.broker import NOW, Broker, Server, a_trade
from tests.times import TIMES

SEED = 20260302
MOMENTS = 4 * TIMES
TRADES = 6

MUTATIONS = {
    "append instead of replace": (
        "macros/materializations.sql",
        "delete from {{ target }} where ({{ key }}) in (select ({{ key }}) from batch);",
        "",
    ),
    "what is new is left out": (
        "models/marts/facts/fct_payments.sql",
        'where extract_id > {{ last_extract_id() }} or {{ is_repriced("value_date") }}',
        "where value_date > current_date",
    ),
}
"""Planted bugs by name: file, what stands there, what a careless hand would have written."""


@pytest.fixture
def broker(database) -> Iterator[Broker]:
    with closing(Broker(database)) as found:
        yield found


@pytest.fixture
def server(broker) -> Server:
    """A platform with a few trades, of clients who partly belong to a partner."""
    broker.plan()
    partner = broker.partner()
    found = Server()
    for number in range(TRADES):
        client = broker.client()
        broker.account(client, 1000 + number)
        broker.deposit(client, 10_000 + number)
        if number % 2:
            broker.attribution(client, partner)
        found.add(*a_trade(number, Login=str(1000 + number)))
    return found


def change(broker: Broker, server: Server, turn: int) -> None:
    """A bit of everything that happens after the fact."""
    broker.post(1000 + turn)
    newcomer = broker.client(registered_at=NOW + timedelta(days=turn))
    broker.account(newcomer, 2000 + turn)
    broker.deposit(newcomer, 500 + turn, currency="JPY", status="pending", succeeded_at=None)
    payments = broker.connection.execute("select id from payments.payment order by id").fetchall()
    broker.update("payments.payment", payments[turn][0], status="charged_back", ended_at=NOW)
    clients = broker.connection.execute("select id from clients.client order by id").fetchall()
    broker.update("clients.client", clients[turn][0], country="IT", verified_at=NOW)
    broker.attribution(newcomer, broker.partner())
    broker.plan(per_lot=f"{8 + turn}.50", version=2 + turn, valid_from=NOW - timedelta(days=8))
    server.add(*a_trade(100 + turn, Login=str(2000 + turn)))
    server.records[str(turn % TRADES * 10 + 1)] |= {"Action": "14", "Profit": "0.00"}


def assert_undisturbed(broker: Broker, server: Server) -> None:
    """The lake equals operations, and the marts equal a whole build."""
    assert verification.verify(broker.settings).findings == []
    brought_up_to_date = passes.marts(broker.settings)
    passes.run(broker.settings, server, passes.project.PROJECT, True)
    assert passes.marts(broker.settings) == brought_up_to_date
    assert all(not digest.startswith("0 rows") for digest in brought_up_to_date.values())


def test_killed_after_every_commit_it_goes_on_where_it_was(broker, server):
    passes.run(broker.settings, server)
    change(broker, server, 0)

    # A pass that goes on where another was killed writes fewer commits, so each goes further.
    kills = 0
    while passes.killed_when(_after_commits(broker, kills + 1), broker.settings, server):
        kills += 1
    passes.run(broker.settings, server)

    assert kills > 3
    assert_undisturbed(broker, server)


def test_killed_at_any_moment_it_recovers(broker, server):
    passes.run(broker.settings, server)
    dice = random.Random(SEED)

    for turn in range(MOMENTS):
        change(broker, server, turn)
        passes.killed_when(_after(dice.uniform(0.1, 4)), broker.settings, server)
    passes.run(broker.settings, server)

    assert_undisturbed(broker, server)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_planted_bug_is_noticed(broker, server, tmp_path, name):
    careless = passes.with_bug(tmp_path, *MUTATIONS[name])
    passes.run(broker.settings, server, careless)
    change(broker, server, 0)
    passes.run(broker.settings, server, careless)

    with pytest.raises(AssertionError):
        assert_undisturbed(broker, server)


def _after_commits(broker: Broker, number: int) -> Callable[[], bool]:
    end = passes.commits(broker.connection) + number
    return lambda: passes.commits(broker.connection) >= end


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end
