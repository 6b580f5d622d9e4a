"""What the lake finds becomes breaks: once each, however often it is told, wherever it is killed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from operational.kit import db
from operational.reconciliation import queries, resolving, service
from operational.reconciliation.intake import Taken
from operational.reconciliation.models import BreakItem
from operational.reconciliation.states import Action, Reason
from operational.rules import service as rules
from tests.reconciliation.breaks import (
    FEE,
    MISSING,
    NOW,
    a_person,
    proposal,
    taken,
    whole,
)

DAY = timedelta(days=1)


@pytest.fixture
def told(session):
    rules.install_defaults(session, NOW)
    return session


def items(session):
    return session.scalars(select(BreakItem).order_by(BreakItem.id)).all()


def test_each_finding_is_one_break_with_its_deadline_however_often_it_is_told(told):
    assert taken(told, MISSING, FEE) == Taken(opened=2)
    missing, fee = items(told)
    before = whole(told)

    assert taken(told, MISSING, FEE) == Taken()
    assert taken(told, FEE, MISSING, after=DAY, snapshot=2) == Taken()
    assert taken(told, after=-DAY) == Taken(), "an older snapshot tells nothing"
    assert whole(told) == before
    assert missing.deadline_at == NOW + DAY, "high"
    assert fee.deadline_at == NOW + 7 * DAY, "low"
    assert missing.decision_id != fee.decision_id


def test_what_is_gone_is_closed_and_what_comes_back_is_a_new_break_that_names_the_old(told):
    taken(told, MISSING, FEE)

    assert taken(told, FEE, after=DAY) == Taken(closed=1)
    old, fee = items(told)
    assert (old.status, old.closed_at) == ("resolved_matched", NOW + DAY)
    assert fee.status == "open"
    taken(told, MISSING, FEE, after=2 * DAY)

    assert [item.follows_id for item in items(told)] == [None, None, old.id]
    assert old.status == "resolved_matched"


def test_what_a_person_closed_stays_closed_unless_its_amounts_change(told):
    taken(told, FEE)
    ann, bob = a_person(told), a_person(told)
    (fee,) = items(told)
    asked = resolving.ask(told, fee.id, proposal(Action.ADJUST), actor=ann, now=NOW)
    resolving.decide(told, asked.id, agree=True, actor=bob, now=NOW)

    assert taken(told, FEE, after=DAY) == Taken()
    grown = replace(FEE, actual_minor=9_600, difference_minor=-400)
    assert taken(told, grown, after=2 * DAY) == Taken(opened=1)

    old, new = items(told)
    assert (old.status, old.difference_minor) == ("resolved_adjustment", -300)
    assert (new.follows_id, new.difference_minor) == (old.id, -400)


def test_other_amounts_undo_what_waits_for_agreement_and_are_in_the_history(told):
    taken(told, FEE)
    ann, bob = a_person(told), a_person(told)
    (fee,) = items(told)
    asked = resolving.ask(told, fee.id, proposal(Action.ADJUST), actor=ann, now=NOW)

    grown = replace(FEE, actual_minor=9_600, difference_minor=-400, severity="medium")
    assert taken(told, grown, after=DAY) == Taken(changed=1)

    with pytest.raises(Exception, match="decided this before"):
        resolving.decide(told, asked.id, agree=True, actor=bob, now=NOW)
    told_of = told.scalars(queries.events_of(fee.id)).all()
    assert [one.verb for one in told_of] == ["open", "ask", "change"]
    assert told_of[-1].facts["before"]["difference_minor"] == -300


def test_a_wait_ends_on_its_day_and_by_itself_if_the_other_side_comes(told):
    taken(told, MISSING, FEE)
    ann = a_person(told)
    missing, fee = items(told)
    service.assign(told, fee.id, ann.id, actor=ann, now=NOW)
    for item in (missing, fee):
        service.wait(
            told, item.id, NOW + DAY, Reason.TIMING, reason="pays on Tuesday", actor=ann, now=NOW
        )

    assert taken(told, MISSING, FEE, after=DAY / 2) == Taken()
    assert taken(told, FEE, after=DAY) == Taken(closed=1, resumed=1)
    assert [item.status for item in items(told)] == ["resolved_matched", "assigned"]
    assert fee.wait_until is None


def test_a_taking_that_is_killed_leaves_nothing_and_is_done_whole_the_next_time(module_database):
    """The connection is cut after every statement that wrote something, one later each time."""
    engine, pieces = module_database.engine(), 0
    with db.transaction(engine) as session:
        rules.install_defaults(session, NOW)
        empty = whole(session)

    class Killed(Exception):
        pass

    def run(statements_max):
        seen = 0

        def count(connection, cursor, statement, *_):
            nonlocal seen
            if statement.lstrip().lower().startswith(("insert", "update")):
                seen += 1
                if seen > statements_max:
                    raise Killed

        event.listen(engine, "before_cursor_execute", count)
        try:
            with db.transaction(engine) as session:
                return taken(session, MISSING, FEE)
        finally:
            event.remove(engine, "before_cursor_execute", count)

    while True:
        try:
            done = run(pieces)
        except Killed:
            pieces += 1
            with db.transaction(engine) as session:
                assert whole(session) == empty
        else:
            break

    assert done == Taken(opened=2)
    assert pieces > 3
    with db.transaction(engine) as session:
        assert taken(session, MISSING, FEE) == Taken()
        assert len(items(session)) == 2
