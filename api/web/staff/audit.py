"""The audit log, searched."""

from fastapi import Request, Response

from api.deps import SessionDep, needs
from api.web.door import Pages
from api.web.shell import page
from operational.access.matrix import Permission
from operational.audit import queries
from operational.audit.tags import Tag

router = Pages("/staff/audit")

TEXT_MAX = 200
SHOWN_MAX = 100


@router.get("", dependencies=[needs(Permission.AUDIT_READ)])
def events(
    request: Request,
    session: SessionDep,
    verb: str = "",
    actor: str = "",
    subject: str = "",
) -> Response:
    verb, actor, subject = (text[:TEXT_MAX].strip() for text in (verb, actor, subject))
    return page(
        request,
        "staff/audit.html",
        events=session.scalars(
            queries.search(verb=verb, actor_id=actor, subject_id=subject, limit=SHOWN_MAX)
        ).all(),
        sought={"verb": verb, "actor": actor, "subject": subject},
        verbs=[("", "Anything"), *((tag.value, tag.value) for tag in Tag)],
        backlog=queries.backlog(session),
        checkpoint=queries.newest_checkpoint(session),
    )
