"""One key, one effect, one answer, for ever."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from operational.kit import db
from operational.kit.errors import Conflict, DomainError, InvalidInput
from operational.messaging.errors import IdempotencyKeyReused, IdempotencyKeyUnsound, InProgress
from operational.messaging.idempotency import Answer, answer_once
from operational.messaging.models import IdempotentAnswer, InboxMessage
from tests.messaging.letters import receive

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class TooPoor(DomainError):
    code = "too_poor"


@pytest.fixture
def engine(database) -> Iterator[Engine]:
    return database.engine(db.API)


def refuse(refusal: DomainError) -> Answer:
    return Answer(409, refusal.code.encode())


def ask(
    engine: Engine,
    work: Callable[[Session], Answer],
    *,
    key: str = "k",
    body: bytes = b"{}",
    principal: str = "lena",
    request: str = "POST /deposits",
) -> Answer:
    """One request: its own transaction, committed before the answer is believed."""
    with db.transaction(engine) as session:
        return answer_once(
            session,
            principal,
            key,
            request=request,
            body=body,
            work=lambda: work(session),
            refuse=refuse,
        )


def effect(session: Session) -> Answer:
    count = session.scalar(select(func.count()).select_from(InboxMessage)) or 0
    receive(session, "effect", str(count), b"", now=NOW)
    return Answer(201, f"effect {count}".encode())


def effects(engine: Engine) -> int:
    with db.transaction(engine) as session:
        return session.scalar(select(func.count()).select_from(InboxMessage)) or 0


def test_a_repeated_request_gets_the_first_answer_to_the_byte_and_no_second_effect(engine):
    answers = [ask(engine, effect) for _ in range(3)]

    assert answers == [Answer(201, b"effect 0")] * 3
    assert effects(engine) == 1


@pytest.mark.parametrize("other", [{"body": b'{"amount": "1"}'}, {"request": "POST /withdrawals"}])
def test_a_key_used_for_another_request_is_refused(engine, other):
    ask(engine, effect)

    with pytest.raises(IdempotencyKeyReused):
        ask(engine, effect, **other)
    assert effects(engine) == 1


def test_the_same_key_of_another_person_is_another_key(engine):
    ask(engine, effect)
    ask(engine, effect, principal="omar")

    assert effects(engine) == 2


def test_a_refusal_stays_a_refusal_and_its_half_done_work_is_undone(engine):
    def refused(session: Session) -> Answer:
        effect(session)
        raise TooPoor("Not enough money.")

    assert ask(engine, refused) == Answer(409, b"too_poor")
    assert ask(engine, effect) == Answer(409, b"too_poor")
    assert effects(engine) == 0


@pytest.mark.parametrize("error", [InvalidInput("no"), Conflict("busy"), RuntimeError("bug")])
def test_bad_input_a_conflict_and_a_bug_are_no_answers_and_may_be_tried_again(engine, error):
    def fails(session: Session) -> Answer:
        effect(session)
        raise error

    with pytest.raises(type(error)):
        ask(engine, fails)

    assert ask(engine, effect) == Answer(201, b"effect 0")
    assert effects(engine) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\nb"])
def test_a_key_that_is_no_key_is_refused(engine, key):
    with pytest.raises(IdempotencyKeyUnsound):
        ask(engine, effect, key=key)


def test_fifty_parallel_requests_with_one_key_have_one_effect_and_one_answer(engine):
    barrier, answers = threading.Barrier(50), []

    def one() -> None:
        barrier.wait()
        for _ in range(20):
            try:
                answers.append(ask(engine, effect))
            except InProgress:
                continue
            return

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [Answer(201, b"effect 0")] * 50
    assert effects(engine) == 1


def test_a_twin_of_a_request_that_takes_too_long_is_told_to_come_back(engine):
    def impatient(session: Session) -> Answer:
        session.execute(text("set local lock_timeout = '50ms'"))
        return answer_once(
            session,
            "lena",
            "k",
            request="POST /deposits",
            body=b"",
            work=lambda: effect(session),
            refuse=refuse,
        )

    with db.transaction(engine) as first, Session(engine) as twin:
        first.add(IdempotentAnswer(principal="lena", key="k", request="", body_sha256=b""))
        first.flush()
        with pytest.raises(InProgress):
            impatient(twin)
