"""The verbs of users: create, disable, unlock, and one's own password."""

import unicodedata
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from operational.access import passwords, throttle, totp
from operational.access.errors import EmailTaken, LastSuperAdmin, PasswordWrong, SecondPersonNeeded
from operational.access.matrix import OUTSIDERS, Permission, Role, permissions
from operational.access.models import RoleGrant, User, UserSession
from operational.access.passwords import PasswordHash
from operational.access.totp import FieldKey
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden, InvalidInput, NotFound

EMAIL_CHARACTERS_MAX = 254
NAME_CHARACTERS_MAX = 200
REASON_CHARACTERS_MIN = 5
# Letters that draw other letters' order or hide themselves; names never need them.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


# Two who shut each other's account at once could each be fine and together leave nobody.
_LOCK_ADMINS = text("select pg_advisory_xact_lock(hashtext('access.super_admins'))")


def require(actor: Actor, permission: Permission) -> None:
    """Let pass who holds the permission; a process of ours acts by rule and holds all.

    Raises:
        Forbidden: anybody else.
    """
    if not actor.is_system and permission not in permissions(actor.roles):
        raise Forbidden(f"This needs the permission {permission}.")


def create_user(
    session: Session,
    *,
    email: str,
    name: str,
    password: str | PasswordHash | None,
    role: Role | None,
    actor: Actor,
    now: datetime,
    is_hashed: bool = False,
) -> User:
    """Make an account.

    A client or partner gets the role at once. A staff role, and a colleague's password, are given
    by the hub itself (the command line), or by two persons (access/approvals.py).

    The e-mail is kept in lower case, one account each. `password` is plain, or a hash made by
    `passwords.hash_password` if `is_hashed`: the accounts of a demo share one hash, made once.
    Without one nobody can sign in before an invitation was followed (access/invitations.py).

    Raises:
        InvalidInput: e-mail or name.
        PasswordWeak: too short, too long or well known.
        EmailTaken: somebody has it.
        Forbidden: a staff account without `users.manage`.
        SecondPersonNeeded: a person gives a colleague a role or a password alone.
    """
    email, name = clean_email(email), clean_name(name)
    if role not in OUTSIDERS:
        require(actor, Permission.USERS_MANAGE)
        if (role or password) and not actor.is_system:
            raise SecondPersonNeeded("A colleague's role or password needs a second person.")
    if password is not None and not is_hashed:
        passwords.check_strength(password, email, name)
        password = passwords.hash_password(password)
    user = User(email=email, name=name, password_hash=password)

    _keep(session, user)
    if role:
        session.add(RoleGrant(user_id=user.id, role=role, granted_by=actor.id))

    details = {"email": email, "name": name}
    is_outsider = role in OUTSIDERS
    audit.record(
        session,
        Tag.USER_CREATE,
        subject=user.id,
        actor=actor,
        now=now,
        after={"role": role} | ({} if is_outsider else details),
        personal=details if is_outsider else None,
        person=user.id if is_outsider else None,
    )
    return user


def _keep(session: Session, user: User) -> None:
    try:
        with session.begin_nested():
            session.add(user)
            session.flush()
    except IntegrityError:
        raise EmailTaken from None


def enrol_totp(
    session: Session, user_id: UUID, *, key: FieldKey, actor: Actor, now: datetime
) -> str:
    """Give a user a new one-time-code secret; return it to be shown once (base 32).

    Only the hub itself, on its command line, may see another's secret.

    Raises:
        NotFound: there is no such user.
        Forbidden: a person asks.
    """
    if not actor.is_system:
        raise Forbidden("Nobody sees another's one-time-code secret.")
    user = locked(session, user_id)

    secret = totp.new_secret()
    user.totp_secret = key.seal(secret, user.id)
    user.totp_last_step = None

    audit.record(session, Tag.USER_ENROL_TOTP, subject=user.id, actor=actor, now=now)
    return secret


def change_password(
    session: Session, user_id: UUID, old: str, new: str, *, actor: Actor, now: datetime
) -> None:
    """Change one's own password; every session of the account ends.

    Raises:
        PasswordWrong: the old one, or it is somebody else's account.
        PasswordWeak: the new one.
    """
    user = locked(session, user_id)
    if actor.id != str(user_id) or not passwords.is_right(old, user.password_hash):
        raise PasswordWrong
    passwords.check_strength(new, user.email, user.name, field="new")

    user.password_hash = passwords.hash_password(new)
    end_sessions(session, user_id, now=now)

    audit.record(session, Tag.USER_CHANGE_PASSWORD, subject=user.id, actor=actor, now=now)


def disable(session: Session, user_id: UUID, *, reason: str, actor: Actor, now: datetime) -> User:
    """Shut an account; its sessions end at once. One person may do it: it can only take away.

    Raises:
        Forbidden: without `users.manage`, or oneself.
        NotFound: there is no such user.
        InvalidInput: no reason given.
        LastSuperAdmin: nobody could open accounts again.
    """
    require(actor, Permission.USERS_MANAGE)
    check_reason(reason)
    if actor.id == str(user_id):
        raise Forbidden("Nobody shuts their own account.")
    session.execute(_LOCK_ADMINS)
    user = locked(session, user_id)
    if _super_admins(session) == {user.id}:
        raise LastSuperAdmin

    user.is_active = False
    end_sessions(session, user_id, now=now)

    audit.record(session, Tag.USER_DEACTIVATE, subject=user.id, actor=actor, now=now, reason=reason)
    return user


def unlock(session: Session, user_id: UUID, *, actor: Actor, now: datetime) -> User:
    """Let somebody try again who was locked out; password and one-time code stay as they are.

    Raises:
        Forbidden: without `users.manage`.
        NotFound: there is no such user.
    """
    require(actor, Permission.USERS_MANAGE)
    user = locked(session, user_id)

    user.failed_count = 0
    user.locked_until = None
    throttle.forgive(session, throttle.sign_in_key(user.email))

    audit.record(session, Tag.USER_UNLOCK, subject=user.id, actor=actor, now=now)
    return user


def end_sessions(session: Session, user_id: UUID, *, now: datetime) -> None:
    """End every session of a user."""
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def clean_email(text: str) -> str:
    """The address as we keep it: trimmed, NFC, lower case.

    Raises:
        InvalidInput: it cannot be an address.
    """
    email = unicodedata.normalize("NFC", text.strip()).lower()
    local, at, domain = email.partition("@")
    is_good = (
        len(email) <= EMAIL_CHARACTERS_MAX
        and bool(local and at and "." in domain.strip("."))
        and "@" not in domain
        and not any(c.isspace() or c in '"<>(),;:\\' or _is_hidden(c) for c in email)
    )
    if not is_good:
        raise InvalidInput("This is no e-mail address.", field="email")
    return email


def clean_name(text: str) -> str:
    """A person's name as written, trimmed, without hidden or direction-changing characters.

    Raises:
        InvalidInput: empty, too long, or with such characters.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not name or len(name) > NAME_CHARACTERS_MAX or any(map(_is_hidden, name)):
        raise InvalidInput("Write the name as in your passport.", field="name")
    return name


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN


def _super_admins(session: Session) -> set[UUID]:
    return set(
        session.scalars(
            select(User.id)
            .join(RoleGrant, RoleGrant.user_id == User.id)
            .where(RoleGrant.role == Role.SUPER_ADMIN, RoleGrant.revoked_at.is_(None))
            .where(User.is_active)
        )
    )


def locked(session: Session, user_id: UUID) -> User:
    """The user, for this transaction to change.

    Raises:
        NotFound: there is no such user.
    """
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def check_reason(reason: str) -> None:
    """Raises `InvalidInput` for what says nothing."""
    if len(reason.strip()) < REASON_CHARACTERS_MIN:
        raise InvalidInput("Say why, in a few words.", field="reason")
