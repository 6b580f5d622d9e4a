"""Where callbacks are stored: one thread commits for everybody who waits at that moment.

A commit waits for the disk. With one per callback the disk sets the pace; here the next commit
takes all that arrived during the last, and each sender is answered after its own commit.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from queue import SimpleQueue
from threading import Thread

from sqlalchemy import Connection, Engine

from operational.kit import db
from operational.messaging import arrivals, inbox
from operational.messaging.arrivals import Arrived
from operational.messaging.attempt import attempt
from operational.messaging.inbox import Refused

BATCH_MAX = 200
TRIES_MAX = 2


class NotStored(Exception):
    """The database did not take the message; the sender must send it again."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """What one request brought, and who waits for it."""

    messages: Sequence[Arrived]
    loop: asyncio.AbstractEventLoop
    stored: asyncio.Future[None]


class Mailroom:
    """The thread and its queue. Open from `start` to `close`."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock
        self._queue: SimpleQueue[_Letter | Refused | None] = SimpleQueue()
        self._connection: Connection | None = None
        self._thread = Thread(target=self._work, name="mailroom", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether somebody is there to store what arrives."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Store what has arrived, then stop."""
        self._queue.put(None)
        self._thread.join()

    async def store(self, messages: Sequence[Arrived]) -> None:
        """Return when the messages are committed.

        Raises:
            NotStored: they are not.
        """
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()
        self._queue.put(_Letter(messages, loop, stored))
        await stored

    def refuse(self, refused: Refused) -> None:
        """Count a callback that was not believed, and keep a sample; nobody waits for it."""
        self._queue.put(refused)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch: list[_Letter | Refused | None] = [first]
            while len(batch) < BATCH_MAX and not self._queue.empty():
                batch.append(self._queue.get())
            # Whatever one batch may hold, the next one finds somebody here.
            attempt(partial(self._deal_with, batch), loop="mailroom")
            if batch[-1] is None:
                break
        self._hang_up()

    def _deal_with(self, batch: Sequence[_Letter | Refused | None]) -> None:
        self._store([letter for letter in batch if isinstance(letter, _Letter)])
        self._count([one for one in batch if isinstance(one, Refused)])

    def _store(self, letters: list[_Letter]) -> None:
        if letters and self._try(letters):
            _answer(letters, None)
            return
        # One bad message must not hold up the others: each on its own.
        for letter in letters:
            _answer([letter], None if self._try([letter]) else NotStored())

    def _try(self, letters: list[_Letter]) -> bool:
        """Whether they are stored; a connection that broke is made anew, and they are sent again."""
        messages = [message for letter in letters for message in letter.messages]

        def store() -> None:
            arrivals.store(self._connected(), messages, now=self._clock())

        for _ in range(TRIES_MAX):
            if attempt(store, loop="mailroom") is None:
                return True
            self._hang_up()
        return False

    def _count(self, refused: list[Refused]) -> None:
        if not refused:
            return
        with db.transaction(self._engine) as session:
            counted = Counter((one.source, one.why) for one in refused)
            for (source, why), times in counted.items():
                inbox.count_refused(session, source, why, now=self._clock(), times=times)
            for one in refused:
                inbox.sample_refused(session, one, now=self._clock())

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = self._engine.connect()
            self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def _answer(letters: list[_Letter], error: NotStored | None) -> None:
    """Wake those who wait, on their own loop."""

    def wake() -> None:
        for letter in letters:
            if letter.stored.done():
                continue
            if error:
                letter.stored.set_exception(error)
            else:
                letter.stored.set_result(None)

    letters[0].loop.call_soon_threadsafe(wake)
