"""Named reads of users, sessions and approvals."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, aggregate_order_by
from sqlalchemy.orm import Session, aliased

from operational.access.models import Approval, RoleGrant, User, UserSession

NAMED_MAX = 200


@dataclass(frozen=True, slots=True)
class UserLine:
    """One user as the screen of users lists them."""

    id: UUID
    email: str
    name: str
    roles: tuple[str, ...]
    is_active: bool
    has_password: bool
    """Whether the owner has taken up the account."""
    has_totp: bool
    locked_until: datetime | None
    invitation_ends_at: datetime | None


def user_by_email(session: Session, email: str) -> User | None:
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def user(session: Session, user_id: UUID) -> User:
    """The user with this id, who must exist: an id out of a session of ours."""
    return session.get_one(User, user_id)


def users_named(text: str) -> Select[UUID]:
    """Whoever has this e-mail, or this in their name."""
    wanted = text.strip().lower()
    is_named = func.lower(User.name).contains(wanted, autoescape=True)
    return select(User.id).where(or_(User.email == wanted, is_named)).limit(NAMED_MAX)


def names(session: Session, actor_ids: Collection[str]) -> dict[str, str]:
    """The names behind actors' ids, as the audit and other tables keep them."""
    people = [UUID(one) for one in actor_ids if not one.startswith("system:")]
    found = session.execute(select(User.id, User.name).where(User.id.in_(people)))
    return dict.fromkeys(actor_ids, "the hub") | {str(id_): name for id_, name in found}


def has_joined(session: Session, user_id: UUID) -> bool:
    """Whether the person has a password, or still has to follow an invitation."""
    return user(session, user_id).password_hash is not None


def roles_of(session: Session, user_id: UUID) -> frozenset[str]:
    live = select(RoleGrant.role).where(
        RoleGrant.user_id == user_id, RoleGrant.revoked_at.is_(None)
    )
    return frozenset(session.scalars(live))


def staff(session: Session) -> list[UserLine]:
    """Everybody who holds, or held, a staff role, by name; clients and partners are elsewhere."""
    outsiders = select(RoleGrant.user_id).where(RoleGrant.role.in_(["client", "partner"]))
    lines = (
        select(User, _live_roles()).where(User.id.not_in(outsiders)).order_by(User.name, User.id)
    )
    return [_line(user, roles or ()) for user, roles in session.execute(lines)]


def waiting_approvals(kind: str = "user") -> Select[Approval]:
    """What waits for a second person, of one kind, oldest first."""
    return (
        select(Approval)
        .where(Approval.kind == kind, Approval.status == "waiting")
        .order_by(Approval.id)
    )


def sessions_of(user_id: UUID, now: datetime, idle_max: timedelta) -> Select[UserSession]:
    """The browsers and programs a user is signed in at, the last used first.

    What was signed in through one of them, such as the dashboards, ends with it.
    """
    return (
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.parent_id.is_(None))
        .where(UserSession.revoked_at.is_(None), UserSession.expires_at > now)
        .where(UserSession.seen_at > now - idle_max)
        .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
    )


def approvals_of(kind: str, subject_id: UUID) -> Select[Approval]:
    """What was asked for about one thing, the newest first."""
    return (
        select(Approval)
        .where(Approval.kind == kind, Approval.subject_id == str(subject_id))
        .order_by(Approval.id.desc())
    )


def sign_ins(user_id: UUID) -> Select[UserSession]:
    """Every sign-in of a user, ended or not, the newest first."""
    return (
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.parent_id.is_(None))
        .order_by(UserSession.created_at.desc(), UserSession.id.desc())
    )


def first_seen(session: Session, session_id: UUID, life: timedelta) -> tuple[datetime, datetime]:
    """When the user of a session was first seen on its browser or program, and at its address.

    Args:
        session: the transaction.
        session_id: the one that asks.
        life: how long a session lasts at most: it ends that long after it began.
    """
    this = session.get_one(UserSession, session_id)
    of_user = select(func.min(UserSession.expires_at)).where(UserSession.user_id == this.user_id)
    device = session.scalar(of_user.where(UserSession.user_agent == this.user_agent))
    address = session.scalar(of_user.where(UserSession.ip == this.ip))
    return (device or this.expires_at) - life, (address or this.expires_at) - life


def live_session(
    token_sha256: bytes,
) -> Select[UserSession, UserSession, User, list[str] | None]:
    """The session of a token, the one it was made from (or itself), its user and the roles held now.

    Nothing if somebody ended it.
    """
    root = aliased(UserSession)
    return (
        select(UserSession, root, User, _live_roles())
        .join(root, root.id == func.coalesce(UserSession.parent_id, UserSession.id))
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.token_sha256 == token_sha256, UserSession.revoked_at.is_(None))
        .where(User.is_active)
    )


def _live_roles() -> ScalarSelect[list[str] | None]:
    return (
        select(
            func.array_agg(aggregate_order_by(RoleGrant.role, RoleGrant.role), type_=ARRAY(TEXT))
        )
        .where(RoleGrant.user_id == User.id, RoleGrant.revoked_at.is_(None))
        .scalar_subquery()
    )


def _line(user: User, roles: Sequence[str]) -> UserLine:
    return UserLine(
        id=user.id,
        email=user.email,
        name=user.name,
        roles=tuple(roles),
        is_active=user.is_active,
        has_password=user.password_hash is not None,
        has_totp=user.totp_secret is not None,
        locked_until=user.locked_until,
        invitation_ends_at=user.invitation_ends_at,
    )
