"""One writer at a time over all processes: an advisory lock that dies with its holder."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from operational.kit import db
from operational.kit.settings import Settings

# Any number no other part of the database locks on.
_KEY = 0x4B504C414B45


class WriterBusy(RuntimeError):
    """Another process is writing the lake."""


@contextmanager
def writer(settings: Settings) -> Iterator[None]:
    """Hold the lake for writing. A killed holder frees it with its connection.

    Raises:
        WriterBusy: another process holds it; try again when its pass is over.
    """
    address = db.url(settings, db.LAKE).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as session:
        if session.execute("select pg_try_advisory_lock(%s)", (_KEY,)).fetchone() != (True,):
            raise WriterBusy("another process is refreshing the lake")
        yield
