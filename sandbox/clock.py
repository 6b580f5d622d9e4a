"""The stand-in's time: the real one, a pinned one, or the one a request travels to."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

from operational.kit.clock import utc_now
from sandbox.store import Store

When = Annotated[str, AfterValidator(lambda text: moment(text).isoformat())]
"""Epoch seconds or ISO 8601, checked; kept as ISO 8601."""

_travelled: ContextVar[datetime | None] = ContextVar("travelled", default=None)


def moment(text: str) -> datetime:
    """Read epoch seconds or an ISO 8601 time; without a zone it is UTC.

    Raises:
        ValueError: neither of the two.
    """
    if text.lstrip("-").isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


@contextmanager
def travel(at: datetime | None) -> Iterator[None]:
    """Let everything inside happen at another time. Without one, nothing changes."""
    if at is None:
        yield
        return
    token = _travelled.set(at)
    try:
        yield
    finally:
        _travelled.reset(token)


class Clock:
    """Tells the time; a pinned time is remembered over restarts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        pinned = store.recall("clock")
        self.pinned = moment(pinned) if pinned else None

    def now(self) -> datetime:
        return _travelled.get() or self.pinned or utc_now()

    def epoch(self) -> int:
        return int(self.now().timestamp())

    def pin(self, at: datetime | None) -> None:
        """Stop at a time, or run again."""
        self.pinned = at
        self._store.remember("clock", at.isoformat() if at else "")
