"""The checkpoints kept outside the database, so that the database alone cannot lie about them."""

import os
from collections.abc import Iterable
from pathlib import Path

from operational.audit.checkpoint import CHECKPOINTS_NAME, Checkpoint
from operational.kit.settings import Settings

_TAIL_BYTES = 4096
"""Several lines; a checkpoint is about 420 bytes."""


def path(settings: Settings) -> Path:
    return settings.root / "checkpoints" / CHECKPOINTS_NAME


def newest(file: Path) -> Checkpoint | None:
    """The last whole line, if there is one.

    Raises:
        ValueError: it is no checkpoint.
    """
    if not file.exists():
        return None
    with file.open("rb") as lines:
        lines.seek(max(0, file.stat().st_size - _TAIL_BYTES))
        whole, _, _ = lines.read().rpartition(b"\n")
    _, _, last = whole.rpartition(b"\n")
    return Checkpoint.from_line(last) if last else None


def append(file: Path, checkpoints: Iterable[Checkpoint]) -> None:
    """Add lines and wait until they are on the disk. A line torn by a kill is written anew."""
    lines = "".join(checkpoint.to_line() + "\n" for checkpoint in checkpoints)
    if not lines:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab+") as target:
        target.truncate(_end_of_whole_lines(file))
        target.write(lines.encode())
        target.flush()
        os.fsync(target.fileno())


def _end_of_whole_lines(file: Path) -> int:
    size = file.stat().st_size
    start = max(0, size - _TAIL_BYTES)
    with file.open("rb") as lines:
        lines.seek(start)
        return start + lines.read().rfind(b"\n") + 1
