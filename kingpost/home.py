"""The home folder: one hub in it at a time, and a database that runs while somebody needs it."""

import fcntl
import json
import os
import signal
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from operational.kit import db, postgres
from operational.kit.settings import Settings

PORTS = ("api_port", "dashboards_port", "dagster_port", "stripe_port", "adyen_port", "mt5_port")


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

    def is_alive(self) -> bool:
        try:
            found = psutil.Process(self.pid)
            is_living = found.status() != psutil.STATUS_ZOMBIE
            return bool(is_living and found.create_time() == self.began)
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
        address = db.admin_url(settings).render_as_string(hide_password=False)
        try:
            yield settings.model_copy(update={"database_url": address})
        finally:
            if _locked(lock.fileno(), fcntl.LOCK_EX):
                postgres.stop(pgdata(settings))


def pgdata(settings: Settings) -> Path:
    return settings.root / "postgres"


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
    draft = settings.root / ".hub.json"
    draft.write_text(json.dumps(content))
    draft.replace(settings.root / "hub.json")


def end_leftovers(root: Path) -> int:
    """End the children of a hub that was killed; return how many there were."""
    children = [Process(pid, began) for pid, began in _noted(root).get("children", [])]
    left = [child for child in children if child.is_alive()]
    for child in left:
        # Each child leads a group of its own, so its own children go with it.
        os.killpg(child.pid, signal.SIGKILL)
    return len(left)


def members(groups: Container[int]) -> list[int]:
    """Processes of these groups that still run; a dead one nobody has waited for yet does not."""
    found = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(pid) in groups and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


def _noted(root: Path) -> dict[str, Any]:
    path = root / "hub.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
