"""Staff accounts, roles under four eyes, and one's own password."""

from uuid import UUID

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs, signed_in
from api.door import Doors
from api.schemas.users import (
    ApprovalForm,
    ApprovalOut,
    DisableForm,
    EnrolledOut,
    PasswordForm,
    RolePageForm,
    UserForm,
    UserOut,
)
from operational.access import queries, totp
from operational.access import service as access
from operational.access.matrix import Permission

router = Doors("/api/users", tag="users")


@router.get("", dependencies=[needs(Permission.USERS_READ)])
def staff(session: SessionDep) -> list[UserOut]:
    return [UserOut.model_validate(line) for line in queries.staff(session)]


@router.post("", status_code=201, dependencies=[needs(Permission.USERS_MANAGE)])
def create(
    form: UserForm, session: SessionDep, actor: ActorDep, hub: HubDep, now: NowDep
) -> EnrolledOut:
    """A colleague without any role yet. The secret is shown this once."""
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
    uri = totp.enrolment_uri(secret, user.email)
    return EnrolledOut(id=user.id, totp_secret=secret, totp_uri=uri)


@router.post("/{user_id}/roles", status_code=202, dependencies=[needs(Permission.USERS_MANAGE)])
def request_role(
    user_id: UUID, form: RolePageForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> ApprovalOut:
    """Ask for a role to be given or taken; another person must agree."""
    approval = access.request_role(
        session,
        user_id,
        form.role,
        revoke=form.change == "revoke",
        reason=form.reason,
        actor=actor,
        now=now,
    )
    return ApprovalOut.model_validate(approval)


@router.get("/approvals", dependencies=[needs(Permission.USERS_READ)])
def approvals(session: SessionDep) -> list[ApprovalOut]:
    found = session.scalars(queries.waiting_approvals())
    return [ApprovalOut.model_validate(approval) for approval in found]


@router.post("/approvals/{approval_id}", dependencies=[needs(Permission.USERS_MANAGE)])
def decide(
    approval_id: UUID, form: ApprovalForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> ApprovalOut:
    """Agree or refuse as the second person."""
    is_agreed = form.verdict == "agree"
    approval = access.decide_approval(session, approval_id, agree=is_agreed, actor=actor, now=now)
    return ApprovalOut.model_validate(approval)


@router.post("/{user_id}/disable", status_code=204, dependencies=[needs(Permission.USERS_MANAGE)])
def disable(
    user_id: UUID, form: DisableForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> None:
    """Shut an account; its sessions end at once."""
    access.disable(session, user_id, reason=form.reason, actor=actor, now=now)


@router.put("/me/password", status_code=204, dependencies=[signed_in()])
def change_password(form: PasswordForm, session: SessionDep, actor: ActorDep, now: NowDep) -> None:
    """Change one's own password; every session of the account ends, this one too."""
    access.change_password(
        session,
        UUID(actor.id),
        form.old.get_secret_value(),
        form.new.get_secret_value(),
        actor=actor,
        now=now,
    )
