"""The sealer: gives every committed event its place, signs the place, and tells the outside.

It runs beside the requests, never inside them: one chain within the request costs twelve times the
throughput (lab: 296 against 3,456 transactions a second). It may be killed at any moment: a batch
is placed and signed in one transaction, and what the outside lacks is copied again.
"""

import signal
from datetime import datetime
from pathlib import Path
from threading import Event as Flag
from typing import Protocol

import structlog
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from operational.audit import keys, merkle, outside, queries
from operational.audit.checkpoint import NOTHING, Checkpoint
from operational.audit.models import SignedCheckpoint
from operational.kit import clock, db, log, secret
from operational.kit.settings import Settings

BATCH_ROWS = 1_000
"""Rows under one checkpoint at most: what an investigator must look through when a root fails."""
ROWS_MAX = 20_000
"""Rows sealed in one transaction at most; a backlog of 100,000 takes five."""
PAUSE_SECONDS = 1.0

_LOCK = 0x6B70_5EA1
"""The advisory lock that only one sealer holds."""

# Only rows below the oldest running transaction: every one of them is visible, and none can follow.
# A cursor on ids would skip a row whose transaction was slow to commit.
_PLACE = text("""
with stop as (
  select seq, event_xid, event_id from audit.sealed
  union all select 0, '0', '00000000-0000-0000-0000-000000000000'
  order by seq desc limit 1
), pending as (
  select id, row_xid, leaf, row_number() over (order by row_xid, id) as place
  from audit.event
  where (row_xid, id) > (select event_xid, event_id from stop)
    and row_xid < coalesce(
      cast(cast(:horizon as text) as xid8), pg_snapshot_xmin(pg_current_snapshot()))
  order by row_xid, id
  limit :rows_max
)
insert into audit.sealed (seq, event_id, event_xid, leaf)
select stop.seq + pending.place, pending.id, pending.row_xid, pending.leaf from pending, stop
returning seq, leaf
""")


class CheckpointsDiverge(Exception):
    """The copy outside and the database tell two stories. A person must look; nothing is sealed."""


def seal(
    session: Session, signer: keys.Signer, *, now: datetime, horizon: int | None = None
) -> int:
    """Place and sign what is pending, at most `ROWS_MAX` rows; return how many.

    Nothing is done while another sealer holds the lock.

    Args:
        session: its transaction places and signs together, so a kill leaves neither or both.
        signer: the sealer's key.
        now: the time to sign.
        horizon: seal rows below this transaction id. Left out, the oldest one still running.
    """
    if not _is_alone(session):
        return 0
    found = session.execute(_PLACE, {"horizon": horizon, "rows_max": ROWS_MAX})
    leaves = [leaf for _, leaf in sorted((row.seq, row.leaf) for row in found)]
    newest = queries.newest_checkpoint(session)
    first, previous = (newest.last_seq + 1, newest.digest()) if newest else (1, NOTHING)
    rows = []
    for start in range(0, len(leaves), BATCH_ROWS):
        batch = leaves[start : start + BATCH_ROWS]
        checkpoint = Checkpoint(
            first_seq=first,
            last_seq=first + len(batch) - 1,
            root=merkle.root(batch),
            previous=previous,
            signed_at=now,
            key_id=signer.key_id,
        ).signed_by(signer)
        rows.append(_row(checkpoint))
        first, previous = checkpoint.last_seq + 1, checkpoint.digest()
    if rows:
        session.execute(insert(SignedCheckpoint), rows)
    return len(leaves)


def publish(session: Session, file: Path) -> None:
    """Copy the checkpoints the outside lacks. Call it after `seal` has been committed.

    Raises:
        CheckpointsDiverge: the newest one outside is not in the database.
    """
    if not _is_alone(session):
        return
    known = outside.newest(file)
    if known is not None:
        ours = session.get(SignedCheckpoint, known.last_seq)
        if ours is None or queries.to_checkpoint(ours) != known:
            raise CheckpointsDiverge(
                f"{file} ends with a checkpoint over rows {known.first_seq} to {known.last_seq} "
                "that the database does not have"
            )
    missing = queries.checkpoints_after(known.last_seq if known else 0)
    outside.append(file, [queries.to_checkpoint(row) for row in session.scalars(missing)])


def turn(engine: Engine, signer: keys.Signer, file: Path) -> int:
    """Seal everything pending, then tell the outside; return how many rows were sealed."""
    with db.transaction(engine) as session:
        publish(session, file)
    sealed = 0
    while True:
        with db.transaction(engine) as session:
            rows = seal(session, signer, now=clock.utc_now())
        if rows:
            with db.transaction(engine) as session:
                publish(session, file)
        sealed += rows
        if rows < ROWS_MAX:
            return sealed


def signing_key(settings: Settings) -> keys.Signer:
    """The sealer's key, made at the first start; the public key is written beside it."""
    path = keys.private_path(settings)
    if not path.exists():
        secret.write(path, keys.Signer.generate().private_pem())
    signer = keys.read_private(path)
    beside = keys.public_path(settings)
    if not beside.exists():
        beside.write_text(signer.public_pem())
    return signer


class Stop(Protocol):
    """An event of `threading` or of `multiprocessing`."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


def run(settings: Settings, stop: Stop) -> None:
    """Seal once a second until `stop` is set. A database that is away is waited for."""
    signer = signing_key(settings)
    engine = db.engine(settings, db.SEALER, pool_size=1)
    logger = structlog.get_logger()
    while not stop.is_set():
        try:
            rows = turn(engine, signer, outside.path(settings))
        except OperationalError as error:
            logger.warning("database_away", error=str(error.orig))
        else:
            if rows:
                logger.info("sealed", rows=rows)
        stop.wait(PAUSE_SECONDS)
    engine.dispose()


def main() -> None:
    """The sealer as a process of its own; SIGTERM and SIGINT end it after the turn at hand."""
    log.configure("sealer")
    stop = Flag()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    run(Settings(), stop)


def _is_alone(session: Session) -> bool:
    """Hold the sealer's lock until this transaction ends, if nobody else does."""
    lock = text("select pg_try_advisory_xact_lock(:lock)")
    return bool(session.scalar(lock, {"lock": _LOCK}))


def _row(checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "first_seq": checkpoint.first_seq,
        "last_seq": checkpoint.last_seq,
        "root": checkpoint.root,
        "previous": checkpoint.previous,
        "signed_at": checkpoint.signed_at,
        "key_id": checkpoint.key_id,
        "signature": checkpoint.signature,
    }


if __name__ == "__main__":
    main()
