"""The operational database arrives whole, at one moment, and never twice."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import duckdb
import psycopg
import pytest

from lake import connection
from operational.kit.ids import uuid7
from pipelines.border import BatchRefusedError
from pipelines.operational_db import profile
from pipelines.operational_db.extract import extract
from pipelines.operational_db.tables import TypeUnsupportedError, discover
from tests.pipelines.broker import Broker, roles

POSTERS = 16
PASSES = 5


@pytest.fixture
def broker(database) -> Iterator[Broker]:
    with closing(Broker(database)) as found:
        yield found


@pytest.fixture
def attached(broker, lake) -> duckdb.DuckDBPyConnection:
    connection.attach_operations(lake, broker.settings)
    return lake


def clients(lake) -> dict[str, str]:
    return dict(lake.execute("select queue, country from lake.raw.clients__client").fetchall())


def test_a_row_committed_late_is_not_skipped_and_an_updated_one_replaces_itself(broker, attached):
    with psycopg.connect(broker.address) as slow:
        late = broker.client(queue="late", country="FR")
        slow.execute("update clients.client set country = 'IT' where id = %s", (late,))
        early = broker.client(queue="early")
        first = extract(attached)

        assert clients(attached) == {"late": "FR", "early": "DE"}
    broker.update("clients.client", early, country="ES")
    second = extract(attached)

    assert clients(attached) == {"late": "IT", "early": "ES"}
    assert first.rows["clients__client"] == 2
    assert second.rows == {"clients__client": 2}


def test_a_pass_without_changes_writes_nothing(broker, attached):
    broker.client()
    extract(attached)
    before = attached.execute("select id from lake.current_snapshot()").fetchone()

    assert extract(attached).row_count == 0
    assert attached.execute("select id from lake.current_snapshot()").fetchone() == before


def test_no_secret_and_no_name_of_a_client_reaches_the_lake(broker, attached):
    broker.insert("access.user", email="a@example.com", password_hash="$argon2id$secret")
    extract(attached)

    held = attached.execute(
        "select table_name || '.' || column_name from duckdb_columns() "
        "where database_name = 'lake' and schema_name = 'raw'"
    ).fetchall()
    names = {name for (name,) in held}
    assert "access__user.name" in names
    assert not any(name.startswith(("access__session", "access__sign_in")) for name in names)
    assert names.isdisjoint(
        {
            "access__user.password_hash",
            "clients__client.birth_date",
            "clients__client.email",
            "clients__client.last_name",
            "clients__client.phone",
            "access__user.totp_secret",
            "kyc__document.mrz",
            "messaging__inbox.body",
            "messaging__inbox.headers",
            "messaging__outbox.payload",
        }
    )


def test_a_table_that_gained_a_column_is_read_anew(broker, attached):
    broker.client(email="old@example.com")
    extract(attached)

    broker.connection.execute("alter table clients.client add column shoe_size integer default 42")
    broker.connection.execute("grant select on clients.client to kingpost_extract")
    attached.execute("detach operations")
    connection.attach_operations(attached, broker.settings)
    extract(attached)

    assert attached.execute("select shoe_size from lake.raw.clients__client").fetchall() == [(42,)]


def test_a_column_that_cannot_be_kept_exactly_stops_the_pass(broker, attached):
    broker.connection.execute("alter table clients.client add column luck double precision")

    with pytest.raises(TypeUnsupportedError, match=r"clients.client.luck is double precision"):
        extract(attached)


def test_another_database_cluster_is_read_from_the_start(broker, attached):
    broker.client(queue="a")
    extract(attached)
    attached.execute("update lake.raw.extracts set origin = 'another', horizon = 10000000")

    broker.client(queue="b")
    extract(attached)

    assert set(clients(attached)) == {"a", "b"}


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("delete from lake.raw.clients__client where extract_id = 2", "landed_rows"),
        ("insert into lake.raw.clients__client from lake.raw.clients__client where extract_id = 2",
         "repeated_keys"),
        ("update lake.raw.clients__client set country = null where extract_id = 2",
         "missing_values"),
        ("update lake.raw.clients__client set created_at = '2999-01-01' where extract_id = 2",
         "future_rows"),
    ],
)  # fmt: skip
def test_a_batch_that_is_not_what_the_source_counted_is_refused(broker, attached, damage, fault):
    broker.client()
    extract(attached)
    broker.client()
    landed = extract(attached)
    table = next(t for t in discover(attached) if t.raw_name == "clients__client")
    profile.validate(attached, {table: 1}, frozenset(), 2, landed.as_of)

    attached.execute(damage)

    with pytest.raises(BatchRefusedError, match=fault):
        profile.validate(attached, {table: 1}, frozenset(), 2, landed.as_of)


def test_an_extract_is_one_moment_while_sixteen_clients_post(broker, attached, database):
    wallets = _wallets(broker)
    address = roles(database)
    posters = [threading.Thread(target=_post, args=(address, wallets)) for _ in range(POSTERS)]
    landed = []
    with _posting(broker, posters):
        for _ in range(PASSES):
            landed.append(extract(attached).rows.get("ledger__journal", 0))
            assert _contradictions(attached) == []
    extract(attached)

    assert all(landed[1:])
    assert _contradictions(attached) == []
    held = attached.execute("select count(*) from lake.raw.ledger__journal").fetchone()
    assert held == broker.connection.execute("select count(*) from ledger.journal").fetchone()


@contextmanager
def _posting(broker: Broker, posters: list[threading.Thread]) -> Iterator[None]:
    """Let the posters post until the test is through; they stop when they get this lock."""
    broker.connection.execute("select pg_advisory_lock(1)")
    for poster in posters:
        poster.start()
    try:
        yield
    finally:
        broker.connection.execute("select pg_advisory_unlock(1)")
        for poster in posters:
            poster.join()


def _wallets(broker: Broker) -> list[int]:
    return [
        broker.connection.execute(
            "select ledger.open_account(%s, %s, 'USD', %s, %s, null)",
            (f"test:{number}", "liability" if number else "asset", uuid7(), bool(number)),
        ).fetchone()[0]
        for number in range(POSTERS + 1)
    ]


def _post(address: str, wallets: list[int]) -> None:
    """Post two legs a time, each time in a transaction of its own, until the test lets go."""
    house, *others = wallets
    with psycopg.connect(address, autocommit=True) as session:
        session.execute(f"""
            do $$ begin
                for number in 1..1000000 loop
                    exit when pg_try_advisory_xact_lock_shared(1);
                    perform ledger.post(
                        gen_random_uuid()::text, 'deposit', now(), 'test',
                        array[{house}, (array{others})[1 + number % {POSTERS}]],
                        array[-number, number]::bigint[], array['USD', 'USD']);
                    commit;
                    perform pg_sleep(0.02);
                end loop;
            end $$
        """)


def _contradictions(lake: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return lake.execute("""
        select 'books do not balance', currency, sum(amount) from lake.raw.ledger__entry
        group by currency having sum(amount) <> 0
        union all
        select 'entry without journal', entry.id::varchar, 0 from lake.raw.ledger__entry as entry
        anti join lake.raw.ledger__journal as journal on entry.journal_id = journal.id
        union all
        select 'journal without entries', journal.id::varchar, 0
        from lake.raw.ledger__journal as journal
        anti join lake.raw.ledger__entry as entry on entry.journal_id = journal.id
        union all
        select 'balance is not its entries', balance.account_id::varchar, balance.posted
        from lake.raw.ledger__balance as balance
        left join (
            select account_id, sum(amount) as amount from lake.raw.ledger__entry group by all
        ) as summed using (account_id)
        where balance.posted <> coalesce(summed.amount, 0)
    """).fetchall()
