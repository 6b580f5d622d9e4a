"""A real PostgreSQL for every run, and a fresh database for every test that asks for one."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.orm import Session

from kingpost.verify.books import LEDGER_CHECKS, examine
from operational.kit import db, postgres
from operational.kit.ids import uuid7
from operational.kit.settings import Settings
from operational.migrations.upgrade import upgrade

# Durability is tested where it matters (tests/faults) on servers of their own.
THROW_AWAY = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_wal_size = 512MB\n"
TEMPLATE = "kingpost_template"
MEMORY, ROOM_BYTES = Path("/dev/shm"), 6 * 1024**3
"""A fresh database is 600 small files: 20 ms in memory, up to half a second on a busy disk."""


@dataclass
class Database:
    """One fresh database, with the settings that lead to it."""

    settings: Settings
    admin_url: URL
    engines: dict[str, Engine] = field(default_factory=dict)
    may_be_wrong: bool = False
    """Set by a test that spoils the books itself."""

    def url(self, role: str) -> URL:
        return db.url(self.settings, role)

    def engine(self, role: str = db.API) -> Engine:
        if role not in self.engines:
            self.engines[role] = db.engine(self.settings, role)
        return self.engines[role]

    def close(self) -> None:
        for engine in self.engines.values():
            engine.dispose()


@dataclass
class Cluster:
    """A running server with a migrated template."""

    home: Path
    superuser: URL

    def settings(self, name: str, home: Path) -> Settings:
        url = self.superuser.set(database=name).render_as_string(hide_password=False)
        return Settings(home=home, database_url=url)

    def create(self, home: Path) -> Database:
        """A copy of the template with a home of its own, sharing the cluster's role passwords."""
        name = f"kp_{uuid7().hex[-20:]}"
        with self.admin() as connection:
            connection.execute(
                SQL("create database {} template {} strategy file_copy").format(
                    Identifier(name), Identifier(TEMPLATE)
                )
            )
        shutil.copytree(self.home / "secrets", home / "secrets", dirs_exist_ok=True)
        return Database(self.settings(name, home), self.superuser.set(database=name))

    def drop(self, database: Database) -> None:
        """Forget a database, and say what was wrong with its books."""
        database.close()
        wrong = findings(database)
        assert database.admin_url.database
        with self.admin() as connection:
            connection.execute(
                SQL("drop database {} with (force)").format(Identifier(database.admin_url.database))
            )
        assert database.may_be_wrong or wrong == []

    def admin(self) -> psycopg.Connection:
        url = self.superuser.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True)


def findings(database: Database) -> list[str]:
    """M2: every balance and every running sum, worked out anew from what the tests left behind."""
    engine = create_engine(database.admin_url, poolclass=NullPool)
    with engine.connect() as connection:
        has_books = "select to_regclass('ledger.entry') is not null"
        if not connection.scalar(text(has_books)):
            return []
        if not connection.scalar(text("select exists (select from ledger.entry)")):
            return []
        return examine(connection, LEDGER_CHECKS).findings


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free > ROOM_BYTES


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    # A Unix socket's path is short; pytest's own folders can be too long for it.
    home = Path(tempfile.mkdtemp(prefix="kp-", dir=MEMORY if _has_room(MEMORY) else None))
    superuser = make_url(postgres.start(home / "pg", THROW_AWAY)).set(
        drivername="postgresql+psycopg"
    )
    found = Cluster(home, superuser)
    upgrade(found.settings(TEMPLATE, home))
    yield found
    postgres.stop(home / "pg")
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def database(cluster: Cluster, tmp_path: Path) -> Iterator[Database]:
    """A fresh migrated database of the test's own."""
    found = cluster.create(tmp_path)
    yield found
    cluster.drop(found)


@pytest.fixture(scope="module")
def module_database(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A fresh migrated database shared by the tests of one module."""
    found = cluster.create(tmp_path_factory.mktemp("home"))
    yield found
    cluster.drop(found)


@pytest.fixture
def session(module_database: Database) -> Iterator[Session]:
    """A transaction as the API, rolled back when the test is over."""
    with module_database.engine(db.API).connect() as connection:
        outer = connection.begin()
        with Session(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as found:
            yield found
        outer.rollback()
