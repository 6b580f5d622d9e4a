"""The whole hub as its owner starts, kills and stops it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from kingpost import home
from operational.kit import db, postgres
from operational.kit.settings import Settings
from operational.payments.psp.connect import PROVIDERS
from tests.faults.processes import wait_until
from tests.kingpost.payers import Payers

SUCCEEDED = "select reference from payments.payment where status = 'succeeded'"
UP_SECONDS_MAX = 300
PARTS = 9 + len(PROVIDERS)
PAYMENTS_PER_KILL = 10
STORY = ("--clients", "20", "--days", "5")


@pytest.fixture
def folder():
    """A home with a short path, as a Unix socket needs it."""
    found = Path(tempfile.mkdtemp(prefix="kp-"))
    yield found
    shutil.rmtree(found, ignore_errors=True)


@contextmanager
def hub(folder: Path):
    """`kingpost up`, once it says that it runs."""
    command = [sys.executable, "-m", "kingpost.cli", "up", "--auto-port", *STORY]
    output = folder / "up.txt"
    with output.open("w") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=file,
            cwd="/",
            env={**os.environ, "KINGPOST_HOME": str(folder)},
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + UP_SECONDS_MAX
        while "Kingpost runs" not in output.read_text():
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def parts(folder: Path) -> set[int]:
    return {pid for pid, _ in json.loads((folder / "hub.json").read_text())["children"]}


def test_a_hub_killed_three_times_under_load_loses_nothing_and_leaves_nothing(folder) -> None:
    """All of it dies, then all but the database, then the supervisor alone, while clients pay."""
    paid: set[str] = set()
    for victims in (everything, supervisor_and_parts, supervisor):
        with hub(folder) as running, Payers.of(opened(folder)) as payers:
            wait_until(lambda: len(payers.paid) >= PAYMENTS_PER_KILL, "paid", seconds=120)
            for group in victims(folder, running):
                os.killpg(group, signal.SIGKILL)
            running.wait()
            paid |= payers.paid

    with hub(folder):
        assert "Kingpost was killed last time" in (folder / "up.txt").read_text()
        settings = opened(folder)
        assert httpx.get(f"{settings.api_url}/health").json() == {"status": "ok"}
        wait_until(lambda: succeeded(settings) >= paid, "every payment arrived", seconds=120)
        verified = subprocess.run(
            [sys.executable, "-m", "kingpost.cli", "verify", "all"],
            env={**os.environ, "KINGPOST_HOME": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert verified.returncode == 0, verified.stdout
        last = parts(folder)
        assert len(last) == PARTS

    assert home.members(last) == []
    assert not postgres.is_running(home.pgdata(settings))


def supervisor(_: Path, running: subprocess.Popen) -> set[int]:
    return {running.pid}


def supervisor_and_parts(folder: Path, running: subprocess.Popen) -> set[int]:
    return {running.pid} | parts(folder)


def everything(folder: Path, running: subprocess.Popen) -> set[int]:
    noted = home.pgdata(Settings(home=folder)) / "postmaster.pid"
    postmaster = int(noted.read_text().split()[0])
    return supervisor_and_parts(folder, running) | {os.getpgid(postmaster)}


def opened(folder: Path) -> Settings:
    """The settings of the hub that runs there, its database included."""
    settings = home.of_running_hub(Settings(home=folder))
    address = db.admin_url(settings).render_as_string(hide_password=False)
    return settings.model_copy(update={"database_url": address})


def succeeded(settings: Settings) -> set[str]:
    engine = db.engine(settings, db.API)
    with engine.connect() as connection:
        found = set(connection.scalars(text(SUCCEEDED)))
    engine.dispose()
    return found
