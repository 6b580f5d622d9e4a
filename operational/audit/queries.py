"""Named reads of the audit log."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from operational.audit.checkpoint import Checkpoint
from operational.audit.models import Event, SignedCheckpoint

_BACKLOG = text("""
with stop as (
  select seq, event_xid, event_id from audit.sealed
  union all select 0, '0', '00000000-0000-0000-0000-000000000000'
  order by seq desc limit 1
)
select count(*) as rows, min(at) as oldest_at
from audit.event
where (row_xid, id) > (select event_xid, event_id from stop)
""")


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is recorded and not sealed yet."""

    rows: int
    oldest_at: datetime | None


def backlog(session: Session) -> Backlog:
    found = session.execute(_BACKLOG).one()
    return Backlog(found.rows, found.oldest_at)


def newest_checkpoint(session: Session) -> Checkpoint | None:
    newest = select(SignedCheckpoint).order_by(SignedCheckpoint.last_seq.desc()).limit(1)
    found = session.scalars(newest).one_or_none()
    return to_checkpoint(found) if found else None


def checkpoints_after(seq: int) -> Select[SignedCheckpoint]:
    """Checkpoints of rows after `seq`, in order."""
    return (
        select(SignedCheckpoint)
        .where(SignedCheckpoint.last_seq > seq)
        .order_by(SignedCheckpoint.last_seq)
    )


def to_checkpoint(row: SignedCheckpoint) -> Checkpoint:
    return Checkpoint(
        first_seq=row.first_seq,
        last_seq=row.last_seq,
        root=row.root,
        previous=row.previous,
        signed_at=row.signed_at,
        key_id=row.key_id,
        signature=row.signature,
    )


def history(subject: UUID | str, kind: str) -> Select[Event]:
    """What was done to one subject, newest first."""
    return (
        select(Event)
        .where(Event.subject_id == str(subject), Event.subject_kind == kind)
        .order_by(Event.id.desc())
    )


def search(
    *, verb: str = "", actor_id: str = "", subject_id: str = "", limit: int = 200
) -> Select[Event]:
    """What was done, newest first; an empty condition holds for all."""
    found = select(Event).order_by(Event.id.desc()).limit(limit)
    wanted = {Event.verb: verb, Event.actor_id: actor_id, Event.subject_id: subject_id}
    for column, value in wanted.items():
        if value:
            found = found.where(column == value)
    return found


def of_request(request_id: str) -> Select[Event]:
    """What one request recorded, in order. No index: for tests and for investigation."""
    return select(Event).where(Event.request_id == request_id).order_by(Event.id)
