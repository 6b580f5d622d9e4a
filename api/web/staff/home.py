"""Where staff start: what waits for them."""

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from sqlalchemy import Select, func, select

from api.deps import ActorDep, HubDep, SessionDep, staff_only
from api.web.door import Pages
from api.web.shell import page
from operational.access import queries as access
from operational.access.matrix import Permission, permissions
from operational.messaging import queries as messaging
from operational.platforms import queries as platforms
from operational.review import queries as review

router = Pages("/staff")

_WAITING: dict[Permission, tuple[str, str, Callable[[], Select[Any]]]] = {
    Permission.REVIEW_READ: ("Cases for review", "/staff/review", review.open_cases),
    Permission.MESSAGES_READ: (
        "Parked callbacks",
        "/staff/messages",
        messaging.parked_callbacks,
    ),
    Permission.MESSAGES_REPLAY: ("Parked commands", "/staff/messages", messaging.parked_commands),
    Permission.PLATFORMS_READ: (
        "Accounts in contradiction",
        "/staff/accounts",
        platforms.contradictions,
    ),
    Permission.USERS_MANAGE: ("Approvals waiting", "/staff/users", access.waiting_approvals),
}


@router.get("", dependencies=[staff_only()])
def home(request: Request, session: SessionDep, actor: ActorDep, hub: HubDep) -> Response:
    held = permissions(actor.roles)
    tiles = [
        (name, path, session.scalar(select(func.count()).select_from(query().subquery())))
        for permission, (name, path, query) in _WAITING.items()
        if permission in held
    ]
    return page(
        request,
        "staff/home.html",
        tiles=tiles,
        held=sorted(held),
        dashboards_url=hub.settings.dashboards_url,
    )
