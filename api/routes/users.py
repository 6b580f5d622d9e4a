"""Colleagues: accounts and roles under four eyes."""

from typing import Literal
from uuid import UUID

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.users import (
    ApprovalForm,
    ApprovalOut,
    CreatedOut,
    DecidedOut,
    ReasonForm,
    RolePageForm,
    UserForm,
    UserOut,
)
from operational.access import approvals, queries
from operational.access import service as access
from operational.access.matrix import Permission
from operational.kit.settings import Settings

router = Doors("/api/users", tag="users")

MANAGES = needs(Permission.USERS_MANAGE)


@router.get("", dependencies=[needs(Permission.USERS_READ)])
def staff(session: SessionDep) -> list[UserOut]:
    return [UserOut.model_validate(line) for line in queries.staff(session)]


@router.post("", status_code=201, dependencies=[MANAGES])
def create(form: UserForm, session: SessionDep, actor: ActorDep, now: NowDep) -> CreatedOut:
    """A colleague without role and password. Whoever agrees gets the link to hand over."""
    user, asked = approvals.create_colleague(
        session, email=form.email, name=form.name, actor=actor, now=now
    )
    return CreatedOut(id=user.id, approval_id=asked.id)


@router.post("/{user_id}/roles", status_code=202, dependencies=[MANAGES])
def request_role(
    user_id: UUID, form: RolePageForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> ApprovalOut:
    """Ask for a role to be given or taken; another person must agree."""
    change = approvals.Change(form.change)
    return ApprovalOut.model_validate(
        approvals.request(
            session, user_id, change, form.role, reason=form.reason, actor=actor, now=now
        )
    )


@router.post("/{user_id}/requests/{change}", status_code=202, dependencies=[MANAGES])
def request_change(
    user_id: UUID,
    change: Literal["invite", "enable"],
    *,
    form: ReasonForm,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> ApprovalOut:
    """Ask for an account to be handed over again, or opened again; another person must agree."""
    return ApprovalOut.model_validate(
        approvals.request(
            session,
            user_id,
            approvals.Change(change),
            reason=form.reason,
            actor=actor,
            now=now,
        )
    )


@router.get("/approvals", dependencies=[needs(Permission.USERS_READ)])
def waiting(session: SessionDep) -> list[ApprovalOut]:
    found = session.scalars(queries.waiting_approvals())
    return [ApprovalOut.model_validate(approval) for approval in found]


@router.post("/approvals/{approval_id}", dependencies=[MANAGES])
def decide(
    approval_id: UUID,
    form: ApprovalForm,
    *,
    session: SessionDep,
    actor: ActorDep,
    hub: HubDep,
    now: NowDep,
) -> DecidedOut:
    """Agree or refuse as the second person."""
    is_agreed = form.verdict == "agree"
    approval, invitation = approvals.decide(
        session, approval_id, agree=is_agreed, actor=actor, now=now
    )
    decided = DecidedOut.model_validate(approval)
    link = invitation and invitation_link(hub.settings, invitation)
    return decided.model_copy(update={"link": link})


@router.post("/{user_id}/disable", status_code=204, dependencies=[MANAGES])
def disable(
    user_id: UUID, form: ReasonForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> None:
    """Shut an account; its sessions end at once."""
    access.disable(session, user_id, reason=form.reason, actor=actor, now=now)


@router.post("/{user_id}/unlock", status_code=204, dependencies=[MANAGES])
def unlock(user_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep) -> None:
    """Let somebody try again who was locked out."""
    access.unlock(session, user_id, actor=actor, now=now)


def invitation_link(settings: Settings, token: str) -> str:
    return f"{settings.api_url}/welcome/{token}"
