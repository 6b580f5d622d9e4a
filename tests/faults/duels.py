"""Two sessions that begin the same verb at the same moment, subject after subject.

A section's planted bug is the product itself with that section's guards taken away: row locks and
advisory locks cut out of its statements as they leave, constraints dropped, a clause cut out of one
of the ledger's functions. Nothing of a verb is written again here.
"""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, event
from sqlalchemy.orm import Session

from operational.kit import db
from operational.kit.errors import DomainError
from tests.conftest import Database

WAIT_SECONDS = 60

Verb = Callable[[Session, Any, int], object]
Refusals = tuple[type[Exception], ...]

LOCKS = (
    (re.compile(r"\s+FOR (NO KEY )?UPDATE\b"), ""),
    (re.compile(r"^select pg_advisory_xact_lock\(.*\)$", re.DOTALL), "select 1"),
)
"""What makes the second of two wait, in any statement of the product."""


@dataclass(frozen=True)
class Guards:
    """What keeps two sessions apart in one section, and is taken away to plant the bug."""

    statements: Sequence[tuple[re.Pattern[str], str]] = ()
    """Cut out of the application's own SQL."""
    schema: Sequence[str] = ()
    """Statements that drop constraints and triggers."""
    functions: Sequence[tuple[str, str]] = ()
    """A function of the ledger, and the text cut out of it."""

    def lower(self, database: Database) -> Engine:
        """Take the guards away in a database of this test's own."""
        database.may_be_wrong = True
        with create_engine(database.admin_url, poolclass=NullPool).begin() as owner:
            # Without its locks a verb may run into its twin; that need not take a second to be seen.
            name = database.admin_url.database
            owner.exec_driver_sql(f"alter database {name} set deadlock_timeout = '20ms'")
            for statement in self.schema:
                owner.exec_driver_sql(statement)
            for function, clause in self.functions:
                query = "select pg_get_functiondef(%s::regproc)"
                (source,) = owner.exec_driver_sql(query, (function,)).one()
                assert clause in source, f"{function} has no {clause!r}"
                owner.exec_driver_sql(source.replace(clause, "").replace("%", "%%"))
        engine = database.engine(db.WORKER)
        event.listen(engine, "before_cursor_execute", self._cut, retval=True)
        return engine

    def _cut(self, _c: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        for pattern, instead in self.statements:
            sql = pattern.sub(instead, sql)
        return sql, parameters


@dataclass(frozen=True)
class Section:
    """One check-then-act of the product."""

    prepare: Callable[[Session, int], Sequence[Any]]
    """So many subjects, in bulk."""
    verb: Verb
    guards: Guards
    allowed: int = 1
    """How many of two may do it."""
    wrong: str = "select 0"
    """SQL that counts what must not be there afterwards."""
    between: str = ""
    """SQL after each duel, for subjects that are used again."""


def anomalies(
    engine: Engine, section: Section, rounds: int, refusals: Refusals = (DomainError,)
) -> int:
    """Fight that many duels: how often too many or too few got through, and what is wrong afterwards.

    Whatever is no refusal is raised.
    """
    with db.transaction(engine) as session:
        subjects = section.prepare(session, rounds)
    assert len(subjects) == rounds
    passed = fight(engine, section, subjects, refusals)
    with engine.connect() as connection:
        wrong: int = connection.exec_driver_sql(section.wrong).scalar_one()
    return sum(count != section.allowed for count in passed) + wrong


def fight(
    engine: Engine, section: Section, subjects: Sequence[Any], refusals: Refusals
) -> list[int]:
    """How many of the two were allowed to do it, by subject."""
    barrier = threading.Barrier(2)

    def duel(number: int) -> Iterator[bool]:
        with engine.connect() as connection:
            for subject in subjects:
                barrier.wait(WAIT_SECONDS)
                try:
                    with Session(connection, expire_on_commit=False) as session, session.begin():
                        section.verb(session, subject, number)
                    yield True
                except refusals:
                    yield False
                if section.between:
                    barrier.wait(WAIT_SECONDS)
                    if number == 0:
                        with connection.begin():
                            connection.exec_driver_sql(section.between)

    def one(number: int) -> list[bool]:
        try:
            return list(duel(number))
        except BaseException:
            # The other one must not wait for ever.
            barrier.abort()
            raise

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(one, number) for number in range(2)]
    errors = [future.exception() for future in running]
    for error in sorted(
        filter(None, errors), key=lambda e: isinstance(e, threading.BrokenBarrierError)
    ):
        raise error
    return [sum(pair) for pair in zip(*(future.result() for future in running), strict=True)]
