"""Commands leave after the change that asks for them, in order, and are looked up when in doubt."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from operational.audit.models import Event
from operational.kit import db
from operational.kit.actor import Actor
from operational.messaging import outbox
from operational.messaging.answers import Done, Outcome, Refused, Unanswered
from operational.messaging.errors import NotParked
from operational.messaging.models import InboxMessage, OutboxMessage
from tests.messaging.letters import receive

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FINANCE = Actor(id="f", name="Fay", roles=frozenset({"finance"}))


@dataclass
class Vendor:
    """The other side: keeps what it was sent, and answers as told."""

    answers: list[Callable[[], Outcome]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    books_fail: bool = False

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:
        self.looked_up.append(message.payload["name"])
        return Done() if message.payload["name"] in self.sent else None

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome:
        answer = self.answers.pop(0)() if self.answers else Done()
        if isinstance(answer, Done):
            self.sent.append(message.payload["name"])
        return answer

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        name = f"{message.payload['name']} {type(outcome).__name__}"
        receive(session, "booked", f"{name} {message.attempts}", name.encode(), now=now)
        if self.books_fail:
            raise RuntimeError("the books are closed")


def loses_the_answer() -> Outcome:
    raise TimeoutError


@pytest.fixture
def engine(database) -> Engine:
    return database.engine(db.WORKER)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


def put(engine: Engine, *names: str, aggregate: str = "account:1", **more: timedelta) -> None:
    for name in names:
        with db.transaction(engine) as session:
            outbox.put(
                session, "move", aggregate=aggregate, payload={"name": name}, now=NOW, **more
            )


def carry(engine: Engine, vendor: Vendor, seconds: float = 0) -> bool:
    now = NOW + timedelta(seconds=seconds)
    return outbox.carry(engine, {"move": vendor}, lambda: now, limit=1) > 0


def statuses(engine: Engine) -> dict[str, str]:
    with db.transaction(engine) as session:
        return {row.payload["name"]: row.status for row in session.scalars(select(OutboxMessage))}


def booked(engine: Engine) -> list[str]:
    with db.transaction(engine) as session:
        return [body.decode() for body in session.scalars(select(InboxMessage.body))]


def test_a_command_of_a_change_that_was_rolled_back_never_leaves(engine, vendor):
    with Session(engine) as session:
        outbox.put(session, "move", aggregate="a", payload={"name": "x"}, now=NOW)
        session.rollback()

    assert not carry(engine, vendor)
    assert vendor.sent == []


def test_effect_and_mark_of_an_answer_are_committed_together(engine, vendor):
    put(engine, "a")

    assert carry(engine, vendor)
    assert not carry(engine, vendor, 1000)

    assert statuses(engine) == {"a": "sent"}
    assert booked(engine) == ["a Done"]


def test_a_refusal_is_final_and_booked(engine, vendor):
    vendor.answers = [lambda: Refused("account disabled")]
    put(engine, "a", "b")

    assert carry(engine, vendor)
    assert carry(engine, vendor)

    assert statuses(engine) == {"a": "refused", "b": "sent"}


def test_a_lost_answer_is_looked_up_and_not_sent_again(engine, vendor):
    def does_it_and_loses_the_answer() -> Outcome:
        vendor.sent.append("a")
        raise TimeoutError

    vendor.answers = [does_it_and_loses_the_answer]
    put(engine, "a")

    assert carry(engine, vendor)
    assert statuses(engine) == {"a": "pending"}
    assert carry(engine, vendor, 2)

    assert vendor.sent == ["a"]
    assert vendor.looked_up == ["a"]
    assert booked(engine) == ["a Unanswered", "a Done"]


def test_a_command_the_other_side_never_got_is_sent_again_after_looking(engine, vendor):
    vendor.answers = [loses_the_answer]
    put(engine, "a")
    carry(engine, vendor)

    carry(engine, vendor, 2)

    assert (vendor.looked_up, vendor.sent) == (["a"], ["a"])
    assert statuses(engine) == {"a": "sent"}


def test_later_commands_of_an_aggregate_wait_for_the_one_in_doubt_and_others_do_not(engine, vendor):
    vendor.answers = [loses_the_answer]
    put(engine, "first", "second")
    put(engine, "elsewhere", aggregate="account:2")

    assert carry(engine, vendor)
    assert carry(engine, vendor)
    assert not carry(engine, vendor)
    assert vendor.sent == ["elsewhere"]

    for _ in range(2):
        assert carry(engine, vendor, 2)
    assert vendor.sent == ["elsewhere", "first", "second"]


def test_a_command_in_doubt_at_its_deadline_is_parked_and_a_person_may_replay_it(engine, vendor):
    vendor.answers = [lambda: Unanswered("no answer")] * 10
    put(engine, "a", "b", deadline=timedelta(seconds=5))
    for second in range(10):
        carry(engine, vendor, second)
    assert statuses(engine)["a"] == "parked"

    with db.transaction(engine) as session:
        parked = session.scalars(select(OutboxMessage).where(OutboxMessage.status == "parked"))
        message_id = parked.first().id
        assert "outbox:park" in session.scalars(select(Event.verb)).all()
        outbox.replay(session, message_id, actor=FINANCE, now=NOW + timedelta(seconds=60))
    vendor.answers.clear()
    carry(engine, vendor, 60)

    assert statuses(engine)["a"] == "sent"
    with db.transaction(engine) as session, pytest.raises(NotParked):
        outbox.replay(session, message_id, actor=FINANCE, now=NOW)


def test_a_booking_that_fails_is_tried_again_without_sending_again(engine, vendor):
    vendor.books_fail = True
    put(engine, "a")
    carry(engine, vendor)
    assert (statuses(engine), booked(engine)) == ({"a": "pending"}, [])
    vendor.books_fail = False

    carry(engine, vendor, 2)

    assert vendor.sent == ["a"]
    assert booked(engine) == ["a Done"]


def test_a_worker_killed_between_call_and_booking_leaves_a_command_that_is_looked_up(
    engine, vendor
):
    put(engine, "a")
    with engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        message = outbox.begin(connection, "account:1", ["move"], NOW)
    outbox.ask(vendor, message, NOW)

    carry(engine, vendor, 2)

    assert vendor.sent == ["a"]
    assert statuses(engine) == {"a": "sent"}


def test_a_worker_that_lost_its_lock_in_the_middle_of_a_call_books_nothing_over_the_other(
    engine, vendor
):
    put(engine, "a")
    with engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        mine = outbox.begin(connection, "account:1", ["move"], NOW)
    carry(engine, vendor, 2)

    outbox.settle(engine, vendor, mine, Refused("a late answer"), NOW)

    assert statuses(engine) == {"a": "sent"}
    assert booked(engine) == ["a Done"]


def test_two_workers_never_carry_one_aggregate_at_once(engine, vendor):
    put(engine, "a", "b")
    inside, leave = threading.Event(), threading.Event()

    def holds_the_line() -> Outcome:
        inside.set()
        leave.wait(10)
        return Done()

    vendor.answers = [holds_the_line]
    slow = threading.Thread(target=carry, args=(engine, vendor))
    slow.start()
    inside.wait(10)

    assert not carry(engine, vendor, 3600)

    leave.set()
    slow.join()
    assert vendor.sent == ["a"]


def test_two_transactions_that_write_to_one_aggregate_commit_in_the_order_of_their_numbers(engine):
    done = []

    def second() -> None:
        put(engine, "second")
        done.append("second")

    with db.transaction(engine) as session:
        outbox.put(session, "move", aggregate="account:1", payload={"name": "first"}, now=NOW)
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
        assert done == []
    waiting.join()

    with db.transaction(engine) as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.seq))
        assert [row.payload["name"] for row in rows] == ["first", "second"]
