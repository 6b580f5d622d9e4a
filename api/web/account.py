"""One's own account: the password, and where one is signed in."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response

from api import cookies
from api.deps import ActorDep, HubDep, NowDep, SessionDep, signed_in
from api.routes.account import count_try
from api.schemas.users import PasswordForm
from api.web.door import Pages
from api.web.shell import page, see_other
from operational.access import queries, sessions
from operational.access import service as access

router = Pages("/account")


@router.get("", dependencies=[signed_in()])
def account(request: Request, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    idle_max = sessions.idle_max(actor.roles)
    return page(
        request,
        "account.html",
        user=queries.user(session, UUID(actor.id)),
        sessions=session.scalars(queries.sessions_of(UUID(actor.id), now, idle_max)).all(),
        here_id=sessions.root_of(session, actor),
        idle_minutes=int(idle_max.total_seconds()) // 60,
    )


@router.post("", dependencies=[signed_in()])
def change_password(
    form: Annotated[PasswordForm, Form()],
    request: Request,
    *,
    hub: HubDep,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    """Change the password; every session ends, so that a thief's does too."""
    count_try(hub, actor, now)
    old, new = form.old.get_secret_value(), form.new.get_secret_value()
    access.change_password(session, UUID(actor.id), old, new, actor=actor, now=now)
    response = see_other("/sign-in", "password")
    cookies.drop(response, request)
    return response


@router.post("/sessions", dependencies=[signed_in()])
def end_others(session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    sessions.end_others(session, actor=actor, now=now)
    return see_other("/account", "sessions_ended")


@router.post("/sessions/{session_id}", dependencies=[signed_in()])
def end_session(session_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    sessions.end_own(session, session_id, actor=actor, now=now)
    return see_other("/account", "session_ended")
