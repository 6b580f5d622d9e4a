"""People read one published state, whole; a failed check leaves it standing and says so."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID

import duckdb
import psycopg
import pytest
from psycopg.types.json import Jsonb

from lake import connection, lock, publication
from lake.publication import CheckResult
from operational.kit import db
from pipelines import publish, sources
from pipelines.dbt_models import project
from pipelines.operational_db.extract import extract
from pipelines.platform import deals
from pipelines.refresh import Outcome, refresh
from tests.pipelines import passes
from tests.pipelines.broker import NOW, Broker, Server, a_balance_deal, a_trade
from tests.pipelines.readers import Readers, faults, read, unpinned

PUBLISHES = 3
HALF_PAST_MIDNIGHT = int(datetime(2026, 2, 26, 0, 30, tzinfo=UTC).timestamp())
"""On the server's clock."""
TURNS = count(1)

SPOILED = {
    "not_null": "null",
    "accepted_values": "'nonsense'",
    "relationships": "uuid()",
}
"""By kind of test: what to put into the column it looks at. Tests of keys get the row twice."""

FACTS = {
    "assert_the_trial_balance_is_zero": (
        "update lake.marts.fct_ledger_balances set balance_minor = balance_minor + 1"
    ),
    "assert_every_entry_has_its_journal": "delete from lake.raw.ledger__journal",
    "assert_cached_balances_equal_their_entries": (
        "update lake.raw.ledger__balance set posted = posted + 7"
    ),
    "assert_every_trade_is_paid_or_excluded": (
        "insert into lake.marts.fct_trades select * replace (-1 as deal) from lake.marts.fct_trades"
    ),
    "assert_a_line_is_paid_by_a_rate_and_an_exclusion_pays_nothing": (
        "update lake.marts.fct_partner_commissions set commission = commission + 1"
    ),
    "assert_daily_kpis_add_up_to_the_facts": (
        "update lake.marts.fct_daily_kpis set deposit_usd_minor = deposit_usd_minor + 1"
    ),
}
"""By singular test: what would make it fail."""


@pytest.fixture(scope="module")
def broker(module_database) -> Iterator[Broker]:
    """A broker whose day is published once."""
    with closing(Broker(module_database)) as found:
        found.plan()
        client = found.client(verified_at=NOW)
        account = found.account(client, 1001)
        found.transfer(account, 5000, reference="T-1")
        found.transfer(account, 700, reference="T-2")
        found.dispute(client, found.deposit(client, 10_000), 10_000)
        found.attribution(client, found.partner())
        found.post(500)
        with sources.opened(found.settings) as lake:
            server = Server(
                *a_trade(1),
                *a_trade(2, Time=str(HALF_PAST_MIDNIGHT)),
                a_balance_deal(5, "50.00", "T-1"),
            )
            deals.sync(lake, server, overlap=timedelta(days=1), now=NOW + timedelta(days=30))
        assert refresh(found.settings).failures == ()
        yield found


def test_a_trade_after_the_close_in_new_york_belongs_to_the_next_trading_day(broker):
    with publication.read(broker.settings) as lake:
        days = lake.execute(
            "select closed_date, trading_day from lake.marts.fct_trades where position = 2"
        ).fetchone()

    assert days == (date(2026, 2, 25), date(2026, 2, 26))


def test_the_lake_itself_refuses_a_value_that_a_contract_demands_and_is_missing(broker):
    with connection.write(broker.settings) as lake:
        demanded = lake.execute(
            "select table_name, column_name from duckdb_columns() where database_name = 'lake' "
            "and schema_name = 'marts' and not is_nullable"
        ).fetchall()
        filled = [
            (t, c) for t, c in demanded if lake.execute(f"select 1 from lake.marts.{t}").fetchone()
        ]

        assert {table for table, _ in filled} >= {"fct_trades", "fct_payments", "dim_clients"}
        for table, column in filled:
            with pytest.raises(duckdb.ConstraintException, match=column):
                lake.execute(f"update lake.marts.{table} set {column} = null")


def nodes_of(settings) -> dict[str, dict[str, object]]:
    """What dbt knows of the project, by its own names."""
    return json.loads(project.manifest(settings).read_text())["nodes"]


def test_nobody_reads_before_the_first_publication(database):
    with pytest.raises(publication.NothingPublished), publication.read(database.settings):
        pass


def test_a_table_that_is_read_anew_alone_does_not_stop_publication(broker):
    """As after a migration that gives it one column more."""
    broker.connection.execute("alter table ledger.journal add column approved_by text")
    broker.connection.execute("grant select on ledger.journal to kingpost_extract")

    outcome = refresh(broker.settings)

    assert outcome.landed.rows["operational_db"] > 0
    assert outcome.failures == ()


def test_only_one_process_writes(broker):
    with lock.writer(broker.settings), pytest.raises(lock.WriterBusy):
        refresh(broker.settings)


def test_a_deposit_is_published_with_its_moment(broker):
    before = publication.current(broker.settings).published
    broker.deposit(broker.client(), 777)

    outcome = refresh(broker.settings)

    after = publication.current(broker.settings).published
    assert outcome.is_published
    assert after.as_of > before.as_of
    with publication.read(broker.settings) as lake:
        held = lake.execute("select 1 from lake.marts.fct_payments where amount_minor = 777")
        assert held.fetchall() == [(1,)]


def test_the_arithmetic_of_every_mart_holds(broker):
    results = project.run(broker.settings, "test", "--select", "test_type:unit")

    assert len(results) > 5
    assert [(result.name, result.message) for result in results if not result.passed] == []


def test_a_pass_without_news_builds_nothing_and_what_stands_stays(broker):
    refresh(broker.settings)
    before = publication.current(broker.settings).published

    assert refresh(broker.settings).built.nodes == ()
    assert publication.current(broker.settings).published.snapshot == before.snapshot


def test_bringing_marts_up_to_date_changes_rows_and_no_definition(broker):
    """Definitions that change beside other work have landed in a wrong schema: one thread only."""
    refresh(broker.settings)
    before = _definitions(broker)

    _new_day(broker)

    assert _definitions(broker) == before


def _definitions(broker: Broker) -> int:
    """The lake's own count of changed definitions."""
    with psycopg.connect(_url(broker)) as session:
        return session.execute("select max(schema_version) from lake.ducklake_snapshot").fetchone()[
            0
        ]


def _url(broker: Broker) -> str:
    address = db.url(broker.settings, db.LAKE).set(drivername="postgresql")
    return address.render_as_string(hide_password=False)


def test_readers_beside_a_running_refresh_see_published_states_only(broker):
    refresh(broker.settings)
    with Readers(broker.settings, 2) as readers:
        for _ in range(PUBLISHES):
            _new_day(broker)
        last = read(broker.settings)

    assert readers.errors == []
    assert faults(broker.settings, published(broker), [*readers.readings, last]) == []
    assert len(readers.readings) >= 2 * PUBLISHES
    assert len({reading.snapshot for reading in readers.readings}) > 1


def test_a_reader_that_is_not_pinned_is_noticed(broker):
    """Between the build of a pass and its publication there is always such a moment."""
    refresh(broker.settings)
    broker.deposit(broker.client(), next(TURNS))
    with sources.opened(broker.settings) as lake:
        extract(lake)
    publish.build(broker.settings, whole=False)

    right, wrong = read(broker.settings), read(broker.settings, unpinned)

    assert faults(broker.settings, published(broker), [right]) == []
    (fault,) = faults(broker.settings, published(broker), [wrong])
    assert fault.startswith("torn or unpublished")
    assert refresh(broker.settings).is_published


def published(broker: Broker) -> list[publication.Publication]:
    decisions = publication.history(broker.settings, 1000)
    return [decision for decision in decisions if decision.is_published]


def _new_day(broker: Broker) -> None:
    client = broker.client()
    for _ in range(3):
        broker.deposit(client, next(TURNS))
    assert refresh(broker.settings).is_published


def test_every_single_check_that_fails_holds_the_pointer(broker):
    refresh(broker.settings)
    standing = publication.current(broker.settings).published

    for check in standing.checks:
        results = [
            CheckResult(each.name, each.name != check.name, "planted") for each in standing.checks
        ]
        assert not publication.decide(broker.settings, standing, results)
        now = publication.current(broker.settings)
        assert now.published == standing
        assert now.refused is not None
        assert [failure.name for failure in now.refused.failures] == [check.name]


def test_a_batch_refused_at_the_border_holds_the_pointer(broker):
    refresh(broker.settings)
    standing = publication.current(broker.settings).published
    wrong = broker.client(created_at=NOW + timedelta(days=36_500))

    outcome = refresh(broker.settings)

    assert not outcome.is_published
    now = publication.current(broker.settings)
    assert now.published == standing
    assert now.refused is not None
    assert "future_rows" in now.refused.failures[0].detail
    broker.update("clients.client", wrong, created_at=NOW)
    assert refresh(broker.settings).is_published


def test_a_model_that_fails_holds_the_pointer_and_is_not_tried_again_at_once(broker):
    refresh(broker.settings)
    standing = publication.current(broker.settings).published
    wrong = broker.plan(per_lot="seven", version=2, valid_from=NOW)

    outcome = refresh(broker.settings)

    assert "fct_partner_commissions is built" in {check.name for check in outcome.failures}
    assert publication.current(broker.settings).published == standing
    decisions = len(publication.history(broker.settings, 1000))
    again = refresh(broker.settings)
    assert (again.is_published, again.built.nodes) == (False, ())
    assert again.failures == outcome.failures
    assert len(publication.history(broker.settings, 1000)) == decisions
    broker.update("partners.plan_version", wrong, rates=Jsonb([]))
    assert refresh(broker.settings).is_published


def test_a_project_that_does_not_parse_holds_the_pointer(broker, tmp_path):
    refresh(broker.settings)
    standing = publication.current(broker.settings).published
    broken = passes.with_bug(tmp_path, "models/exposures.yml", "version: 2", "version: [")

    passes.run(broker.settings, None, broken)

    now = publication.current(broker.settings)
    assert now.published == standing
    assert now.refused is not None
    assert [failure.name for failure in now.refused.failures] == ["the models can be built"]


def test_bringing_up_to_date_asks_every_test_that_a_whole_build_asks(broker):
    """But for those of seeds, which change with the project and never with the rows."""
    whole = refresh(broker.settings, whole=True)
    broker.deposit(broker.client(), next(TURNS))
    nodes = nodes_of(broker.settings).items()
    of_seeds = {key for key, node in nodes if str(node.get("attached_node")).startswith("seed.")}

    assert _tests(refresh(broker.settings)) == _tests(whole) - of_seeds


def _tests(outcome: Outcome) -> set[str]:
    assert outcome.is_published
    return {node.node_id for node in outcome.built.nodes if node.kind == "test"}


def test_a_mart_that_is_gone_is_made_in_a_whole_build(broker):
    refresh(broker.settings)
    with connection.write(broker.settings) as lake:
        lake.execute("drop table lake.marts.dim_partners")
    broker.deposit(broker.client(), next(TURNS))

    outcome = refresh(broker.settings)

    assert outcome.is_published
    assert "stg_clients__clients" in {node.name for node in outcome.built.nodes}


def test_every_check_can_fail_and_then_nothing_is_published(broker):
    """Last in this module: it leaves the lake spoiled."""
    standing = publication.current(broker.settings).published
    nodes = nodes_of(broker.settings)
    tests = [node for node in nodes.values() if node["resource_type"] == "test"]
    assert {test["name"] for test in tests if "test_metadata" not in test} == set(FACTS)

    with connection.write(broker.settings) as lake:
        lake.execute("delete from lake.raw.published")
        for statement in FACTS.values():
            lake.execute(statement)
        for test in tests:
            if "test_metadata" in test:
                _spoil(lake, test, nodes[test["attached_node"]])
    checks = publish.checked(project.run(broker.settings, "test"))

    assert len(checks) == len(tests)
    assert [check.name for check in checks if check.passed] == []
    assert not publish.publish(broker.settings, checks, as_of=NOW)
    assert publication.current(broker.settings).published == standing


def _spoil(lake, test, model) -> None:
    """Add a row that the test must find, without the constraints that would keep it out."""
    table = f"lake.{model['schema']}.{model['name']}"
    bad = SPOILED.get(test["test_metadata"]["name"])
    row = f"* replace ({bad} as {test['column_name']})" if bad else "*"
    lake.execute(f"create or replace temp table held as from {table}")
    if lake.execute("from held limit 1").fetchone() is None:
        lake.execute(f"insert into held select {_neutral(lake)}")
    views = lake.execute("select view_name from duckdb_views() where database_name = 'lake'")
    kind = "view" if (model["name"],) in views.fetchall() else "table"
    lake.execute(f"drop {kind} {table}")
    lake.execute(f"create table {table} as from held")
    lake.execute(f"insert into {table} select {row} from held limit 1")


def _neutral(lake) -> str:
    """A row of nothing in particular, where a mart has none that could be spoiled."""
    columns = lake.execute("select column_name, column_type from (describe held)").fetchall()
    return ", ".join(f"cast({_literal(kind)} as {kind}) as {name}" for name, kind in columns)


def _literal(kind: str) -> str:
    words = {"VARCHAR": "'x'", "JSON": "'{}'", "BOOLEAN": "'false'", "UUID": f"'{UUID(int=1)}'"}
    is_time = kind.startswith(("DATE", "TIMESTAMP"))
    return words.get(kind, "'2026-01-01'" if is_time else "0")
