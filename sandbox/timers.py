"""What happens by the passing of time, on the stand-in's own clock."""

from collections.abc import Callable
from datetime import timedelta

from sandbox.clock import Clock, moment, travel
from sandbox.store import Store


class Timers:
    """At most one timer per subject. They stand still while the clock is pinned."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def set(self, subject: str, after: timedelta) -> None:
        due = (self._clock.now() + after).isoformat()
        with self._store.transaction() as db:
            db.execute("insert or replace into timers values (?, ?)", (subject, due))

    def clear(self, subject: str) -> None:
        with self._store.transaction() as db:
            db.execute("delete from timers where subject = ?", (subject,))

    def run(self, on_timer: Callable[[str], None]) -> None:
        """Fire what is due, in order, each at the time it was due; a firing may set the next."""
        while found := self._store.rows(
            "select subject, due from timers where due <= ? order by due limit 1",
            self._clock.now().isoformat(),
        ):
            with self._store.transaction() as db, travel(moment(found[0]["due"])):
                db.execute("delete from timers where subject = ?", (found[0]["subject"],))
                on_timer(found[0]["subject"])
