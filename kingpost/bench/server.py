"""A PostgreSQL of a benchmark's own, in a folder that is gone afterwards, and pgbench to drive it."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from operational.kit import db, postgres
from operational.kit.settings import Settings
from operational.migrations.upgrade import upgrade

CLIENTS = 8
THREADS = 2

_RATE = re.compile(r"tps = ([\d.]+) \(without initial connection time\)")


@contextmanager
def server() -> Iterator[Settings]:
    """A migrated database with the settings of production: what is committed is on the disk."""
    with TemporaryDirectory(prefix="kp-bench-") as folder:
        settings = Settings(home=Path(folder), database_url=None)
        try:
            upgrade(settings)
            yield settings
        finally:
            postgres.stop(settings.root / "postgres")


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
