"""The outbox loop: commands to the outside, written with the change that asks for them.

A command is carried in three steps, each of which may be the last before a crash:

1. `begin`: in a transaction of its own, count the try. From here on the other side may have it.
2. Outside any transaction: look it up by our reference if it was begun before, else send it.
3. `settle`: effect and mark in one transaction.

Meanwhile a session lock on the aggregate keeps every other worker away from its later commands.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, Engine, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import db, ids
from operational.kit.actor import Actor
from operational.kit.errors import NotFound
from operational.messaging.answers import Done, Outcome, Refused, Unanswered
from operational.messaging.attempt import attempt, reason
from operational.messaging.errors import NotParked
from operational.messaging.models import OutboxMessage
from operational.messaging.states import OutboxStatus

WORKER = Actor.system("outbox")
DEADLINE = timedelta(hours=24)
CANDIDATES = 50
"""How many due commands to look at."""
BACK_OFF_SECONDS_MAX = 60
"""1, 2, 4 … 60: the first cure a hiccup, the last do not hammer a vendor that is down."""

_WRITERS, _CARRIERS = 1, 2
"""Name spaces of the two advisory locks on an aggregate."""


class Carrier(Protocol):
    """Takes the commands of one topic to the outside and books what came of them."""

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:
        """What the other side says of a command begun before; None if it never got it."""

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome: ...

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        """The effect of the outcome here, in the transaction that marks the command."""


def put(
    session: Session,
    topic: str,
    *,
    aggregate: str,
    payload: dict[str, Any],
    now: datetime,
    deadline: timedelta = DEADLINE,
) -> UUID:
    """Write a command. It leaves after the transaction commits, or never.

    Two transactions that write to one aggregate wait for each other here, so that the order of
    the numbers is the order of the commits.
    """
    _lock_writers(session, aggregate)
    identifier = ids.uuid7()
    session.execute(
        insert(OutboxMessage).values(
            id=identifier,
            topic=topic,
            aggregate=aggregate,
            payload=payload,
            next_at=now,
            deadline_at=now + deadline,
        )
    )
    return identifier


def carry(
    engine: Engine,
    carriers: Mapping[str, Carrier],
    clock: Callable[[], datetime],
    *,
    limit: int = CANDIDATES,
) -> int:
    """Carry what is due, one aggregate after the other; return how many commands were carried.

    Args:
        engine: two connections are used at a time.
        carriers: by topic; commands of other topics are left alone, and hold up their aggregate.
        clock: read anew for each command, for a vendor may take its time.
        limit: when to come back.
    """
    count = 0
    with engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        for aggregate in due(connection, carriers, clock()):
            with aggregate_lock(connection, aggregate) as is_ours:
                while is_ours and count < limit:
                    now = clock()
                    message = begin(connection, aggregate, carriers, now)
                    if message is None:
                        break
                    outcome = ask(carriers[message.topic], message, now)
                    settle(engine, carriers[message.topic], message, outcome, now)
                    count += 1
    return count


def due(connection: Connection, topics: Collection[str], now: datetime) -> list[str]:
    """Aggregates with a command whose time has come, the one that waits longest first.

    Only the head of the queue is looked at, so that a look costs the same however long it is.
    Commands behind one in doubt do not fill it: they wait as long as that one (`_hold_back`).
    """
    head = (
        select(OutboxMessage.aggregate)
        .where(OutboxMessage.status == OutboxStatus.PENDING, OutboxMessage.next_at <= now)
        .where(OutboxMessage.topic.in_(list(topics)))
        .order_by(OutboxMessage.next_at)
        .limit(CANDIDATES)
    )
    return list(dict.fromkeys(connection.scalars(head)))


@contextmanager
def aggregate_lock(connection: Connection, aggregate: str) -> Iterator[bool]:
    """Try to keep other workers from an aggregate; a killed worker's lock ends with its connection."""
    names = {"space": _CARRIERS, "aggregate": aggregate}
    is_ours = connection.scalar(
        text("select pg_try_advisory_lock(:space, hashtext(:aggregate))"), names
    )
    try:
        yield bool(is_ours)
    finally:
        if is_ours:
            connection.execute(
                text("select pg_advisory_unlock(:space, hashtext(:aggregate))"), names
            )


def begin(
    connection: Connection, aggregate: str, topics: Collection[str], now: datetime
) -> OutboxMessage | None:
    """Count the next try of an aggregate's first command before it is made. None if it must wait.

    The count of the tries *before* this one is what decides between asking and sending.
    """
    first = (
        select(OutboxMessage.id)
        .where(OutboxMessage.aggregate == aggregate, OutboxMessage.status == OutboxStatus.PENDING)
        .order_by(OutboxMessage.seq)
        .limit(1)
    )
    wait_seconds = func.least(func.power(2, OutboxMessage.attempts), BACK_OFF_SECONDS_MAX)
    counted = (
        update(OutboxMessage)
        .where(OutboxMessage.id == first.scalar_subquery(), OutboxMessage.next_at <= now)
        .where(OutboxMessage.topic.in_(list(topics)))
        .values(
            attempts=OutboxMessage.attempts + 1,
            next_at=now + func.make_interval(0, 0, 0, 0, 0, 0, wait_seconds),
        )
        .returning(OutboxMessage)
    )
    # On this connection every statement is a transaction of its own.
    with Session(connection, expire_on_commit=False) as session:
        message = session.scalar(counted, execution_options={"synchronize_session": False})
        session.expunge_all()
        return message


def ask(carrier: Carrier, message: OutboxMessage, now: datetime) -> Outcome:
    """Look the command up if it was begun before, and send it if the other side has it not."""
    found: list[Outcome] = []

    def call() -> None:
        known = carrier.find(message, now=now) if message.attempts > 1 else None
        found.append(known or carrier.send(message, now=now))

    error = attempt(call, loop="outbox", topic=message.topic)
    return Unanswered(reason(error)) if error else found[0]


def settle(
    engine: Engine, carrier: Carrier, message: OutboxMessage, outcome: Outcome, now: datetime
) -> None:
    """Mark the command and book the outcome, in one transaction.

    A booking that fails leaves the command pending: the next try finds it on the other side.
    """

    def book() -> None:
        with db.transaction(engine) as session:
            if mark(session, message, outcome, now):
                carrier.book(session, message, outcome, now=now)

    error = attempt(book, loop="outbox", topic=message.topic)
    if error:
        with db.transaction(engine) as session:
            mark(session, message, Unanswered(reason(error)), now)


def mark(session: Session, message: OutboxMessage, outcome: Outcome, now: datetime) -> bool:
    """Write the outcome on the command.

    False if the command went on without us: whoever lost the aggregate's lock with its
    connection, in the middle of a call, must not book what another worker has found since.
    """
    is_given_up = message.deadline_at <= now
    values: dict[str, Any] = {"error": None, "sent_at": now}
    match outcome:
        case Done():
            values |= {"status": OutboxStatus.SENT}
        case Refused(why):
            values |= {"status": OutboxStatus.REFUSED, "error": why}
        case Unanswered(why):
            status = OutboxStatus.PARKED if is_given_up else OutboxStatus.PENDING
            values = {"status": status, "error": why}
    marked = session.scalar(
        update(OutboxMessage)
        .where(OutboxMessage.id == message.id, OutboxMessage.status == OutboxStatus.PENDING)
        .where(OutboxMessage.attempts == message.attempts)
        .values(**values)
        .returning(OutboxMessage.id),
        execution_options={"synchronize_session": False},
    )
    if marked and isinstance(outcome, Unanswered):
        _hold_back(session, message)
        if is_given_up:
            audit.record(
                session,
                Tag.OUTBOX_PARK,
                subject=message.id,
                actor=WORKER,
                now=now,
                reason=outcome.reason,
            )
    return marked is not None


def replay(session: Session, message_id: UUID, *, actor: Actor, now: datetime) -> OutboxMessage:
    """Take up a parked command again; it is looked up first. The caller checked `messages.replay`.

    Raises:
        NotFound: there is no such command.
        NotParked: it is not parked.
    """
    message = _parked(session, message_id)
    message.status = OutboxStatus.PENDING
    message.next_at = now
    message.deadline_at = now + DEADLINE

    audit.record(
        session, Tag.OUTBOX_REPLAY, subject=message.id, actor=actor, now=now, reason=message.error
    )
    return message


def close(
    session: Session, message_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> OutboxMessage:
    """Carry a parked command no more. The caller has checked `messages.close`.

    The outside may have it all the same: whoever closes it has looked there.

    Raises:
        NotFound: there is no such command.
        NotParked: it is not parked.
    """
    message = _parked(session, message_id)
    message.status = OutboxStatus.CLOSED
    audit.record(session, Tag.OUTBOX_CLOSE, subject=message.id, actor=actor, now=now, reason=reason)
    return message


def _parked(session: Session, message_id: UUID) -> OutboxMessage:
    message = session.get(OutboxMessage, message_id, with_for_update=True)
    if message is None:
        raise NotFound(f"There is no command {message_id}.")
    if message.status != OutboxStatus.PARKED:
        raise NotParked(f"Command {message_id} is {message.status}.")
    return message


def _lock_writers(session: Session, aggregate: str) -> None:
    session.execute(
        text("select pg_advisory_xact_lock(:space, hashtext(:aggregate))"),
        {"space": _WRITERS, "aggregate": aggregate},
    )


def _hold_back(session: Session, message: OutboxMessage) -> None:
    """Let the later commands of the aggregate wait as long as this one."""
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.aggregate == message.aggregate, OutboxMessage.seq > message.seq)
        .where(OutboxMessage.status == OutboxStatus.PENDING)
        .where(OutboxMessage.next_at < message.next_at)
        .values(next_at=message.next_at)
    )
