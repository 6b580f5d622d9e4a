"""W5: every committed command is published, none before its commit, in order per aggregate."""

import random
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial

import psycopg
import pytest
from sqlalchemy import text

from operational.kit import db
from operational.kit.clock import utc_now
from operational.messaging import outbox
from tests.faults.processes import Crew, start, wait_until
from tests.messaging import publisher

WRITERS = 20
PER_TRANSACTION = 25
KILLS = 30
PUBLISHERS = 2


@pytest.fixture
def outside(database):
    """A database with a table that plays whoever hears the commands."""
    plain = database.admin_url.set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False)) as connection:
        connection.execute(publisher.OUTSIDE)
    return database


def say(session: db.Session, name: str, aggregate: str = "own:0") -> None:
    outbox.put(session, "event", aggregate=aggregate, payload={"event": name}, now=utc_now())


@dataclass
class Writers:
    """Twenty writers whose transactions take 0 to 200 ms before they end, one in ten badly."""

    database: object
    seed: int
    events: int
    committed: set[str] = field(default_factory=set)
    rolled_back: set[str] = field(default_factory=set)

    def run(self) -> None:
        threads = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _write(self, writer: int) -> None:
        dice = random.Random(f"{self.seed}-{writer}")
        engine = self.database.engine(db.API)
        for first in range(0, self.events, PER_TRANSACTION):
            # Half of the commands are for what this writer shares with another.
            aggregate = f"pair:{writer // 2}" if dice.random() < 0.5 else f"own:{writer}"
            names = [f"{writer}-{first + n}" for n in range(PER_TRANSACTION)]
            with db.Session(engine) as session:
                for name in names:
                    say(session, name, aggregate)
                time.sleep(dice.random() * 0.2)
                if dice.random() < 0.1:
                    session.rollback()
                    self.rolled_back.update(names)
                else:
                    session.commit()
                    self.committed.update(names)


def nothing_waits(database) -> bool:
    with database.engine(db.WORKER).connect() as connection:
        waiting = "select exists (select from messaging.outbox where status = 'pending')"
        return not connection.scalar(text(waiting))


def heard(database) -> list[str]:
    with database.engine(db.WORKER).connect() as connection:
        return list(connection.scalars(text("select event from outside.heard order by id")))


def per_aggregate(database, table: str) -> dict[str, list[str]]:
    """What was written, or first heard, for each aggregate, in order."""
    orders = {
        "written": "select aggregate, payload ->> 'event' from messaging.outbox order by seq",
        "heard": "select aggregate, event from outside.heard order by id",
    }
    found: dict[str, list[str]] = defaultdict(list)
    with database.engine(db.WORKER).connect() as connection:
        for aggregate, event in connection.execute(text(orders[table])):
            if event not in found[aggregate]:
                found[aggregate].append(event)
    return found


def crew(database, dice: random.Random, role, count: int) -> Crew:
    address = database.url(db.WORKER).render_as_string(hide_password=False)
    return Crew(dice, [partial(start, role, address)] * count)


def test_every_committed_command_is_published_in_order_whoever_is_killed(outside):
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - to repeat a red run
    dice = random.Random(seed)
    writers = Writers(outside, seed, events=500)
    writing = threading.Thread(target=writers.run)
    with crew(outside, dice, publisher.publish, PUBLISHERS) as publishers:
        writing.start()
        while publishers.kill_count < KILLS or writing.is_alive():
            time.sleep(dice.random() * 0.5)
            publishers.kill_one()
        writing.join()
        wait_until(partial(nothing_waits, outside), "all published", seconds=300, pause=0.5)

    assert set(heard(outside)) == writers.committed
    assert not set(heard(outside)) & writers.rolled_back
    assert per_aggregate(outside, "heard") == per_aggregate(outside, "written")


def test_a_publisher_that_trusts_the_last_number_it_saw_loses_commands(outside):
    """The planted bug: numbers are taken before commit, so a slow transaction hides behind one."""
    engine = outside.engine(db.API)
    with crew(outside, random.Random(), publisher.publish_by_cursor, 1):
        with db.Session(engine) as slow:
            say(slow, "slow", "own:1")
            slow.flush()
            with db.transaction(engine) as quick:
                say(quick, "quick")
            wait_until(lambda: heard(outside) == ["quick"], "the quick one is heard")
            slow.commit()
        with db.transaction(engine) as later:
            say(later, "later")
        wait_until(lambda: "later" in heard(outside), "the later one is heard")

    assert heard(outside) == ["quick", "later"]
