"""The verifier: an export, a public key and the checkpoints kept outside, and nothing else.

It needs no database and keeps no more than one batch of rows in memory. Every finding is a sentence
that names the row or the rows it is about.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from operational.audit import keys
from operational.audit.checkpoint import CHECKPOINTS_NAME, Checkpoint
from operational.audit.checks import Batch, Method, Trust
from operational.audit.rows import EVENTS_NAME, Finding, Rows

FINDINGS_MAX = 1_000
"""A log this wrong needs a restore, not a longer list."""

THE_METHOD = Method()


@dataclass(frozen=True)
class Log:
    """The lines of an export, without their line ends."""

    events: Iterable[bytes]
    checkpoints: Iterable[bytes]


@dataclass
class Report:
    """What was looked at, and what was found."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: int = 0
    checkpoints: int = 0
    last_seq: int = 0

    @property
    def is_clean(self) -> bool:
        return not self.findings

    def lines(self) -> list[str]:
        """The report for people, the verdict last."""
        verdict = (
            f"Audit log intact: {_counted(self.rows, 'row')} under "
            f"{_counted(self.checkpoints, 'checkpoint')}."
            if self.is_clean
            else f"Audit log NOT intact: {_counted(len(self.findings), 'finding')} in "
            f"{_counted(self.rows, 'row')}."
        )
        return [*(str(finding) for finding in self.findings), *self.notes, verdict]


def verify(
    log: Log,
    trusted: keys.PublicKeys,
    outside: Iterable[bytes] | None = None,
    method: Method = THE_METHOD,
) -> Report:
    """Recompute everything from the rows up and compare.

    Args:
        log: the export.
        trusted: the public keys, by key id.
        outside: lines of the checkpoints kept outside the database. Without them a log cut at a
            checkpoint cannot be told from a young one, and the report says so.
        method: what is compared, and how.
    """
    report = Report()
    for finding in _examine(report, log, trusted, outside, method):
        report.findings.append(finding)
        if len(report.findings) == FINDINGS_MAX:
            report.notes.append(f"Stopped after {FINDINGS_MAX} findings.")
            break
    if outside is None:
        report.notes.append("No checkpoints from outside were given: a cut tail cannot be seen.")
    return report


def verify_folder(folder: Path, public_key: Path, checkpoints: Path | None = None) -> Report:
    """Verify an export on disk.

    Args:
        folder: what `export` wrote.
        public_key: PEM file with one public key or more.
        checkpoints: the file kept outside the database.

    Raises:
        OSError: a file cannot be read.
        KeyUnusable: the key file holds no Ed25519 public key.
    """
    trusted = keys.read_public(public_key)
    log = Log(_lines(folder / EVENTS_NAME), _lines(folder / CHECKPOINTS_NAME))
    return verify(log, trusted, None if checkpoints is None else _lines(checkpoints))


def _examine(
    report: Report,
    log: Log,
    trusted: keys.PublicKeys,
    outside: Iterable[bytes] | None,
    method: Method,
) -> Iterator[Finding]:
    trust = Trust(trusted, method.frame)
    rows = Rows(log.events)
    kept = _Kept(outside or ())
    before: Checkpoint | None = None
    for number, line in enumerate(log.checkpoints, start=1):
        try:
            checkpoint = Checkpoint.from_line(line)
        except ValueError as error:
            yield Finding(f"line {number} of {CHECKPOINTS_NAME} cannot be read: {error}")
            continue
        batch = Batch(
            checkpoint,
            before,
            rows.up_to(checkpoint.last_seq),
            kept.up_to(checkpoint.last_seq),
        )
        yield from rows.strays()
        yield from kept.strays()
        for check in method.checks:
            yield from check(batch, trust)
        report.checkpoints += 1
        report.rows += len(batch.rows)
        report.last_seq = checkpoint.last_seq
        before = checkpoint
    for row in rows.rest():
        yield row.finding("is covered by no checkpoint")
    yield from rows.strays()
    yield from method.tail(report.last_seq, kept.rest())
    yield from kept.strays()


class _Kept:
    """The checkpoints kept outside, in step with those of the log."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._unreadable: list[Finding] = []
        self._all = self._read(lines)
        self._next = next(self._all, None)

    def up_to(self, last_seq: int) -> list[Checkpoint]:
        found = []
        while self._next is not None and self._next.last_seq <= last_seq:
            found.append(self._next)
            self._next = next(self._all, None)
        return found

    def rest(self) -> list[Checkpoint]:
        return [] if self._next is None else [self._next, *self._all]

    def strays(self) -> Iterator[Finding]:
        while self._unreadable:
            yield self._unreadable.pop(0)

    def _read(self, lines: Iterable[bytes]) -> Iterator[Checkpoint]:
        for number, line in enumerate(lines, start=1):
            try:
                yield Checkpoint.from_line(line)
            except ValueError as error:
                self._unreadable.append(
                    Finding(
                        f"line {number} of the checkpoints kept outside cannot be read: {error}"
                    )
                )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.removesuffix(b"\n")
