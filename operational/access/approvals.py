"""Four eyes on colleagues: what one person asks for, another agrees to, and exactly that is done."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational.access import four_eyes, invitations
from operational.access import service as access
from operational.access.matrix import Permission, Role
from operational.access.models import Approval, RoleGrant, User
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import Conflict, Forbidden

KIND = "user"
"""What these approvals are about, among those of other domains."""


class Change(StrEnum):
    """What two persons may do to a colleague together."""

    GRANT = "grant"
    """Give a role."""
    REVOKE = "revoke"
    """Take a role."""
    INVITE = "invite"
    """Hand the account over, or over again: its owner chooses password and one-time codes.

    Whoever agrees gets the link, not whoever asked: nobody makes a colleague all by themselves.
    """
    ENABLE = "enable"
    """Open an account that was shut."""


def create_colleague(
    session: Session, *, email: str, name: str, actor: Actor, now: datetime
) -> tuple[User, Approval]:
    """An account without role and password, and the request to hand it over.

    Raises:
        Forbidden: without `users.manage`.
        InvalidInput, EmailTaken.
    """
    user = access.create_user(
        session, email=email, name=name, password=None, role=None, actor=actor, now=now
    )
    asked = request(
        session, user.id, Change.INVITE, reason="A new colleague.", actor=actor, now=now
    )
    return user, asked


def request(
    session: Session,
    user_id: UUID,
    change: Change,
    role: Role | None = None,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Approval:
    """Ask for a change; another person must agree. A role is named where one is given or taken.

    Raises:
        Forbidden: without `users.manage`, or for oneself.
        Conflict: the same is waiting already.
    """
    access.require(actor, Permission.USERS_MANAGE)
    access.check_reason(reason)
    if actor.id == str(user_id):
        raise Forbidden("Nobody changes their own account.")
    user = access.locked(session, user_id)

    payload = {"user_id": str(user.id), "change": change.value}
    if role is not None:
        payload["role"] = role.value
    return four_eyes.ask(session, KIND, user.id, payload, reason=reason, actor=actor, now=now)


def decide(
    session: Session, approval_id: UUID, *, agree: bool, actor: Actor, now: datetime
) -> tuple[Approval, str | None]:
    """Agree or refuse as the second person; agreeing carries out exactly what was stored.

    Returns:
        The approval, and the invitation to be handed over if it was to one.

    Raises:
        NotFound: there is no such request.
        Forbidden: without `users.manage`, or about oneself.
        SecondPersonNeeded: the maker decides.
        AlreadyDecided: somebody was faster.
    """
    access.require(actor, Permission.USERS_MANAGE)
    approval = four_eyes.waiting(session, approval_id, KIND, actor=actor)
    if approval.subject_id == actor.id:
        raise Forbidden("Nobody changes their own account.")

    four_eyes.settle(session, approval, agree=agree, actor=actor, now=now)
    invitation = _carry_out(session, approval, actor=actor, now=now) if agree else None
    return approval, invitation


def _carry_out(session: Session, approval: Approval, *, actor: Actor, now: datetime) -> str | None:
    payload = approval.payload
    user = access.locked(session, UUID(payload["user_id"]))
    match Change(payload["change"]):
        case Change.GRANT:
            _grant(session, user, Role(payload["role"]), actor=actor, now=now)
        case Change.REVOKE:
            _revoke(session, user, Role(payload["role"]), actor=actor, now=now)
        case Change.ENABLE:
            _enable(session, user, actor=actor, now=now)
        case Change.INVITE:
            return invitations.invite(session, user, actor=actor, now=now)
    return None


def _grant(session: Session, user: User, role: Role, *, actor: Actor, now: datetime) -> None:
    if _live_grant(session, user, role) is not None:
        raise Conflict("The user has this role already.")
    session.add(RoleGrant(user_id=user.id, role=role, granted_by=actor.id))
    audit.record(
        session, Tag.ROLE_GRANT, subject=user.id, actor=actor, now=now, after={"role": role}
    )


def _revoke(session: Session, user: User, role: Role, *, actor: Actor, now: datetime) -> None:
    found = _live_grant(session, user, role)
    if found is None:
        raise Conflict("The user does not have this role.")
    found.revoked_at = now
    audit.record(
        session, Tag.ROLE_REVOKE, subject=user.id, actor=actor, now=now, before={"role": role}
    )


def _enable(session: Session, user: User, *, actor: Actor, now: datetime) -> None:
    if user.is_active:
        raise Conflict("This account is open.")
    user.is_active = True
    audit.record(session, Tag.USER_ENABLE, subject=user.id, actor=actor, now=now)


def _live_grant(session: Session, user: User, role: Role) -> RoleGrant | None:
    return session.scalar(
        select(RoleGrant)
        .where(RoleGrant.user_id == user.id, RoleGrant.role == role)
        .where(RoleGrant.revoked_at.is_(None))
        .with_for_update()
    )
