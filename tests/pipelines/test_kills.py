"""A refresh killed anywhere and run again gives the same marts as one that was never disturbed."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from psycopg.types.json import Jsonb

from kingpost.verify import lake as verification
from lake import publication
from tests.pipelines import passes
from tests.pipelines.broker import NOW, Broker, Server, a_trade
from tests.times import TIMES

SEED = 20260302
MOMENTS = 20 * TIMES
WHOLE = 5
"""So many passes are killed before the first is left to publish: they build everything."""
TRADES = 6
SATURDAY = date(2026, 2, 21)
"""No bank publishes rates then, so those of a test stand alone; and on Sunday they price trades."""
SUNDAY = int(datetime(2026, 2, 22, 12, tzinfo=UTC).timestamp())

MUTATIONS = {
    "append instead of replace": (
        "macros/materializations.sql",
        "delete from {{ target }} where ({{ key }}) in (select ({{ key }}) from batch);",
        "",
    ),
    "append instead of build": ("macros/materializations.sql", "delete from {{ target }};", ""),
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
    found.rates[SATURDAY, "USD"] = Decimal("1.1")
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
    rates = [{"id": "all", "symbol_group": "forex", "per_lot": f"{8 + turn}.5", "currency": "EUR"}]
    since = NOW - timedelta(days=20)
    broker.plan(rates=Jsonb(rates), version=2 + turn, valid_from=since + timedelta(seconds=turn))
    opening, closing_ = a_trade(100 + turn, Login=str(2000 + turn))
    server.add(opening | {"Time": str(SUNDAY)}, closing_ | {"Time": str(SUNDAY + 900)})
    server.records[str(turn % TRADES * 10 + 1)] |= {"Action": "14", "Profit": "0.00"}
    # An opening that was none, and a rate that is corrected.
    server.records[str((turn + 1) % TRADES * 10)] |= {"Entry": str(turn % 2)}
    server.rates[SATURDAY, "USD"] += Decimal("0.0001")


def disturbances(broker: Broker, server: Server) -> list[str]:
    """How the lake differs from operations, and the marts from a clean build of the sources."""
    found = verification.verify(broker.settings).findings
    brought_up_to_date = passes.marts(broker.settings)
    passes.forget(broker.settings, broker.connection)
    passes.run(broker.settings, server)
    clean = passes.marts(broker.settings)
    empty = {mart for mart, digest in clean.items() if digest.startswith("0 rows")}
    assert empty <= passes.SILENT
    return found + [name for name in clean if clean[name] != brought_up_to_date.get(name)]


def assert_pointer_is_valid(broker: Broker) -> None:
    """People read a whole state, or are told that there is none yet."""
    try:
        with publication.read(broker.settings) as lake:
            assert len(lake.execute("from lake.marts.dim_clients").fetchall()) >= TRADES
    except publication.NothingPublished:
        return


def test_killed_after_every_commit_it_goes_on_where_it_was(broker, server):
    passes.run(broker.settings, server)
    change(broker, server, 0)

    # A pass that goes on where another was killed writes fewer commits, so each goes further.
    kills = 0
    while passes.killed_when(_after_commits(broker, kills + 1), broker.settings, server):
        assert_pointer_is_valid(broker)
        kills += 1
    passes.run(broker.settings, server)

    assert kills > 3
    assert disturbances(broker, server) == []


def test_killed_at_any_moment_it_recovers(broker, server):
    dice = random.Random(SEED)
    for turn in range(MOMENTS):
        if turn == WHOLE:
            passes.run(broker.settings, server)
        change(broker, server, turn)
        passes.killed_when(_after(dice.uniform(0.1, 4)), broker.settings, server)
        assert_pointer_is_valid(broker)
    passes.run(broker.settings, server)

    assert disturbances(broker, server) == []


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_planted_bug_is_noticed(broker, server, tmp_path, name):
    careless = passes.with_bug(tmp_path, *MUTATIONS[name])
    passes.run(broker.settings, server, careless)
    change(broker, server, 0)
    passes.run(broker.settings, server, careless)

    assert disturbances(broker, server) != []


def _after_commits(broker: Broker, number: int) -> Callable[[], bool]:
    end = passes.commits(broker.connection) + number
    return lambda: passes.commits(broker.connection) >= end


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end
