"""D4: a backup taken under load is complete: back to a moment it has all of before, and nothing of after.

The database is killed, not stopped, and its folder is gone. What a restore lost and took is printed.
"""

import os
import random
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api.app import create_app
from kingpost import backup, home, verify
from kingpost.verify.books import LEDGER_CHECKS, examine
from operational.access import service as access
from operational.audit import sealer
from operational.kit import db, postgres
from operational.kit.ids import uuid7
from operational.kit.settings import Settings
from operational.migrations.upgrade import upgrade
from tests.api.opened import HASHED, PASSWORD, served
from tests.faults.processes import wait_until
from tests.ledger import books
from tests.payments.deposits import a_verified_client, rules_in_force
from tests.times import TIMES

COMMITS = 100 * TIMES
"""Before and after the moment that is gone back to."""
NOW_SQL = text("select clock_timestamp()")
KEYS_SQL = text("select op_key from ledger.journal")
EMAIL = "lena@example.com"


@dataclass
class Load:
    """Deposits, one commit each, and when the database says each was there."""

    settings: Settings
    wallet: int
    said: dict[str, datetime] = field(default_factory=dict)

    def until(self, count: int) -> None:
        engine = db.engine(self.settings, db.WORKER, pool_size=1)
        while len(self.said) < count:
            key = f"deposit:{uuid7()}"
            with db.transaction(engine) as session:
                books.deposit(session, self.wallet, random.randint(1, 999), key)
            with db.transaction(engine) as session:
                self.said[key] = session.scalar(NOW_SQL)
        engine.dispose()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for a socket of PostgreSQL."""
    found = Path(tempfile.mkdtemp(prefix="kp-"))
    yield found
    for name in ("old", "alone", "then", "last"):
        postgres.stop(found / name / "postgres")
    shutil.rmtree(found)


@pytest.fixture
def load(folder) -> Load:
    """A hub with a client who can sign in, an audit log with a seal, and a document."""
    settings = Settings(home=folder / "old")
    upgrade(settings)
    engine = db.engine(settings, db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
        client = a_verified_client(session)
        user = access.locked(session, client.user_id)
        user.email, user.password_hash = EMAIL, HASHED
        found = Load(settings, books.wallet(session))
    sealing = db.engine(settings, db.SEALER, pool_size=1)
    sealer.turn(sealing, sealer.signing_key(settings), sealer.outside.path(settings))
    for one in (engine, sealing):
        one.dispose()
    (settings.root / "documents").mkdir()
    (settings.root / "documents" / "passport").write_bytes(b"sealed")
    return found


def keys_of(settings: Settings) -> set[str]:
    engine = db.engine(settings, db.WORKER, pool_size=1)
    with db.transaction(engine) as session:
        found = set(session.scalars(KEYS_SQL))
    engine.dispose()
    return found


def in_order(settings: Settings) -> None:
    """Ledger and audit log verify; the client signs in and pays in."""
    engine = db.engine(settings, db.EXTRACT, pool_size=1)
    with engine.connect() as connection:
        assert examine(connection, LEDGER_CHECKS).findings == []
    engine.dispose()
    report = verify.run(settings, "audit")
    assert report.is_clean, report.findings
    assert (settings.root / "documents" / "passport").read_bytes() == b"sealed"
    with served(create_app(settings)) as url, httpx.Client(base_url=url, timeout=30) as door:
        token = door.post("/session", json={"email": EMAIL, "password": PASSWORD}).json()["token"]
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "after"}
        door.cookies.clear()
        form = {"amount": "250.00", "currency": "USD"}
        assert door.post("/api/me/deposits", json=form, headers=headers).status_code == 202


def test_a_backup_is_whole_at_its_end_and_at_every_moment_its_log_covers(folder, load):
    kept, old = folder / "kept", load.settings
    load.until(10)
    backup.back_up(old, kept)
    backup.restore(alone := Settings(home=folder / "alone"), kept)
    assert keys_of(alone) == load.said.keys()

    stop = threading.Event()
    follower = threading.Thread(target=backup.follow, args=(old, kept, stop))
    follower.start()
    wait_until(lambda: len(list(kept.glob("base-*"))) == 2, "there is a second base")
    load.until(COMMITS)
    moment = max(load.said.values())
    load.until(2 * COMMITS)
    os.kill(postgres.pid(home.pgdata(old)), signal.SIGKILL)
    stop.set()
    follower.join()
    shutil.rmtree(old.root)

    restored = backup.restore(then := Settings(home=folder / "then"), kept, moment)
    assert keys_of(then) == {key for key, at in load.said.items() if at <= moment}
    in_order(then)

    whole = backup.restore(last := Settings(home=folder / "last"), kept)
    lost = len(load.said.keys() - keys_of(last))
    print(f"RPO {lost} of {len(load.said)} commits, to {whole.last_change_at}")  # noqa: T201
    print(f"RTO {restored.seconds:.1f} s to a moment, {whole.seconds:.1f} s to the end")  # noqa: T201
    assert keys_of(last) <= load.said.keys()
    # What was committed in the moment of the kill may not have been sent.
    assert lost <= 1

    with pytest.raises(backup.NoBackup, match="already"):
        backup.restore(last, kept)
    nobody = Settings(home=folder / "nobody")
    with pytest.raises(backup.NoBackup, match="was whole at"):
        backup.restore(nobody, kept, min(load.said.values()))
    with pytest.raises(backup.NoBackup, match="no backup"):
        backup.restore(nobody, folder / "nothing")
