"""People reading while the lake is refreshed, each in a process of their own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Self

from lake import connection, publication
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

Reader = Callable[[Settings], AbstractContextManager[Any]]


@contextmanager
def unpinned(settings: Settings) -> Iterator[Any]:
    """The planted bug: a reader that looks at the lake as it is this instant."""
    with connection.write(settings) as lake:
        yield lake


READERS: dict[str, Reader] = {"pinned": publication.read, "unpinned": unpinned}


def _read(settings: Settings, kind: str, stop: Any, found: Any) -> None:
    answers, errors = [], []
    while not stop.wait(PAUSE_SECONDS):
        try:
            with READERS[kind](settings) as lake:
                for _ in range(5):
                    answers.append(lake.execute(_QUESTION).fetchone())  # noqa: PERF401 - may raise
        except Exception as error:  # noqa: BLE001 - whatever a reader meets is the finding
            errors.append(repr(error))
    found.put((answers, errors))


class Readers:
    """Some readers at work, and what they saw."""

    def __init__(self, settings: Settings, kind: str, number: int) -> None:
        self._stop = CONTEXT.Event()
        self._found = CONTEXT.Queue()
        self._processes = [
            CONTEXT.Process(target=_read, args=(settings, kind, self._stop, self._found))
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
        self.answers = [answer for answers, _ in found for answer in answers]
        self.errors = [error for _, errors in found for error in errors]
