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

from operational.kit.settings import Settings
from pipelines import contracts, landing
from pipelines.border import BatchRefusedError, Expectation
from pipelines.contracts import Batch, FileRefused

CONTRACT = "contract.toml"
DONE, REFUSED = "landed", "refused"


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
    """Reasons."""

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
    """Land every arrival that keeps its contract; put the others aside with the reason.

    Message and batch numbers are the sender's own, so the lake knows a file by both.
    """
    receipt = Receipt()
    for arrival in list(arrivals):
        try:
            rows = sum(_land(lake, arrival, batch, expectations, now) for batch in read(arrival))
        except (FileRefused, BatchRefusedError) as refusal:
            receipt.refused[arrival.name] = str(refusal)
            _put_aside(arrival, REFUSED, note=str(refusal))
        else:
            receipt.landed[arrival.name] = rows
            _put_aside(arrival, DONE)
    return receipt


def _land(
    lake: duckdb.DuckDBPyConnection,
    arrival: Arrival,
    batch: Batch,
    expectations: Mapping[str, Sequence[Expectation]],
    now: datetime,
) -> int:
    named = dataclasses.replace(batch, name=f"{arrival.sender}/{batch.name}")
    if not batch.is_reissued and came_before(lake, batch.source, batch.content_sha256):
        return 0
    extract = landing.land(lake, named, now=now, expectations=expectations)
    return extract.row_count if extract else 0


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
        kept = aside / f"{contracts.sha256(file.read_bytes())[:12]}-{file.name}"
        if note:
            kept.with_name(f"{kept.name}.reason.txt").write_text(note + "\n", "utf-8")
        file.replace(kept)
