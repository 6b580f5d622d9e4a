"""Backups of a home folder with the embedded database, and back to any moment they cover.

A backup folder holds bases and the log. A base is the whole database at one moment, with the keys and
notes of that moment; the log is every change since, as PostgreSQL writes it. Files that only ever
come (documents, the lake, what was sent in) are kept once for all bases.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import psycopg
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import URL

from kingpost import home
from operational.kit import db, ids, postgres
from operational.kit.clock import utc_now
from operational.kit.settings import Settings

COMING = ("documents", "inbox", "lake")
"""Folders whose files come and are never changed."""
LEFT_OUT = frozenset(
    {"postgres", "logs", "dbt", "duckdb_extensions", "duckdb_scratch", "hub.json", "hub.lock"}
)
"""What the next start makes anew."""
SLOT = "kingpost_backup"
"""While it exists the server keeps what the log has not got yet, up to `max_slot_wal_keep_size`."""
FILES_SECONDS = 10.0
_NAME = "base-%Y%m%dT%H%M%S.%fZ"
_ORDERS = ("restore_command", "recovery_target_action", "recovery_target_time")
_COMMIT = re.compile(r"COMMIT (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) UTC")
_SEGMENT = re.compile(r"[0-9A-F]{24}(\.partial)?|[0-9A-F]{8}\.history")


class NoBackup(RuntimeError):
    """It cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Restored:
    """How far a restore came and what it took."""

    last_change_at: datetime | None
    """When the last change that is in it was committed; None if it is the base as it was."""
    seconds: float


def back_up(settings: Settings, folder: Path) -> Path:
    """Add a base to a backup folder; the hub may run meanwhile. Return where it lies.

    Args:
        settings: of a running embedded database.
        folder: made if need be.
    """
    draft = folder / f".base-{ids.uuid7().hex}"
    draft.mkdir(parents=True, mode=0o700)
    # Checkpoints first: of the audit log the database must never have less than what lies beside it.
    for source in settings.root.iterdir():
        if source.name not in (*LEFT_OUT, *COMING) and not source.name.endswith(".lock"):
            _copy(source, draft / "home" / source.name)
    _run(
        db.admin_url(settings), "pg_basebackup", "--checkpoint=fast", "-D", str(draft / "postgres")
    )
    keep_files(settings, folder)
    return draft.rename(folder / utc_now().strftime(_NAME))


@contextmanager
def following(server: URL, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Receive the log into a backup folder while the block lasts. Begin it before a base is made."""
    log = folder / "wal"
    log.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = ("-D", str(log), "--slot", SLOT)
    _run(server, "pg_receivewal", *options, "--create-slot", "--if-not-exists")
    command, environment = _command(server, "pg_receivewal", *options, "--synchronous")
    with subprocess.Popen(command, env=environment) as receiver:  # noqa: S603 - ours
        try:
            yield receiver
        finally:
            receiver.terminate()
            receiver.wait()


def follow(settings: Settings, folder: Path, stop: Event) -> None:
    """Make a base, then keep the backup up to the last change, until told to stop.

    Raises:
        NoBackup: the log could not be received any more. Another base is needed.
    """
    server = db.admin_url(settings)
    with following(server, folder) as receiver:
        back_up(settings, folder)
        while receiver.poll() is None and not stop.wait(FILES_SECONDS):
            keep_files(settings, folder)
        if receiver.poll() is not None:
            raise NoBackup("PostgreSQL sends its log no more. Begin again with another base.")
        keep_files(settings, folder)
    # A server that is gone keeps its slot for the next time.
    with suppress(NoBackup):
        _run(server, "pg_receivewal", "--slot", SLOT, "--drop-slot")


def keep_files(settings: Settings, folder: Path) -> None:
    """Copy the files that came since."""
    for name in COMING:
        for source in (settings.root / name).rglob("*"):
            target = folder / "files" / source.relative_to(settings.root)
            if source.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                draft = target.with_name(f".{target.name}.draft")
                shutil.copy2(source, draft)
                draft.replace(target)


def restore(settings: Settings, folder: Path, to: datetime | None = None) -> Restored:
    """Make an empty home folder what a backup says it was, and leave its database running.

    Args:
        settings: of the home folder to be made.
        folder: the backup.
        to: the moment to go to; None for as far as the log goes.

    Raises:
        NoBackup: the home is not empty, or no base is old enough.
        NotStarted: the log does not reach that moment.
    """
    began = time.monotonic()
    pgdata = home.pgdata(settings)
    if pgdata.exists():
        raise NoBackup(
            f"There is a database in {settings.root} already. Restore into a new folder."
        )
    base = _base(folder, to)
    for source in (base / "home", folder / "files"):
        if source.exists():
            shutil.copytree(source, settings.root, dirs_exist_ok=True)
    shutil.copytree(base / "postgres", pgdata)
    _lay_out_log(folder / "wal", pgdata, to)
    with psycopg.connect(postgres.recover(pgdata), autocommit=True) as session:
        reached = session.execute("select pg_last_xact_replay_timestamp()").fetchone()
        for name in _ORDERS:
            session.execute(SQL("alter system reset {}").format(Identifier(name)))
    shutil.rmtree(pgdata / "restored")
    return Restored(reached[0] if reached else None, time.monotonic() - began)


def _base(folder: Path, to: datetime | None) -> Path:
    """The newest base, or the newest that was whole before a moment."""
    bases = sorted(folder.glob("base-*Z"), reverse=True)
    for base in bases:
        if to is None or _ended(base) <= to:
            return base
    if not bases:
        raise NoBackup(f"There is no backup in {folder}.")
    raise NoBackup(f"The oldest backup in {folder} was whole at {_ended(bases[-1]):%F %T} UTC.")


def _ended(base: Path) -> datetime:
    """When a base was whole."""
    return datetime.strptime(base.name, _NAME).replace(tzinfo=UTC)


def _lay_out_log(log: Path, pgdata: Path, to: datetime | None) -> None:
    """Put the log where the server may read it, and tell it how far to go."""
    there = pgdata / "restored"
    there.mkdir()
    for segment in sorted(log.glob("*")):
        # One that is still being written to ends in `.partial`; a whole one of that name comes first.
        name = segment.name.removesuffix(".partial")
        if _SEGMENT.fullmatch(segment.name) and not (there / name).exists():
            shutil.copy2(segment, there / name)
    orders = dict(zip(_ORDERS, (f'cp "{there}/%f" "%p"', "promote", ""), strict=True))
    # PostgreSQL refuses to stop at a moment its log does not go beyond; then its end is that moment.
    if to is not None and _goes_beyond(there, to):
        orders["recovery_target_time"] = to.isoformat()
    with (pgdata / "postgresql.auto.conf").open("a") as conf:
        conf.writelines(f"{name} = {_quoted(value)}\n" for name, value in orders.items())
    (pgdata / "recovery.signal").touch()


def _goes_beyond(log: Path, moment: datetime) -> bool:
    """Whether the log has a change that was committed after a moment."""
    for segment in sorted(log.glob("*"), reverse=True):
        command = [str(postgres.program("pg_waldump")), "--rmgr=Transaction", str(segment)]
        # The last one ends in the middle, which the program takes for a fault.
        said = _ran(command, {"TZ": "UTC"})
        if commits := _COMMIT.findall(said.stdout):
            return datetime.fromisoformat(commits[-1] + "+00:00") > moment
    return False


def _quoted(value: str) -> str:
    return Literal(value).as_string(None)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.lock", "*.sock"))
    elif source.is_file():
        shutil.copy2(source, target)


def _run(server: URL, program: str, *options: str) -> None:
    command, environment = _command(server, program, *options)
    done = _ran(command, environment)
    if done.returncode:
        raise NoBackup(f"{program}: {done.stderr.strip()}")


def _ran(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        command, env=environment, capture_output=True, text=True, check=False
    )


def _command(server: URL, program: str, *options: str) -> tuple[list[str], dict[str, str]]:
    """One of PostgreSQL's programs as its superuser, whose password no list of processes shows."""
    command = [str(postgres.program(program)), "--host", str(server.query["host"])]
    command += ["--username", str(server.username), "--no-password"]
    return [*command, *options], {"PGPASSWORD": str(server.password), "TZ": "UTC"}
