"""Rows of an export as they are read: in one spelling, in rising order, the rest set aside."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from operational.audit.leaf import DOCUMENTS, FIELDS, canonical

EVENTS_NAME = "events.jsonl"

_FIELDS = frozenset(FIELDS)
_TEXTS = _FIELDS.difference(DOCUMENTS)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and the rows it is about, where rows can be named."""

    sentence: str
    first_seq: int | None = None
    last_seq: int | None = None

    def __str__(self) -> str:
        return f"{self.sentence[0].upper()}{self.sentence[1:]}."


@dataclass(frozen=True, slots=True)
class Row:
    """One event at its place."""

    seq: int
    event: dict[str, Any]
    leaf: bytes

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """Read one line of the export. A row without a seal gets number 0.

        Raises:
            ValueError: it is no row, or not in its one spelling.
        """
        text = line.decode()
        try:
            event = json.loads(text)
        except RecursionError as error:
            raise ValueError("nested too deep") from error
        if not isinstance(event, dict) or canonical(event) != text:
            raise ValueError("not in the one spelling of a row")
        seq, leaf = event.pop("seq", None), event.pop("leaf", None)
        if event.keys() != _FIELDS or not all(
            event[name] is None or isinstance(event[name], str) for name in _TEXTS
        ):
            raise ValueError("not the fields of a row")
        if not isinstance(leaf, str) or bytes.fromhex(leaf).hex() != leaf:
            raise ValueError("no leaf")
        if seq is not None and (type(seq) is not int or seq < 1):
            raise ValueError("no row number")
        return cls(seq or 0, event, bytes.fromhex(leaf))

    def finding(self, sentence: str) -> Finding:
        return Finding(f"row {self.seq} ({self.name}) {sentence}", self.seq, self.seq)

    @property
    def name(self) -> str:
        """What the row says it is; if it was altered, that may be a lie."""
        return "{verb} by {who} at {at}".format(
            who=self.event["actor_name"] or self.event["actor_id"], **self.event
        )


class Rows:
    """The rows of an export in rising order. One that does not fit becomes a stray."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._strays: list[Finding] = []
        self._rows = self._rising(self._readable(lines))
        self._next = next(self._rows, None)

    def up_to(self, last_seq: int) -> list[Row]:
        """The next rows with numbers up to `last_seq`."""
        found = []
        while self._next is not None and self._next.seq <= last_seq:
            found.append(self._next)
            self._next = next(self._rows, None)
        return found

    def rest(self) -> Iterator[Row]:
        while self._next is not None:
            yield self._next
            self._next = next(self._rows, None)

    def strays(self) -> Iterator[Finding]:
        """What was set aside since the last call."""
        while self._strays:
            yield self._strays.pop(0)

    def _readable(self, lines: Iterable[bytes]) -> Iterator[Row]:
        for number, line in enumerate(lines, start=1):
            try:
                row = Row.from_line(line)
            except ValueError as error:
                self._strays.append(
                    Finding(f"line {number} of {EVENTS_NAME} cannot be read: {error}")
                )
                continue
            if row.seq == 0:
                self._strays.append(
                    Finding(
                        f"event {row.event['id']} ({row.name}) lies behind the sealer "
                        "without a seal: it was slipped in, or its seal was taken away"
                    )
                )
                continue
            yield row

    def _rising(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Drop a row that repeats or falls back, and one that jumps ahead of its follower."""
        last_seq = 0
        waiting: Row | None = None
        for row in rows:
            if row.seq <= last_seq:
                self._strays.append(row.finding("stands out of order"))
                continue
            if waiting is not None and row.seq <= waiting.seq:
                self._strays.append(waiting.finding("stands out of order"))
            elif waiting is not None:
                yield waiting
                last_seq = waiting.seq
            waiting = row
        if waiting is not None:
            yield waiting


def span(first: int, last: int) -> str:
    """``row 7`` or ``rows 7 to 9``."""
    return f"row {first}" if first == last else f"rows {first} to {last}"
