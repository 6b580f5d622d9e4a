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
from operational.partners import queries as partners
from operational.platforms import queries as platforms
from operational.review import queries as review
from operational.rules import queries as rules

router = Pages("/staff")

P = Permission

_WAITING: tuple[tuple[Permission, str, str, Callable[[], Select[Any]]], ...] = (
    (P.REVIEW_READ, "Cases for review", "/staff/review", review.open_cases),
    (P.MESSAGES_READ, "Parked callbacks", "/staff/messages", messaging.parked_callbacks),
    (P.MESSAGES_READ, "Parked commands", "/staff/messages", messaging.parked_commands),
    (P.PLATFORMS_READ, "Accounts in contradiction", "/staff/accounts", platforms.contradictions),
    (P.RULES_PUBLISH, "Rule drafts", "/staff/rules", rules.drafts),
    (P.PARTNERS_PUBLISH_PLAN, "Plan drafts", "/staff/plans", partners.plan_drafts),
    (P.USERS_READ, "Approvals", "/staff/users", access.waiting_approvals),
)
"""What waits for a person: who may see it, and where."""


@router.get("", dependencies=[staff_only()])
def home(request: Request, session: SessionDep, actor: ActorDep, hub: HubDep) -> Response:
    held = permissions(actor.roles)
    tiles = [
        (name, path, session.scalar(select(func.count()).select_from(query().subquery())))
        for permission, name, path, query in _WAITING
        if permission in held
    ]
    return page(
        request,
        "staff/home.html",
        tiles=tiles,
        held=sorted(held),
        dashboards_url=hub.settings.dashboards_url,
    )
