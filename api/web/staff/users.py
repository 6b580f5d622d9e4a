"""People with an account of ours: who may what, and what waits for a second person."""

from typing import Annotated
from uuid import UUID

import segno
from fastapi import Form, Request, Response

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.schemas.users import ApprovalForm, DisableForm, RolePageForm, UserForm
from api.web.door import Pages
from api.web.shell import page, see_other
from operational.access import queries, totp
from operational.access import service as access
from operational.access.matrix import MATRIX, OUTSIDERS, Permission, Role

router = Pages("/staff/users")

STAFF_ROLES = [role for role in Role if role not in OUTSIDERS]


@router.get("", dependencies=[needs(Permission.USERS_READ)])
def people(request: Request, session: SessionDep) -> Response:
    users = queries.staff(session)
    return page(
        request,
        "staff/users.html",
        users=users,
        names={str(user.id): user.name for user in users},
        approvals=session.scalars(queries.waiting_approvals("role")).all(),
        roles=[(role.value, role.value) for role in STAFF_ROLES],
        matrix={role: sorted(MATRIX[role]) for role in STAFF_ROLES},
    )


@router.post("", dependencies=[needs(Permission.USERS_MANAGE)])
def create(
    form: Annotated[UserForm, Form()],
    request: Request,
    *,
    session: SessionDep,
    actor: ActorDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    """A colleague without any role yet; the one-time-code secret is shown this once."""
    user = access.create_user(
        session,
        email=form.email,
        name=form.name,
        password=form.password.get_secret_value(),
        role=None,
        actor=actor,
        now=now,
    )
    secret = access.enrol_totp(session, user.id, key=hub.key, actor=actor, now=now)
    code = segno.make(totp.enrolment_uri(secret, user.email))
    return page(
        request,
        "staff/enrolled.html",
        user=user,
        secret=secret,
        picture=code.svg_data_uri(scale=5, dark="#14232c"),
    )


@router.post("/{user_id}/roles", dependencies=[needs(Permission.USERS_MANAGE)])
def request_role(
    user_id: UUID,
    form: Annotated[RolePageForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    access.request_role(
        session,
        user_id,
        form.role,
        revoke=form.change == "revoke",
        reason=form.reason,
        actor=actor,
        now=now,
    )
    return see_other("/staff/users")


@router.post("/{user_id}/disable", dependencies=[needs(Permission.USERS_MANAGE)])
def disable(
    user_id: UUID,
    form: Annotated[DisableForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    access.disable(session, user_id, reason=form.reason, actor=actor, now=now)
    return see_other("/staff/users")


@router.post("/approvals/{approval_id}", dependencies=[needs(Permission.USERS_MANAGE)])
def decide(
    approval_id: UUID,
    form: Annotated[ApprovalForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    is_agreed = form.verdict == "agree"
    access.decide_approval(session, approval_id, agree=is_agreed, actor=actor, now=now)
    return see_other("/staff/users")
