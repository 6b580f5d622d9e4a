"""The embedded PostgreSQL: found, stopped and started again, whatever became of the last one."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from operational.kit import postgres
from tests.faults.processes import wait_until


@pytest.fixture
def pgdata():
    """A data folder with a short path, as a Unix socket needs it."""
    home = Path(tempfile.mkdtemp(prefix="kp-"))
    yield home / "postgres"
    postgres.stop(home / "postgres")
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def stranger():
    """A process that has nothing to do with us."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as found:
        yield found
        found.communicate(b"\n")


def test_a_server_that_was_killed_comes_back(pgdata) -> None:
    postgres.start(pgdata)
    os.kill(noted(pgdata), signal.SIGKILL)
    wait_until(lambda: not postgres.is_running(pgdata), "it is gone")

    postgres.start(pgdata)

    assert postgres.is_running(pgdata)


def test_a_stranger_with_the_number_of_a_killed_server_is_let_alone(pgdata, stranger) -> None:
    postgres.start(pgdata)
    os.kill(noted(pgdata), signal.SIGKILL)
    wait_until(lambda: not postgres.is_running(pgdata), "it is gone")
    note = pgdata / "postmaster.pid"
    note.write_text(note.read_text().replace(str(noted(pgdata)), str(stranger.pid), 1))

    assert not postgres.is_running(pgdata)
    postgres.stop(pgdata)
    postgres.start(pgdata)
    assert postgres.is_running(pgdata)
    postgres.stop(pgdata)
    assert not postgres.is_running(pgdata)
    assert stranger.poll() is None


def test_nothing_makes_the_folder_of_a_server_anew_once_it_is_gone(pgdata) -> None:
    script = (
        "import shutil; from pathlib import Path; from operational.kit import postgres\n"
        f"home = Path({str(pgdata.parent)!r})\n"
        "postgres.start(home / 'postgres'); postgres.stop(home / 'postgres'); shutil.rmtree(home)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)

    assert not pgdata.parent.exists()


def noted(pgdata: Path) -> int:
    return int((pgdata / "postmaster.pid").read_text().split()[0])
