"""A PostgreSQL of a benchmark's own, in a folder that is gone afterwards; pgbench; memory used."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import psutil

from operational.kit import db, postgres
from operational.kit.settings import Settings
from operational.migrations.upgrade import upgrade

CLIENTS = 8
THREADS = 2
LOOK_SECONDS = 0.5
"""A look takes some milliseconds of a core; memory that matters is held for longer."""

_RATE = re.compile(r"tps = ([\d.]+) \(without initial connection time\)")

_running: set[Path] = set()
"""Servers of running benchmarks: they are no children of ours, for they let go of who starts them."""


@contextmanager
def server() -> Iterator[Settings]:
    """A migrated database with the settings of production: what is committed is on the disk."""
    with TemporaryDirectory(prefix="kp-bench-") as folder:
        settings = Settings(home=Path(folder), database_url=None)
        pgdata = settings.root / "postgres"
        try:
            upgrade(settings)
            _running.add(pgdata)
            yield settings
        finally:
            _running.discard(pgdata)
            postgres.stop(pgdata)


@dataclass
class Memory:
    """The most that this process, all it started and its servers held at one moment."""

    most_bytes: int = 0

    def look(self) -> None:
        private, shared = 0, [0]
        for process in _ours():
            with suppress(psutil.Error):
                held = process.memory_info()
                # What processes share, above all PostgreSQL's buffers, is there once. macOS does not say.
                shared.append(getattr(held, "shared", 0))
                private += held.rss - shared[-1]
        self.most_bytes = max(self.most_bytes, private + max(shared))


@contextmanager
def peak_memory() -> Iterator[Memory]:
    """Look at the memory now and then, in a thread of its own."""
    found, over = Memory(), Event()

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            found.look()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()
        found.look()


def _ours() -> Iterator[psutil.Process]:
    pids = [os.getpid()]
    for pgdata in _running:
        with suppress(FileNotFoundError, ValueError):
            pids.append(postgres.pid(pgdata))
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(pid)
            yield from (first, *first.children(recursive=True))


def pgbench(settings: Settings, *arguments: str, database: str = db.DATABASE, user: str) -> str:
    """Run pgbench against the server and return what it printed.

    Raises:
        subprocess.CalledProcessError: a transaction failed; its error was printed.
    """
    admin = db.admin_url(settings)
    known = db.passwords(settings) | {str(admin.username): str(admin.password)}
    address = admin.set(
        drivername="postgresql", username=user, password=known[user], database=database
    )
    where = address.render_as_string(hide_password=False)
    command = [str(postgres.program("pgbench")), *arguments, where]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - ours
    if done.returncode:
        raise RuntimeError(f"pgbench: {done.stderr[-2000:]}")
    return done.stdout


def rate(
    settings: Settings, transactions: int, *arguments: str, database: str = db.DATABASE, user: str
) -> float:
    """Transactions a second over `CLIENTS` connections, `transactions` in all."""
    printed = pgbench(
        settings,
        *("-n", "-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS)),
        *("-t", str(max(1, transactions // CLIENTS))),
        *arguments,
        database=database,
        user=user,
    )
    found = _RATE.search(printed)
    assert found, printed
    return float(found[1])


def script(folder: Path, name: str, sql: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """A pgbench script on disk, as arguments."""
    path = folder / f"{name}.sql"
    settings = "".join(f"\\set {key} {value}\n" for key, value in variables.items())
    path.write_text(settings + sql)
    return ("-f", str(path))
