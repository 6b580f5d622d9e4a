"""The inbox loop: what arrives is stored raw first, then applied; effect and mark commit together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.errors import NotFound
from operational.messaging.attempt import attempt, is_final, next_try, reason
from operational.messaging.errors import NotParked
from operational.messaging.models import InboxMessage, RefusedCallback, RefusedSample
from operational.messaging.states import InboxStatus

WORKER = Actor.system("inbox")
SAMPLE_MAX = 100
SAMPLE_BYTES_MAX = 2_000
_SECRET = frozenset({"authorization", "cookie"})


@dataclass(frozen=True, slots=True)
class Refused:
    """A callback that was not believed, and why."""

    source: str
    why: str
    headers: Mapping[str, str]
    body: bytes


class Handler(Protocol):
    """Applies one message inside the transaction that marks it done."""

    def __call__(self, session: Session, message: InboxMessage, *, now: datetime) -> None: ...


def count_refused(
    session: Session, source: str, why: str, *, now: datetime, times: int = 1
) -> None:
    """Count callbacks that were not believed. Few are kept: anybody could fill the disk."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    counted = insert(RefusedCallback).values(source=source, day=day, reason=why, count=times)
    session.execute(
        counted.on_conflict_do_update(
            index_elements=["source", "day", "reason"],
            set_={"count": RefusedCallback.count + times},
        )
    )


def sample_refused(session: Session, refused: Refused, *, now: datetime) -> None:
    """Keep one that was not believed as it came, up to `SAMPLE_MAX` a day and source.

    Two doors that keep one at once may take one number: then one of the two is enough.
    """
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    of_day = select(func.count()).where(
        RefusedSample.source == refused.source, RefusedSample.day == day
    )
    number = 1 + (session.scalar(of_day) or 0)
    if number > SAMPLE_MAX:
        return
    kept = insert(RefusedSample).values(
        source=refused.source,
        day=day,
        number=number,
        reason=refused.why,
        headers={name: text for name, text in refused.headers.items() if name not in _SECRET},
        body=refused.body[:SAMPLE_BYTES_MAX],
        received_at=now,
    )
    session.execute(kept.on_conflict_do_nothing())


def process_one(engine: Engine, handlers: Mapping[str, Handler], now: datetime) -> bool:
    """Apply the message that waits longest. False if none is due.

    Its effect and its mark are one transaction. What fails is rolled back and, in a second
    transaction, put off or parked, so that a poison message blocks nobody.
    """
    claimed: list[UUID] = []

    def apply() -> None:
        with db.transaction(engine) as session:
            message = take(session, handlers, now)
            if message is None:
                return
            claimed.append(message.id)
            handlers[message.source](session, message, now=now)
            mark_done(message, now)

    error = attempt(apply, loop="inbox")
    if error and claimed:
        with db.transaction(engine) as session:
            put_off(session, claimed[0], error, now)
    elif error:
        raise error
    return bool(claimed)


def take(session: Session, sources: Collection[str], now: datetime) -> InboxMessage | None:
    """Lock the due message that waits longest; those other workers hold are skipped."""
    due = (
        select(InboxMessage)
        .where(InboxMessage.status == InboxStatus.NEW, InboxMessage.next_at <= now)
        .where(InboxMessage.source.in_(list(sources)))
        .order_by(InboxMessage.next_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.scalar(due)


def mark_done(message: InboxMessage, now: datetime) -> None:
    message.status = InboxStatus.DONE
    message.done_at = now
    message.error = None


def put_off(session: Session, message_id: UUID, error: Exception, now: datetime) -> None:
    """Count a failed try and wait, or park the message for a person."""
    message = session.get(InboxMessage, message_id, with_for_update=True)
    if message is None or message.status != InboxStatus.NEW:
        return
    message.attempts += 1
    message.error = reason(error)
    message.next_at = next_try(message.attempts, now)
    if is_final(error, message.attempts):
        message.status = InboxStatus.PARKED
        audit.record(
            session, Tag.INBOX_PARK, subject=message.id, actor=WORKER, now=now, reason=message.error
        )


def replay(session: Session, message_id: UUID, *, actor: Actor, now: datetime) -> InboxMessage:
    """Give a parked message another eight tries. The caller has checked `messages.replay`.

    Raises:
        NotFound: there is no such message.
        NotParked: it is not parked.
    """
    message = parked(session, message_id)
    put_back(message, now)

    audit.record(
        session, Tag.INBOX_REPLAY, subject=message.id, actor=actor, now=now, reason=message.error
    )
    return message


def put_back(message: InboxMessage, now: datetime) -> None:
    """Let the worker try a parked message again, as often as a new one."""
    message.status = InboxStatus.NEW
    message.attempts = 0
    message.next_at = now


def close(
    session: Session, message_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> InboxMessage:
    """Lay a parked message aside: nothing follows from it. The caller has checked `messages.close`.

    What came is kept as it came. Nobody can mend it here: what the PSP said wrong it says anew,
    under another id, and what we had wrong is put right and the message replayed.

    Raises:
        NotFound: there is no such message.
        NotParked: it is not parked.
    """
    message = parked(session, message_id)
    message.status = InboxStatus.CLOSED
    audit.record(session, Tag.INBOX_CLOSE, subject=message.id, actor=actor, now=now, reason=reason)
    return message


def parked(session: Session, message_id: UUID) -> InboxMessage:
    """The parked message with this id, locked.

    Raises:
        NotFound, NotParked.
    """
    message = session.get(InboxMessage, message_id, with_for_update=True)
    if message is None:
        raise NotFound(f"There is no message {message_id}.")
    if message.status != InboxStatus.PARKED:
        raise NotParked(f"Message {message_id} is {message.status}.")
    return message
