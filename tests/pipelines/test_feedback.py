"""What the published lake says reaches operations: once, whatever fails, and nothing is unpublished."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from lake import connection, publication
from lake.publication import Candidate
from operational.kit import db
from operational.reconciliation.intake import Taken
from operational.reconciliation.models import BreakItem
from operational.rules import service as rules
from pipelines.feedback.giving import Given, give_back
from tests.pipelines.days import Books

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

MART = """
create or replace table lake.marts.fct_breaks (
    break_key varchar, our_reference varchar, external_reference varchar, leg varchar,
    kind varchar, counterpart varchar, movement varchar, currency varchar,
    actual_currency varchar, severity varchar, expected_minor bigint, actual_minor bigint,
    difference_minor bigint, occurred_at timestamptz, due_at timestamptz, details json
)
"""
DETAILS = {
    "expectations": ["deposit:1"],
    "lines": [],
    "candidates": [{"line_id": "r#1", "amount_minor": 10_000, "currency": "USD", "row": 1}],
}


@pytest.fixture
def lake(module_database):
    """A published lake without breaks."""
    with connection.write(module_database.settings) as found:
        Books(found)
        found.execute(MART)
        publish(module_database.settings, found)
    return module_database.settings


def publish(settings, lake, *, as_of=NOW):
    snapshot = lake.execute("select id from lake.current_snapshot()").fetchone()[0]
    publication.decide(settings, Candidate(snapshot, as_of, 1, "x"), [])


def find(settings, *references, as_of=NOW, expected=10_000):
    """The lake finds these payments without a line, and no others."""
    with connection.write(settings) as lake:
        lake.execute("delete from lake.marts.fct_breaks")
        for reference in references:
            lake.execute(
                "insert into lake.marts.fct_breaks values"
                " (?, ?, null, 'psp_line', 'missing_external', 'stripe', 'deposit', 'USD',"
                " null, 'high', ?, 0, ?, ?, ?, ?)",
                [
                    f"psp_line|missing_external|{reference}",
                    reference,
                    expected,
                    -expected,
                    NOW - timedelta(days=4),
                    NOW - timedelta(days=2),
                    json.dumps(DETAILS),
                ],
            )
        publish(settings, lake, as_of=as_of)


def items(database):
    with db.transaction(database.engine()) as session:
        return session.scalars(select(BreakItem).order_by(BreakItem.id)).all()


def test_the_published_breaks_are_taken_over_once_and_a_failure_waits_for_the_next_pass(
    lake, module_database
):
    assert give_back(lake, NOW) == Given(Taken(), reports=1)

    # No table says deadlines yet: the pass goes on, the numbers stand, nothing is lost.
    find(lake, "D-1", "D-2")
    assert "break_deadline" in give_back(lake, NOW).failure
    assert publication.current(lake).refused is None
    assert items(module_database) == []
    with db.transaction(module_database.engine()) as session:
        rules.install_defaults(session, NOW)

    assert give_back(lake, NOW).breaks == Taken(opened=2)
    assert give_back(lake, NOW).breaks == Taken()
    first, _ = items(module_database)
    assert (first.our_reference, first.details) == ("D-1", DETAILS)
    assert (first.expected_minor, first.due_at) == (10_000, NOW - timedelta(days=2))

    find(lake, "D-2", "D-3", as_of=NOW + timedelta(hours=1))
    assert give_back(lake, NOW).breaks == Taken(opened=1, closed=1)

    # What is not published is not told; without the mart nothing is known, and nothing closed.
    with connection.write(lake) as changed:
        changed.execute("delete from lake.marts.fct_breaks")
        assert give_back(lake, NOW).breaks == Taken()
        changed.execute("drop table lake.marts.fct_breaks")
        publish(lake, changed, as_of=NOW + timedelta(hours=3))
    assert give_back(lake, NOW) == Given(Taken())
    live = [item.our_reference for item in items(module_database) if not item.closed_at]
    assert live == ["D-2", "D-3"]
