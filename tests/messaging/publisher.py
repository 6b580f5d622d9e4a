"""Publishers to be killed: they carry commands into a table that plays the outside."""

import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, make_url, text
from sqlalchemy.orm import Session

from operational.kit import db
from operational.kit.clock import utc_now
from operational.messaging import outbox
from operational.messaging.answers import Done, Outcome
from operational.messaging.models import OutboxMessage

OUTSIDE = """
create schema outside;
create table outside.heard (
    id bigint generated always as identity primary key, event text not null, aggregate text not null
);
create index heard_event on outside.heard (event);
create table outside.cursor (seen bigint not null);
insert into outside.cursor values (0);
grant usage on schema outside to kingpost_app;
grant all on all tables in schema outside to kingpost_app;
"""

_SAY = text("insert into outside.heard (event, aggregate) values (:event, :aggregate)")
_HEARD = text("select 1 from outside.heard where event = :event")


@dataclass(frozen=True, slots=True)
class Outside:
    """Plays the other side: what reaches it is written down at once, whatever becomes of us."""

    connection: Connection

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:
        return Done() if self.connection.execute(_HEARD, message.payload).first() else None

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome:
        self.connection.execute(_SAY, message.payload | {"aggregate": message.aggregate})
        return Done()

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        pass


def publish(address: str) -> None:
    """The product's own loop, until killed."""
    engine = db.engine_at(make_url(address), pool_size=2)
    with engine.connect() as plain:
        outside = Outside(plain.execution_options(isolation_level="AUTOCOMMIT"))
        while True:
            if not outbox.carry(engine, {"event": outside}, utc_now):
                time.sleep(0.01)


def publish_by_cursor(address: str) -> None:
    """The planted bug: whatever is behind the last number seen is taken for published."""
    engine = db.engine_at(make_url(address), pool_size=2)
    with engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        while True:
            seen = connection.scalar(text("select seen from outside.cursor"))
            rows = connection.execute(
                text("select seq, aggregate, payload from messaging.outbox where seq > :seen"),
                {"seen": seen},
            ).all()
            for row in rows:
                connection.execute(_SAY, row.payload | {"aggregate": row.aggregate})
            last = max((row.seq for row in rows), default=seen)
            connection.execute(text("update outside.cursor set seen = :last"), {"last": last})
            time.sleep(0.01)
