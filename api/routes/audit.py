"""The audit log, searched."""

from datetime import date
from typing import Annotated

from fastapi import Query

from api import audit
from api.deps import SessionDep, needs
from api.door import Doors
from api.schemas.audit import EventOut
from api.schemas.lists import After, Limit
from api.web.listing import part
from operational.access.matrix import Permission
from operational.audit import queries

router = Doors("/api/audit", tag="audit")

Text = Annotated[str, Query(max_length=200)]


@router.get("", dependencies=[needs(Permission.AUDIT_READ)])
def events(
    session: SessionDep,
    *,
    verb: Text = "",
    actor: Text = "",
    subject: Text = "",
    since: date | None = None,
    until: date | None = None,
    after: After = None,
    limit: Limit = 100,
) -> list[EventOut]:
    """Who did what, newest first. `actor` and `subject` are ids, names, e-mails or references."""
    found = queries.search(
        verb=verb,
        actor_ids=audit.actors(session, actor),
        subject_ids=audit.subjects(session, subject),
        since=since,
        until=until,
    )
    rows = part(session, found, by="id", after=after, rows_max=limit)
    return [EventOut.model_validate(event) for event in rows]
