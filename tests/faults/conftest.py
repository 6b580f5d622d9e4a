"""A PostgreSQL that keeps its promises: fsync on, as in production."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from operational.kit import postgres
from operational.migrations.upgrade import upgrade
from tests.conftest import TEMPLATE, Cluster


@pytest.fixture(scope="package")
def durable() -> Iterator[Cluster]:
    home = Path(tempfile.mkdtemp(prefix="kp-"))
    superuser = make_url(postgres.start(home / "pg")).set(drivername="postgresql+psycopg")
    found = Cluster(home, superuser)
    upgrade(found.settings(TEMPLATE, home))
    yield found
    postgres.stop(home / "pg")
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def home() -> Path:
    """A folder with a short path: a Unix socket of the vendors or of PostgreSQL may live in it."""
    return Path(tempfile.mkdtemp(prefix="kp-"))
