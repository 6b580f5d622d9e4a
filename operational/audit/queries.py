"""Named reads of the audit log."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
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
    *,
    verb: str = "",
    actor_ids: Collection[str] | None = None,
    subject_ids: Collection[str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Select[Event]:
    """What was done, in no order; a condition left out holds for all. Days are UTC, both within."""
    found = select(Event)
    if verb:
        found = found.where(Event.verb == verb)
    if actor_ids is not None:
        found = found.where(Event.actor_id.in_(actor_ids))
    if subject_ids is not None:
        found = found.where(Event.subject_id.in_(subject_ids))
    if since is not None:
        found = found.where(Event.at >= datetime.combine(since, time.min, UTC))
    if until is not None:
        found = found.where(Event.at <= datetime.combine(until, time.max, UTC))
    return found


def of_request(request_id: str) -> Select[Event]:
    """What one request recorded, in order. No index: for tests and for investigation."""
    return select(Event).where(Event.request_id == request_id).order_by(Event.id)
