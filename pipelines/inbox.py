"""The folders files are dropped into: each file is read under its sender's contract, landed or refused.

``<home>/inbox/<kind>/<sender>/<file>``. What was dealt with moves to ``landed/`` or ``refused/``
beside it; a refused file gets a note of the reason. A file being written has a name that opens
with a dot. What a sender's files do not say themselves stands in its ``contract.toml``.
"""

import dataclasses
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import structlog

from operational.kit.settings import Settings
from pipelines import contracts, landing
from pipelines.border import BatchRefusedError, Expectation
from pipelines.contracts import Batch, FileRefused

CONTRACT = "contract.toml"
DONE, REFUSED = "landed", "refused"

logger = structlog.get_logger()


@dataclass(frozen=True)
class Contract:
    """What was agreed with a sender; what is not, is as the format's parser has it."""

    encoding: str | None = None
    zone: str | None = None


@dataclass(frozen=True)
class Arrival:
    """One file, or the files of one issue, from one sender."""

    sender: str
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        return f"{self.sender}/{self.files[0].name}"

    @property
    def contract(self) -> Contract:
        """What the sender's folder says.

        Raises:
            FileRefused: it cannot be read; the files are to be dropped again once it is mended.
        """
        path = self.files[0].parent / CONTRACT
        try:
            return (
                Contract(**tomllib.loads(path.read_text("utf-8"))) if path.exists() else Contract()
            )
        except (TypeError, ValueError) as error:
            raise FileRefused(f"{CONTRACT}: {error}") from None


@dataclass
class Receipt:
    """What became of the files that were waiting, by sender and file name."""

    landed: dict[str, int] = field(default_factory=dict)
    """Rows new to the lake; 0 for a file whose content is there already."""
    refused: dict[str, str] = field(default_factory=dict)
    """Reasons: of files put aside, and of what a landed file tells otherwise than before."""

    @property
    def row_count(self) -> int:
        return sum(self.landed.values())


Read = Callable[[Arrival], Sequence[Batch]]
Group = Callable[[Sequence[Path]], Iterable[tuple[Path, ...]]]


def one_by_one(files: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """Every file is an arrival of its own."""
    yield from ((file,) for file in files)


def folder(settings: Settings, kind: str) -> Path:
    """Where files of `kind` are dropped; made if it is not there."""
    found = settings.root / "inbox" / kind
    found.mkdir(parents=True, exist_ok=True)
    return found


def drop(settings: Settings, kind: str, sender: str, name: str, content: bytes) -> Path:
    """Put a file into the inbox; until it is whole, its name opens with a dot."""
    target = folder(settings, kind) / sender
    target.mkdir(exist_ok=True)
    draft = target / f".{name}"
    draft.write_bytes(content)
    return draft.replace(target / name)


def was_refused(settings: Settings, kind: str, sender: str, content: bytes) -> bool:
    """Whether this very content lies refused; whoever wants it tried again takes it from there."""
    aside = folder(settings, kind) / sender / REFUSED
    return any(aside.glob(f"{_mark(content)}-*"))


def waiting(inbox: Path, group: Group = one_by_one) -> Iterator[Arrival]:
    """What the senders dropped and nobody dealt with yet, in order of names."""
    for sender in sorted(path for path in inbox.iterdir() if path.is_dir()):
        files = sorted(
            path
            for path in sender.iterdir()
            if path.is_file() and path.name != CONTRACT and not path.name.startswith(".")
        )
        yield from (Arrival(sender.name, each) for each in group(files))


def receive(
    lake: duckdb.DuckDBPyConnection,
    arrivals: Iterable[Arrival],
    read: Read,
    *,
    expectations: Mapping[str, Sequence[Expectation]],
    now: datetime,
) -> Receipt:
    """Land every arrival that keeps its contract, whole; put the others aside with the reason."""
    receipt = Receipt()
    for arrival in list(arrivals):
        try:
            batches = [_named(batch, arrival) for batch in _read(arrival, read)]
            changed = [b for b in batches if b.is_repeated and landing.is_changed(lake, b)]
            passed = {batch.name for batch in changed}
            fresh = [b for b in batches if b.name not in passed and not _came_before(lake, b)]
            landed = landing.land_together(lake, fresh, now=now, expectations=expectations)
        except (FileRefused, BatchRefusedError) as refusal:
            receipt.refused[arrival.name] = str(refusal)
            _put_aside(arrival, REFUSED, note=str(refusal))
        else:
            receipt.landed[arrival.name] = sum(extract.row_count for extract in landed)
            for batch in changed:
                told = f"{arrival.name}: {batch.name}"
                receipt.refused[told] = "told otherwise than before; what landed first stands"
            _put_aside(arrival, DONE)
    return receipt


def _read(arrival: Arrival, read: Read) -> Sequence[Batch]:
    """What the parser finds.

    The content is a stranger's: whatever a parser stumbles over is a reason to refuse the file,
    or every pass would meet it again.

    Raises:
        FileRefused: with the parser's reason, or with what it stumbled over.
        OSError: the disk, not the file; another pass may do better.
    """
    try:
        return read(arrival)
    except (FileRefused, OSError):
        raise
    except Exception as error:
        logger.exception("a parser failed", file=arrival.name)
        raise FileRefused(f"cannot be read: {type(error).__name__}: {error}") from error


def _named(batch: Batch, arrival: Arrival) -> Batch:
    """The batch as the lake knows it.

    Message and batch numbers are the sender's own, so both name it. The next issue of a list
    replaces the last, whichever folder it is dropped into.
    """
    if batch.is_reissued:
        return batch
    return dataclasses.replace(batch, name=f"{arrival.sender}/{batch.name}")


def _came_before(lake: duckdb.DuckDBPyConnection, batch: Batch) -> bool:
    """A reissued batch may go back to an earlier issue; others land once, from any folder."""
    return not batch.is_reissued and came_before(lake, batch.source, batch.content_sha256)


def came_before(lake: duckdb.DuckDBPyConnection, source: str, content_sha256: str) -> bool:
    """Whether a file of this very content landed, be it from another sender's folder."""
    found = lake.execute(
        "select 1 from lake.raw.landed_files where source = ? and content_sha256 = ? limit 1",
        [source, content_sha256],
    )
    return found.fetchone() is not None


def _put_aside(arrival: Arrival, where: str, note: str = "") -> None:
    """Move the files; the content's digest keeps files of one name apart."""
    for file in arrival.files:
        aside = file.parent / where
        aside.mkdir(exist_ok=True)
        kept = aside / f"{_mark(file.read_bytes())}-{file.name}"
        if note:
            kept.with_name(f"{kept.name}.reason.txt").write_text(note + "\n", "utf-8")
        file.replace(kept)


def _mark(content: bytes) -> str:
    return contracts.sha256(content)[:12]
