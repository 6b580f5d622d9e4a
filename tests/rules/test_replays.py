"""A version tried on the past: piece by piece, once each, whoever is killed; only differences stay."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from operational.kit import db
from operational.kit.errors import Forbidden, InvalidInput
from operational.rules import queries, replays, service
from operational.rules.models import ReplayDifference
from tests.rules.tables import ANN, BEN, SUE, limit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def published(session, amount="1000"):
    made = service.draft(session, "limits", limit(amount), note="quarterly", actor=ANN, now=NOW)
    return service.publish(session, made.id, actor=BEN, now=NOW)


def decided(session, *amounts):
    """A decision over each amount, a minute apart; the last two at the same moment."""
    for number, amount in enumerate(amounts):
        facts = {"amount": str(amount), "country": "DE"}
        at = NOW + timedelta(minutes=min(number, len(amounts) - 2))
        service.decide(session, "limits", facts, subject=("payment", str(number)), now=at)


def asked(session, version, actor=ANN):
    return replays.ask(session, version.id, since=NOW, until=LATER, actor=actor, now=LATER)


def test_the_version_in_force_reproduces_every_decision_it_made(session):
    version = published(session)
    decided(session, *range(500, 2500, 100))
    replay = asked(session, version)

    while replays.advance(session, LATER, piece=7):
        pass

    assert (replay.status, replay.done_count, replay.total_count) == ("done", 20, 20)
    assert queries.different_count(session, replay.id) == 0


def test_another_version_keeps_what_it_would_have_decided_otherwise(session):
    published(session)
    decided(session, 500, 1500, 2500, 3500)
    draft = service.draft(session, "limits", limit("3000"), note="wider", actor=ANN, now=NOW)
    replay = asked(session, draft)

    while replays.advance(session, LATER, piece=1):
        pass

    found = session.scalars(queries.different_decisions(replay.id)).all()
    kept = queries.differences(session, replay.id, [one.id for one in found])
    assert sorted(one.facts["amount"] for one in found) == ["1500", "2500"]
    assert {one.outcome["verdict"] for one in found} == {"review"}
    assert {one.would_be["verdict"] for one in kept.values()} == {"approve"}


def test_what_belongs_to_other_days_is_left_out(session):
    version = published(session)
    decided(session, 500, 600)
    early = replays.ask(
        session, version.id, since=NOW - timedelta(days=9), until=NOW, actor=ANN, now=NOW
    )

    assert early.total_count == 0
    with pytest.raises(InvalidInput, match="ends before it begins"):
        replays.ask(session, version.id, since=LATER, until=NOW, actor=ANN, now=NOW)


def test_a_replay_stopped_by_a_person_goes_no_further(session):
    version = published(session)
    decided(session, *range(500, 1500, 100))
    replay = asked(session, version)
    replays.advance(session, LATER, piece=4)

    replays.stop(session, replay.id, actor=ANN, now=LATER)

    assert not replays.advance(session, LATER)
    assert (replay.status, replay.done_count) == ("stopped", 4)
    with pytest.raises(Forbidden):
        asked(session, version, actor=SUE)


def test_a_piece_that_never_committed_is_tried_again_and_counted_once(database):
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        published(session)
        decided(session, *range(1100, 1600, 100))
        draft = service.draft(session, "limits", limit("9000"), note="wider", actor=ANN, now=NOW)
        replay_id = asked(session, draft).id

    # The worker is killed in the middle of a piece, after another one was tried.
    with db.transaction(engine) as session:
        replays.advance(session, LATER, piece=2)
    with engine.connect() as connection, db.Session(connection) as lost:
        replays.advance(lost, LATER, piece=2)
        # Meanwhile nobody else takes the same piece.
        with db.transaction(engine) as session:
            assert not replays.advance(session, LATER, piece=2)
        lost.rollback()
    while True:
        with db.transaction(engine) as session:
            if not replays.advance(session, LATER, piece=2):
                break

    with db.transaction(engine) as session:
        replay = queries.replay(session, replay_id)
        kept = session.scalar(select(func.count()).select_from(ReplayDifference))
        assert (replay.status, replay.done_count, kept) == ("done", 5, 5)
