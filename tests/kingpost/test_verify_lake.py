"""`kingpost verify lake`: the published lake is what was ingested, and every difference is named."""

import pytest
from sqlalchemy import create_engine, text

from kingpost.verify import lake as verified
from lake import connection, publication
from operational.kit import db
from pipelines import sources
from pipelines.operational_db.extract import extract
from tests.payments.deposits import a_deposit, a_verified_client, hear, rules_in_force


@pytest.fixture
def published(database):
    """Two deposits in operations and in the published lake."""
    with db.transaction(database.engine(db.WORKER)) as session:
        rules_in_force(session)
        client = a_verified_client(session)
        payments = [
            hear(session, a_deposit(session, client), "payment_intent.succeeded") for _ in range(2)
        ]
    publish(database.settings)
    return sorted(payment.id for payment in payments)


def publish(settings) -> None:
    with sources.opened(settings) as lake:
        landed = extract(lake)
        (snapshot,) = lake.execute("select max(snapshot_id) from lake.snapshots()").fetchone()
    candidate = publication.Candidate(snapshot, landed.as_of, landed.extract_id, "test")
    publication.decide(settings, candidate, [])


def as_owner(database, statement: str, **values) -> None:
    engine = create_engine(database.admin_url)
    with engine.begin() as owner:
        # No trigger may mark the row as changed: that is what makes it a corruption.
        owner.execute(text("set session_replication_role = replica"))
        assert owner.execute(text(statement), values).rowcount == 1
    engine.dispose()


def test_what_was_published_equals_operations_and_goes_on_doing_so(database, published) -> None:
    assert verified.verify(database.settings).findings == []

    with db.transaction(database.engine(db.WORKER)) as session:
        session.execute(text("update payments.payment set redirect_url = 'elsewhere'"))
    assert verified.verify(database.settings).findings == []


def test_a_row_changed_behind_the_horizon_is_named_with_both_values(database, published) -> None:
    as_owner(
        database, "update payments.payment set amount_minor = 1 where id = :id", id=published[0]
    )

    assert verified.verify(database.settings).findings == [
        f"payments.payment {published[0]}: expected amount_minor 1 in the lake, found 10000."
    ]


def test_a_row_removed_from_operations_is_named(database, published) -> None:
    database.may_be_wrong = True
    as_owner(
        database, "delete from ledger.journal where op_key = :key", key=f"deposit:{published[1]}"
    )

    (finding,) = verified.verify(database.settings).findings
    assert finding.startswith("ledger.journal ")
    assert finding.endswith(": found in the lake, gone from operations.")


def test_a_row_removed_from_the_lake_is_named(database, published) -> None:
    with connection.write(database.settings) as lake:
        lake.execute("delete from lake.raw.payments__payment where id = ?", [published[0]])
        (snapshot,) = lake.execute("select max(snapshot_id) from lake.snapshots()").fetchone()
    before = publication.current(database.settings).published
    candidate = publication.Candidate(snapshot, before.as_of, before.extract_id, "test")
    publication.decide(database.settings, candidate, [])

    assert verified.verify(database.settings).findings == [
        f"payments.payment {published[0]}: expected it in the lake, found none."
    ]
