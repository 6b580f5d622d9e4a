"""Versions of tables: two persons, one in force, and every decision replayable."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from operational.access.errors import SecondPersonNeeded
from operational.audit.models import Event
from operational.kit.errors import Forbidden
from operational.rules import queries, replays, service
from operational.rules.errors import TableNotFound, VersionMoved
from operational.rules.states import VersionStatus
from tests.rules.tables import ANN, BEN, SUE, limit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS = {"amount": "1500", "country": "DE"}
SUBJECT = ("payment", "D-1")


def draft(session, amount="1000", actor=ANN):
    return service.draft(session, "limits", limit(amount), note="quarterly", actor=actor, now=NOW)


def published(session, amount="1000"):
    return service.publish(session, draft(session, amount).id, actor=BEN, now=NOW)


def decide(session):
    return service.decide(session, "limits", FACTS, subject=SUBJECT, now=NOW)


def test_who_wrote_a_version_cannot_put_it_in_force(session):
    version = draft(session)

    with pytest.raises(SecondPersonNeeded):
        service.publish(session, version.id, actor=ANN, now=NOW)

    assert version.status == VersionStatus.DRAFT


def test_not_even_the_database_takes_one_person_for_two(session):
    version = draft(session)

    with pytest.raises(IntegrityError, match="two_persons"):
        session.execute(
            text("update rules.table_version set published_by = made_by where id = :id"),
            {"id": version.id},
        )


def test_support_may_neither_write_nor_publish_a_table(session):
    with pytest.raises(Forbidden):
        draft(session, actor=SUE)
    with pytest.raises(Forbidden):
        service.publish(session, draft(session).id, actor=SUE, now=NOW)


def test_a_draft_decides_nothing(session):
    draft(session)

    with pytest.raises(TableNotFound):
        decide(session)


def test_publishing_retires_the_version_before(session):
    first = published(session, "1000")
    assert decide(session).outcome == {"verdict": "review"}

    second = published(session, "2000")

    assert decide(session).outcome == {"verdict": "approve"}
    assert (first.status, second.status) == ("retired", "published")
    assert session.scalars(queries.in_force("limits")).all() == [second]


def test_a_published_version_is_not_published_again(session):
    version = published(session)

    with pytest.raises(VersionMoved):
        service.publish(session, version.id, actor=BEN, now=NOW)


def test_a_draft_is_withdrawn_and_a_version_in_force_is_not(session):
    standing, given_up = published(session), draft(session)

    service.withdraw(session, given_up.id, reason="wrong currency", actor=BEN, now=NOW)

    for version in (standing, given_up):
        with pytest.raises(VersionMoved):
            service.withdraw(session, version.id, reason="wrong currency", actor=BEN, now=NOW)
    assert session.scalars(queries.in_force("limits")).all() == [standing]
    with pytest.raises(VersionMoved):
        service.publish(session, given_up.id, actor=BEN, now=NOW)


def test_a_decision_keeps_what_it_saw_what_it_said_and_by_which_version(session):
    version = published(session)

    decision = decide(session)

    session.expire(decision)
    assert (decision.facts, decision.outcome) == (FACTS, {"verdict": "review"})
    assert decision.table_version_id == version.id
    assert service.named(session, decision) == "limits@1"
    assert decision.trace["steps"][0]["rows"][0]["rule"]["_id"] == "rest"
    assert session.scalars(queries.decisions(SUBJECT)).all() == [decision]


def test_decisions_replayed_by_their_own_version_are_all_the_same(session):
    version = published(session)
    made = [decide(session) for _ in range(3)]
    session.expire_all()

    found = replays.attempt(version, made)

    assert (len(found.same), found.different) == (3, [])


def test_a_draft_shows_what_its_publication_would_have_changed(session):
    published(session)
    decision = decide(session)

    found = replays.attempt(draft(session, "2000"), [decision])

    (difference,) = found.different
    assert difference.was == {"verdict": "review"}
    assert difference.would_be == {"verdict": "approve"}


def test_every_step_of_a_version_is_on_record(session):
    version = published(session)
    given_up = draft(session)
    service.withdraw(session, given_up.id, reason="wrong currency", actor=BEN, now=NOW)

    verbs = [
        session.scalars(
            select(Event.verb).where(Event.subject_id == str(one.id)).order_by(Event.id)
        ).all()
        for one in (version, given_up)
    ]

    assert verbs == [["rule:draft", "rule:publish"], ["rule:draft", "rule:retire"]]
