"""People reading while the lake is refreshed, each in a process of their own."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from lake import connection, publication
from lake.publication import Publication
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from tests.forked import CONTEXT

# One answer from three marts that are built one after another: in a half-built lake they disagree.
_QUESTION = """
select
    (select count(*) from lake.marts.fct_payments),
    (select sum(deposit_attempt_count)::bigint from lake.marts.fct_daily_kpis),
    (select sum(deposit_count)::bigint from lake.marts.dim_clients)
"""

PAUSE_SECONDS = 0.1
"""Two people, not two mills: they leave the cores to the refresh they watch."""

VISIBLE = timedelta(seconds=2)
"""So soon after a publication nobody is shown the one before."""


@dataclass(frozen=True)
class Reading:
    """What one reader saw, of which snapshot, asking when."""

    began_at: datetime
    snapshot: int
    answer: tuple[int, ...]


def pinned(settings: Settings, snapshot: int) -> AbstractContextManager[Any]:
    return connection.read_at(settings, snapshot)


def unpinned(settings: Settings, _: int) -> AbstractContextManager[Any]:
    """The planted bug: a reader that looks at the lake as it is this instant."""
    return connection.write(settings)


def read(settings: Settings, way: Any = pinned) -> Reading:
    """Ask for the pointer, then the question."""
    began_at = utc_now()
    snapshot = publication.current(settings).published.snapshot
    with way(settings, snapshot) as lake:
        return Reading(began_at, snapshot, lake.execute(_QUESTION).fetchone())


def faults(
    settings: Settings, published: Iterable[Publication], readings: Iterable[Reading]
) -> list[str]:
    """Readings that are no published answer, or one that was out of date when it was given."""
    moments = sorted((one.decided_at, one.snapshot) for one in published)
    answers = {}
    for _, snapshot in moments:
        with connection.read_at(settings, snapshot) as lake:
            answers[snapshot] = lake.execute(_QUESTION).fetchone()
    found = []
    for reading in readings:
        due = [snapshot for at, snapshot in moments if at + VISIBLE <= reading.began_at]
        if reading.answer != answers.get(reading.snapshot):
            found.append(f"torn or unpublished: {reading}")
        elif due and reading.snapshot < due[-1]:
            found.append(f"out of date, snapshot {due[-1]} was published: {reading}")
    return found


def _read(settings: Settings, stop: Any, found: Any) -> None:
    readings, errors = [], []
    while not stop.wait(PAUSE_SECONDS):
        try:
            readings.append(read(settings))
        except Exception as error:  # noqa: BLE001 - whatever a reader meets is the finding
            errors.append(repr(error))
    found.put((readings, errors))


class Readers:
    """Some readers at work, and what they saw."""

    def __init__(self, settings: Settings, number: int) -> None:
        self._stop = CONTEXT.Event()
        self._found = CONTEXT.Queue()
        self._processes = [
            CONTEXT.Process(target=_read, args=(settings, self._stop, self._found))
            for _ in range(number)
        ]

    def __enter__(self) -> Self:
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        found = [self._found.get(timeout=60) for _ in self._processes]
        for process in self._processes:
            process.join()
        self.readings = [reading for readings, _ in found for reading in readings]
        self.errors = [error for _, errors in found for error in errors]
