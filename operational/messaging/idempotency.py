"""One key, one effect, one answer, for ever."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from operational.kit.errors import Conflict, DomainError, InvalidInput
from operational.messaging.errors import IdempotencyKeyReused, IdempotencyKeyUnsound, InProgress
from operational.messaging.models import IdempotentAnswer

KEY_CHARACTERS_MAX = 255
LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller was told: an HTTP status and the exact bytes."""

    status: int
    body: bytes


def answer_once(
    session: Session,
    principal: str,
    key: str,
    *,
    request: str,
    body: bytes,
    work: Callable[[], Answer],
    refuse: Callable[[DomainError], Answer],
) -> Answer:
    """Do `work` once per principal and key, and give every repetition the first one's answer.

    The key's row commits with the work's effect. A business refusal is an answer too and stays
    refused, even if the reason has gone since. What was wrong with the request itself, and a
    conflict that a retry may win, is raised and stored nowhere.

    Args:
        session: the request's transaction; the caller commits it whatever the answer's status is.
        principal: whose key it is; another's same key is another key.
        key: the client's Idempotency-Key.
        request: method and path.
        body: the raw request body.
        work: the money endpoint's own work, in this transaction.
        refuse: how a refusal looks as an answer.

    Raises:
        IdempotencyKeyUnsound: see `check_key`.
        IdempotencyKeyReused: the key came with another request before.
        InProgress: a twin is still at work after 5 s.
    """
    check_key(key)
    sha256 = hashlib.sha256(body).digest()

    if not claim(session, principal, key, request, sha256):
        return replay(session, principal, key, request, sha256)

    answer = do(session, work, refuse)
    remember(session, principal, key, answer)
    return answer


def check_key(key: str) -> None:
    """See that it can be a key.

    Raises:
        IdempotencyKeyUnsound: it is empty, longer than 255 characters or not printable ASCII.
    """
    if not (0 < len(key) <= KEY_CHARACTERS_MAX and key.isascii() and key.isprintable()):
        raise IdempotencyKeyUnsound("Idempotency-Key is 1 to 255 printable ASCII characters.")


def claim(session: Session, principal: str, key: str, request: str, sha256: bytes) -> bool:
    """Take the key. A parallel twin waits here, on the unique index, until the first one ends."""
    row = insert(IdempotentAnswer).values(
        principal=principal, key=key, request=request, body_sha256=sha256
    )
    taken = row.on_conflict_do_nothing().returning(IdempotentAnswer.key)
    try:
        return session.scalar(taken) is not None
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise InProgress("The first request with this key is still being answered.") from error
        raise


def do(
    session: Session, work: Callable[[], Answer], refuse: Callable[[DomainError], Answer]
) -> Answer:
    """The work's answer, or its refusal with every trace of the work undone."""
    try:
        with session.begin_nested():
            return work()
    except (Conflict, InvalidInput):
        raise
    except DomainError as refusal:
        return refuse(refusal)


def remember(session: Session, principal: str, key: str, answer: Answer) -> None:
    """Write the answer onto the claimed key."""
    session.flush()
    row = session.get_one(IdempotentAnswer, (principal, key))
    row.status, row.answer = answer.status, answer.body


def replay(session: Session, principal: str, key: str, request: str, sha256: bytes) -> Answer:
    """The answer the first request with this key got."""
    row = session.scalars(
        select(IdempotentAnswer).where(
            IdempotentAnswer.principal == principal, IdempotentAnswer.key == key
        )
    ).one()
    if (row.request, row.body_sha256) != (request, sha256):
        raise IdempotencyKeyReused("This Idempotency-Key came with another request before.")
    assert row.status is not None
    assert row.answer is not None
    return Answer(row.status, row.answer)
