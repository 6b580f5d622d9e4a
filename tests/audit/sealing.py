"""Words the sealer's tests share: record a few, seal, export, verify."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session

from operational.audit import keys, outside, sealer
from operational.audit.checks import CHECKS, Method, rows_are_unaltered
from operational.audit.commands import export_log
from operational.audit.service import record
from operational.audit.tags import Tag
from operational.audit.verify import THE_METHOD, Log, Report, verify
from operational.kit import db
from operational.kit.actor import Actor

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANN = Actor(
    id="01a20673-6ab2-784b-ab1a-775679324296",
    name="Ann",
    roles=frozenset({"compliance", "finance"}),
    ip="203.0.113.7",
    request_id="r-1",
)

# Leaves out of nothing, to have many at once; `ROWS_UNREAD` verifies everything but the fields.
_MANY = text("""
insert into audit.event (id, at, actor_id, role, verb, subject_kind, leaf)
select gen_random_uuid(), now(), 'system:test', 'system', 'kyc:approve', 'kyc', sha256(n::text::bytea)
from generate_series(1, :rows) as n
""")
ROWS_UNREAD = Method(checks=tuple(check for check in CHECKS if check is not rows_are_unaltered))


def act(session: Session, subject: str, **more: Any) -> UUID:
    return record(session, Tag.KYC_APPROVE, subject=subject, actor=ANN, now=NOW, **more)


def act_now(engine: Engine, *subjects: str) -> None:
    """Each subject in a transaction of its own."""
    for subject in subjects:
        with db.transaction(engine) as session:
            act(session, subject)


def act_often(engine: Engine, rows: int) -> None:
    with db.transaction(engine) as session:
        session.execute(_MANY, {"rows": rows})


@contextmanager
def intruder(database: Any) -> Iterator[Connection]:
    """A superuser past every grant and every trigger."""
    engine = create_engine(database.admin_url)
    try:
        with engine.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            yield connection
    finally:
        engine.dispose()


def seal(database: Any) -> int:
    """One turn of the sealer."""
    signer = sealer.signing_key(database.settings)
    return sealer.turn(database.engine(db.SEALER), signer, outside.path(database.settings))


def sealed_subjects(database: Any) -> list[str]:
    query = """select subject_id from audit.sealed join audit.event on event.id = event_id order by seq"""
    with db.transaction(database.engine()) as session:
        return list(session.scalars(text(query)))


def verified(database: Any, method: Method = THE_METHOD) -> Report:
    """Export and verify with the sealer's public key and the copy outside."""
    folder = database.settings.root / "export"
    export_log(database.settings, folder)
    return verify(
        Log(_lines(folder / "events.jsonl"), _lines(folder / "checkpoints.jsonl")),
        keys.read_public(keys.public_path(database.settings)),
        _lines(outside.path(database.settings)),
        method,
    )


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()
