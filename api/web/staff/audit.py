"""The audit log, searched."""

from datetime import date

from fastapi import Request, Response

from api import audit
from api.deps import SessionDep, needs
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page
from operational.access.matrix import Permission
from operational.audit import queries
from operational.audit.tags import Tag

router = Pages("/staff/audit")

TEXT_MAX = 200


@router.get("", dependencies=[needs(Permission.AUDIT_READ)])
def events(
    request: Request,
    session: SessionDep,
    *,
    verb: str = "",
    actor: str = "",
    subject: str = "",
    since: str = "",
    until: str = "",
) -> Response:
    verb, actor, subject = (text[:TEXT_MAX].strip() for text in (verb, actor, subject))
    found = queries.search(
        verb=verb,
        actor_ids=audit.actors(session, actor),
        subject_ids=audit.subjects(session, subject),
        since=_day(since),
        until=_day(until),
    )
    return page(
        request,
        "staff/audit.html",
        events=listed(request, session, found, by="id"),
        sought={"verb": verb, "actor": actor, "subject": subject, "since": since, "until": until},
        verbs=[("", "Anything"), *((tag.value, _in_words(tag)) for tag in Tag)],
        backlog=queries.backlog(session),
        checkpoint=queries.newest_checkpoint(session),
    )


def _day(text: str) -> date | None:
    """A form sends an empty field; what is no day is no condition."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _in_words(tag: Tag) -> str:
    """``client:change_profile`` as "Client: change profile"."""
    subject, _, action = tag.value.rpartition(":")
    return f"{subject.replace(':', ' ').capitalize()}: {action.replace('_', ' ')}"
