"""Finance's day: what waits for a decision about money, the oldest first."""

from fastapi import Request, Response

from api.deps import ActorDep, SessionDep, needs
from api.web.door import Pages
from api.web.shell import page
from api.web.staff import worklist
from operational.access.matrix import Permission, permissions

router = Pages("/staff/finance")


@router.get("", dependencies=[needs(Permission.PAYMENTS_READ)])
def finance(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    found = [
        (waiting, count)
        for waiting, count in worklist.counts(session, permissions(actor.roles))
        if waiting.line
    ]
    return page(
        request,
        "staff/finance.html",
        kinds=found,
        lines={
            waiting.name: worklist.oldest(session, waiting) for waiting, count in found if count
        },
    )
