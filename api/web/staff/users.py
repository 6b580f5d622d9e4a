"""People with an account of ours: who may what, and what waits for a second person."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Request, Response

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.routes.users import invitation_link
from api.schemas.users import ApprovalForm, ReasonForm, RolePageForm, UserForm
from api.web.door import Pages
from api.web.shell import page, see_other
from operational.access import approvals, invitations, queries
from operational.access import service as access
from operational.access.approvals import Change
from operational.access.matrix import MATRIX, OUTSIDERS, Permission, Role

router = Pages("/staff/users")

MANAGES = needs(Permission.USERS_MANAGE)

STAFF_ROLES = [role for role in Role if role not in OUTSIDERS]


@router.get("", dependencies=[needs(Permission.USERS_READ)])
def people(request: Request, session: SessionDep, now: NowDep) -> Response:
    users = queries.staff(session)
    return page(
        request,
        "staff/users.html",
        users=users,
        names={str(user.id): user.name for user in users},
        approvals=session.scalars(queries.waiting_approvals()).all(),
        roles=[(role.value, role.value) for role in STAFF_ROLES],
        matrix={role: sorted(MATRIX[role]) for role in STAFF_ROLES},
        now=now,
    )


@router.post("", dependencies=[MANAGES])
def create(
    form: Annotated[UserForm, Form()], session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """A colleague without role and password; another person agrees, and hands over the link."""
    approvals.create_colleague(session, email=form.email, name=form.name, actor=actor, now=now)
    return see_other("/staff/users", "asked")


@router.post("/{user_id}/roles", dependencies=[MANAGES])
def request_role(
    user_id: UUID,
    form: Annotated[RolePageForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    change = Change(form.change)
    approvals.request(session, user_id, change, form.role, reason=form.reason, actor=actor, now=now)
    return see_other("/staff/users", "asked")


@router.post("/{user_id}/disable", dependencies=[MANAGES])
def disable(
    user_id: UUID,
    form: Annotated[ReasonForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    access.disable(session, user_id, reason=form.reason, actor=actor, now=now)
    return see_other("/staff/users", "user_disabled")


@router.post("/{user_id}/unlock", dependencies=[MANAGES])
def unlock(user_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    access.unlock(session, user_id, actor=actor, now=now)
    return see_other("/staff/users", "user_unlocked")


@router.post("/{user_id}/requests/{change}", dependencies=[MANAGES])
def request_change(
    user_id: UUID,
    change: Literal["invite", "enable"],
    *,
    form: Annotated[ReasonForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    approvals.request(session, user_id, Change(change), reason=form.reason, actor=actor, now=now)
    return see_other("/staff/users", "asked")


@router.post("/approvals/{approval_id}", dependencies=[MANAGES])
def decide(
    approval_id: UUID,
    form: Annotated[ApprovalForm, Form()],
    request: Request,
    *,
    session: SessionDep,
    actor: ActorDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    """Agree or refuse as the second person; who agrees to an invitation hands it over."""
    is_agreed = form.verdict == "agree"
    approval, invitation = approvals.decide(
        session, approval_id, agree=is_agreed, actor=actor, now=now
    )
    if invitation is None:
        return see_other("/staff/users", "agreed" if is_agreed else "declined")
    return page(
        request,
        "staff/invited.html",
        name=queries.user(session, UUID(approval.subject_id)).name,
        link=invitation_link(hub.settings, invitation),
        days=invitations.LIFE.days,
        back="/staff/users",
    )
