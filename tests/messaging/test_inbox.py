"""What arrives is stored once, applied once, and never blocks what arrived after it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from operational.audit.models import Event
from operational.kit import db
from operational.kit.actor import Actor
from operational.messaging import inbox, queries
from operational.messaging.attempt import TRIES_MAX
from operational.messaging.errors import Incurable, NotParked
from operational.messaging.models import InboxMessage, RefusedCallback
from operational.messaging.states import InboxStatus
from tests.messaging.letters import receive

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
FINANCE = Actor(id="f", name="Fay", roles=frozenset({"finance"}))


class Handler:
    """Writes a row for every message it applies, and fails as told."""

    def __init__(self) -> None:
        self.failures: dict[bytes, Exception] = {}

    def __call__(self, session: Session, message: InboxMessage, *, now: datetime) -> None:
        receive(session, "effect", message.external_id, message.body, now=now)
        if message.body in self.failures:
            raise self.failures[message.body]


@pytest.fixture
def engine(database) -> Iterator[Engine]:
    return database.engine(db.WORKER)


@pytest.fixture
def handler() -> Handler:
    return Handler()


def arrive(engine: Engine, *bodies: bytes, now: datetime = NOW) -> None:
    for number, body in enumerate(bodies):
        with db.transaction(engine) as session:
            moment = now + timedelta(milliseconds=number)
            assert receive(session, "psp", body.decode(), body, now=moment)


def drain(engine: Engine, handler: Handler, now: datetime) -> int:
    count = 0
    while inbox.process_one(engine, {"psp": handler}, now):
        count += 1
    return count


def statuses(engine: Engine, source: str = "psp") -> dict[str, str]:
    with db.transaction(engine) as session:
        rows = session.scalars(select(InboxMessage).where(InboxMessage.source == source))
        return {row.external_id: row.status for row in rows}


def test_a_callback_that_comes_twice_is_stored_once(engine):
    with db.transaction(engine) as session:
        assert receive(session, "psp", "evt_1", b"{}", now=NOW)
        assert not receive(session, "psp", "evt_1", b"{}", now=NOW)
        assert receive(session, "other psp", "evt_1", b"{}", now=NOW)


def test_effect_and_mark_are_committed_together(engine, handler):
    arrive(engine, b"a", b"b")

    assert drain(engine, handler, LATER) == 2

    assert statuses(engine) == {"a": "done", "b": "done"}
    assert set(statuses(engine, "effect")) == {"a", "b"}


def test_a_failed_handler_leaves_no_trace_but_the_counted_try(engine, handler):
    arrive(engine, b"a")
    handler.failures[b"a"] = RuntimeError("the PSP speaks Klingon")

    assert inbox.process_one(engine, {"psp": handler}, NOW)

    assert statuses(engine, "effect") == {}
    with db.transaction(engine) as session:
        message = session.scalars(select(InboxMessage)).one()
    assert (message.status, message.attempts) == (InboxStatus.NEW, 1)
    assert message.error == "RuntimeError: the PSP speaks Klingon"
    assert message.next_at == NOW + timedelta(seconds=1)


def test_a_poison_message_is_parked_after_eight_tries_and_blocks_nobody(engine, handler):
    arrive(engine, b"poison", b"good")
    handler.failures[b"poison"] = RuntimeError("no")
    now = NOW + timedelta(seconds=1)

    assert drain(engine, handler, now) == 2
    assert statuses(engine) == {"poison": "new", "good": "done"}

    for day in range(1, TRIES_MAX):
        assert drain(engine, handler, now + timedelta(days=2 * day)) == 1
    assert statuses(engine)["poison"] == "parked"
    with db.transaction(engine) as session:
        assert "inbox:park" in session.scalars(select(Event.verb)).all()


def test_a_message_that_no_retry_can_cure_is_parked_at_once(engine, handler):
    arrive(engine, b"a")
    handler.failures[b"a"] = Incurable("another amount")

    drain(engine, handler, LATER)

    assert statuses(engine) == {"a": "parked"}


def test_a_message_that_breaks_the_transaction_itself_is_put_off_too(engine):
    arrive(engine, b"a")

    def breaks(session: Session, message: InboxMessage, *, now: datetime) -> None:
        session.execute(text("select 1/0"))

    assert inbox.process_one(engine, {"psp": breaks}, LATER)
    with db.transaction(engine) as session:
        assert session.scalars(select(InboxMessage.attempts)).one() == 1


def test_a_parked_message_is_replayed_by_a_person_and_the_replay_is_on_record(engine, handler):
    arrive(engine, b"a")
    handler.failures[b"a"] = Incurable("another amount")
    drain(engine, handler, NOW)
    handler.failures.clear()

    with db.transaction(engine) as session:
        parked = session.scalars(select(InboxMessage.id)).one()
        inbox.replay(session, parked, actor=FINANCE, now=NOW)
    drain(engine, handler, NOW)

    assert statuses(engine) == {"a": "done"}
    with db.transaction(engine) as session:
        assert "inbox:replay" in session.scalars(select(Event.verb)).all()
        with pytest.raises(NotParked):
            inbox.replay(session, parked, actor=FINANCE, now=NOW)


def test_a_parked_message_is_closed_with_a_reason_and_keeps_what_came(engine, handler):
    arrive(engine, b"a")
    handler.failures[b"a"] = Incurable("another amount")
    drain(engine, handler, NOW)

    with db.transaction(engine) as session:
        parked = session.scalars(select(InboxMessage.id)).one()
        inbox.close(session, parked, reason="the PSP took it back", actor=FINANCE, now=NOW)
    assert drain(engine, handler, LATER) == 0

    assert statuses(engine) == {"a": "closed"}
    with db.transaction(engine) as session:
        record = session.scalars(select(Event).where(Event.verb == "inbox:close")).one()
        assert (record.reason, record.actor_name) == ("the PSP took it back", "Fay")
        assert session.get_one(InboxMessage, parked).body == b"a"
        for verb in (inbox.replay, partial(inbox.close, reason="again")):
            with pytest.raises(NotParked):
                verb(session, parked, actor=FINANCE, now=NOW)


def test_two_workers_never_hold_the_same_message(engine):
    arrive(engine, b"a", b"b")
    with db.transaction(engine) as one, db.transaction(engine) as two:
        first = inbox.take(one, ["psp"], LATER)
        second = inbox.take(two, ["psp"], LATER)

        assert first is not None
        assert second is not None
        assert {first.body, second.body} == {b"a", b"b"}
        with db.transaction(engine) as three:
            assert inbox.take(three, ["psp"], LATER) is None


def test_messages_of_sources_nobody_handles_wait(engine, handler):
    arrive(engine, b"a")

    assert not inbox.process_one(engine, {"another": handler}, LATER)
    assert statuses(engine) == {"a": "new"}


def test_refused_callbacks_are_counted_by_day_and_reason(engine):
    for _ in range(3):
        with db.transaction(engine) as session:
            inbox.count_refused(session, "psp", "signature", now=NOW)

    with db.transaction(engine) as session:
        counted = session.scalars(select(RefusedCallback)).one()
    assert (counted.reason, counted.count) == ("signature", 3)


def test_of_callbacks_not_believed_a_hundred_a_day_are_kept_without_passwords(database):
    headers = {"user-agent": "nobody", "authorization": "Basic x", "cookie": "sid=1"}
    refused = inbox.Refused("psp", "signature", headers, b"x" * 5_000)
    with db.transaction(database.engine()) as session:
        for _ in range(102):
            inbox.sample_refused(session, refused, now=NOW)
        inbox.sample_refused(session, refused, now=NOW + timedelta(days=1))

        kept = session.scalars(queries.refused_samples(limit=200)).all()
        assert len(kept) == 101
        assert kept[0].headers == {"user-agent": "nobody"}
        assert len(kept[0].body) == 2_000
