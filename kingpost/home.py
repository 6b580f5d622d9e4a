"""The home folder: one hub in it at a time, and a database that runs while somebody needs it."""

import fcntl
import json
import os
import signal
import time
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from operational.kit import db, postgres
from operational.kit.settings import Settings

MARKERS = ("hub.lock", "postgres.lock")
"""One of them lies in every folder that was ever a home."""
CLOCK_SECONDS_MAX = 2.0
"""When a process began is told by the system's clock, which may be set right in between."""
KILL_SECONDS = 10
"""The system takes this long at most to end a killed process, unless it hangs in the kernel."""
PORTS = ("api_port", "dashboards_port", "dagster_port", "mt5_port", "psp_ports")


class HubRuns(RuntimeError):
    """A hub already runs in this home folder."""


@dataclass(frozen=True)
class Process:
    """A process of ours, told from a later one with the same number by when it began."""

    pid: int
    began: float

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(pid, psutil.Process(pid).create_time())

    def is_there(self) -> bool:
        try:
            found = psutil.Process(self.pid)
            return bool(abs(found.create_time() - self.began) <= CLOCK_SECONDS_MAX)
        except psutil.NoSuchProcess:
            return False


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Be the only hub of this home folder.

    Raises:
        HubRuns: another one is.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / "hub.lock").open("a") as lock:
        if not _locked(lock.fileno(), fcntl.LOCK_EX):
            raise HubRuns(
                f"Kingpost already runs in {root} (process {_noted(root).get('pid', '?')})."
            )
        yield


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """The settings with a running database. Whoever leaves last stops the embedded server."""
    if settings.database_url:
        yield settings
        return
    settings.root.mkdir(parents=True, exist_ok=True)
    with (settings.root / "postgres.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            address = db.admin_url(settings).render_as_string(hide_password=False)
            yield settings.model_copy(update={"database_url": address})
        finally:
            if _locked(lock.fileno(), fcntl.LOCK_EX):
                postgres.stop(pgdata(settings))


def pgdata(settings: Settings) -> Path:
    return settings.root / "postgres"


def is_home(root: Path) -> bool:
    """Was this folder ever ours?"""
    return any((root / marker).exists() for marker in MARKERS)


def is_running(root: Path) -> bool:
    """Does a hub run in this home folder?"""
    if not (root / "hub.lock").exists():
        return False
    with (root / "hub.lock").open("a") as lock:
        return not _locked(lock.fileno(), fcntl.LOCK_EX)


def of_running_hub(settings: Settings) -> Settings:
    """The settings with the ports that the running hub chose, if one runs."""
    if not is_running(settings.root):
        return settings
    return settings.model_copy(update=_noted(settings.root).get("ports", {}))


def note(settings: Settings, children: Sequence[Process]) -> None:
    """Write down what a command beside the hub, and the next start after a kill, must know."""
    content = {
        "pid": os.getpid(),
        "ports": {name: getattr(settings, name) for name in PORTS},
        "children": [[child.pid, child.began] for child in children],
    }
    write_note(settings.root / "hub.json", content)


def end_leftovers(root: Path) -> int:
    """End the children of a hub that was killed, and wait for it; return how many there were.

    Each child led a group of its own, so its own children go with it.
    """
    noted = [Process(pid, began) for pid, began in _noted(root).get("children", [])]
    left = {child.pid for child in noted if _is_left(child, root)}
    for group in left:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    await_end(left, KILL_SECONDS)
    return len(left)


def await_end(groups: Container[int], seconds: float) -> None:
    """Wait until nothing of these groups runs, or the time is over."""
    deadline = time.monotonic() + seconds
    while members(groups) and time.monotonic() < deadline:
        time.sleep(0.05)


def _is_left(child: Process, root: Path) -> bool:
    """Does anything of this group still run? Where the child is gone, its own children name us."""
    running = members({child.pid})
    if psutil.pid_exists(child.pid):
        return bool(running) and child.is_there()
    return any(_works_for(pid, root) for pid in running)


def _works_for(pid: int, root: Path) -> bool:
    try:
        return bool(psutil.Process(pid).environ().get("KINGPOST_HOME") == str(root))
    except psutil.Error:
        return False


def members(groups: Container[int]) -> list[int]:
    """Processes of these groups that still run; a dead one nobody has waited for yet does not."""
    found = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(pid) in groups and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


def write_note(path: Path, content: dict[str, Any]) -> None:
    """Write a note whole or not at all."""
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(content))
    draft.replace(path)


def read_note(path: Path) -> dict[str, Any]:
    """A note; nothing if it was never written, or a power cut took it."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def _noted(root: Path) -> dict[str, Any]:
    return read_note(root / "hub.json")


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
