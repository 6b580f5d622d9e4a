"""The audit log, searched."""

from typing import Annotated

from fastapi import Query

from api.deps import SessionDep, needs
from api.door import Doors
from api.schemas.audit import EventOut
from operational.access.matrix import Permission
from operational.audit import queries

router = Doors("/api/audit", tag="audit")

Text = Annotated[str, Query(max_length=200)]


@router.get("", dependencies=[needs(Permission.AUDIT_READ)])
def events(
    session: SessionDep,
    verb: Text = "",
    actor: Text = "",
    subject: Text = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> list[EventOut]:
    """Who did what, newest first."""
    found = queries.search(verb=verb, actor_id=actor, subject_id=subject, limit=limit)
    return [EventOut.model_validate(event) for event in session.scalars(found)]
