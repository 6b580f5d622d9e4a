"""The verbs of users, roles and four eyes."""

import hashlib
import json
import unicodedata
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from operational.access import passwords, totp
from operational.access.errors import AlreadyDecided, EmailTaken, SecondPersonNeeded
from operational.access.matrix import OUTSIDERS, Permission, Role, permissions
from operational.access.models import Approval, RoleGrant, User, UserSession
from operational.access.passwords import PasswordHash
from operational.access.totp import FieldKey
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import Conflict, Forbidden, InvalidInput, NotFound

EMAIL_CHARACTERS_MAX = 254
NAME_CHARACTERS_MAX = 200
REASON_CHARACTERS_MIN = 5
# Letters that draw other letters' order or hide themselves; names never need them.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


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
    password: str | PasswordHash,
    role: Role | None,
    actor: Actor,
    now: datetime,
    is_hashed: bool = False,
) -> User:
    """Make somebody who can sign in.

    A client or partner gets the role at once. A staff role is given by the hub itself (the
    command line), or by two persons through `request_role`.

    The e-mail is kept in lower case, one account each. `password` is plain, or a hash made by
    `passwords.hash_password` if `is_hashed`: the accounts of a demo share one hash, made once.

    Raises:
        InvalidInput: e-mail or name.
        PasswordWeak: too short, too long or well known.
        EmailTaken: somebody has it.
        Forbidden: a staff account without `users.manage`.
        SecondPersonNeeded: a person gives a staff role alone.
    """
    email, name = clean_email(email), clean_name(name)
    if role not in OUTSIDERS:
        require(actor, Permission.USERS_MANAGE)
    if role and role not in OUTSIDERS and not actor.is_system:
        raise SecondPersonNeeded("A staff role needs a second person.")
    if not is_hashed:
        passwords.check_strength(password)
    user = User(
        email=email,
        name=name,
        password_hash=password if is_hashed else passwords.hash_password(password),
    )

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

    Raises:
        NotFound: there is no such user.
        Forbidden: neither oneself nor `users.manage`.
    """
    if actor.id != str(user_id):
        require(actor, Permission.USERS_MANAGE)
    user = _user(session, user_id)

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
        Forbidden: somebody else's, or the old one is wrong.
        PasswordWeak: the new one.
    """
    user = _user(session, user_id)
    if actor.id != str(user_id) or not passwords.is_right(old, user.password_hash):
        raise Forbidden("The present password is not right.", field="old")
    passwords.check_strength(new)

    user.password_hash = passwords.hash_password(new)
    end_sessions(session, user_id, now=now)

    audit.record(session, Tag.USER_CHANGE_PASSWORD, subject=user.id, actor=actor, now=now)


def disable(session: Session, user_id: UUID, *, reason: str, actor: Actor, now: datetime) -> User:
    """Shut an account; its sessions end at once. One person may do it: it can only take away.

    Raises:
        Forbidden: without `users.manage`.
        NotFound: there is no such user.
        InvalidInput: no reason given.
    """
    require(actor, Permission.USERS_MANAGE)
    _check_reason(reason)
    user = _user(session, user_id)

    user.is_active = False
    end_sessions(session, user_id, now=now)

    audit.record(session, Tag.USER_DEACTIVATE, subject=user.id, actor=actor, now=now, reason=reason)
    return user


def end_sessions(session: Session, user_id: UUID, *, now: datetime) -> None:
    """End every session of a user."""
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def grant_role(
    session: Session, user_id: UUID, role: Role, *, actor: Actor, now: datetime
) -> RoleGrant:
    """Give a role. Only the hub itself may do it without a second person.

    Raises:
        SecondPersonNeeded: a person asks; use `request_role`.
    """
    if not actor.is_system:
        raise SecondPersonNeeded("A role needs a second person.")
    return _grant(session, _user(session, user_id), role, actor=actor, now=now)


def request_role(
    session: Session,
    user_id: UUID,
    role: Role,
    *,
    revoke: bool,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Approval:
    """Ask for a role to be given or taken; another person must agree.

    Raises:
        Forbidden: without `users.manage`, or for oneself.
        Conflict: the same is waiting already.
    """
    require(actor, Permission.USERS_MANAGE)
    _check_reason(reason)
    if actor.id == str(user_id):
        raise Forbidden("Nobody changes their own roles.")
    user = _user(session, user_id)

    payload = {
        "user_id": str(user.id),
        "role": role.value,
        "change": "revoke" if revoke else "grant",
    }
    approval = Approval(
        kind="role",
        subject_id=str(user.id),
        payload=payload,
        payload_sha256=digest(payload),
        maker_id=UUID(actor.id),
        reason=reason,
    )
    try:
        with session.begin_nested():
            session.add(approval)
            session.flush()
    except IntegrityError:
        raise Conflict("This change is already waiting for a second person.") from None

    audit.record(
        session,
        Tag.APPROVAL_REQUEST,
        subject=approval.id,
        actor=actor,
        now=now,
        reason=reason,
        after=payload,
    )
    return approval


def decide_approval(
    session: Session, approval_id: UUID, *, agree: bool, actor: Actor, now: datetime
) -> Approval:
    """Agree or refuse as the second person; agreeing carries out exactly what was stored.

    Raises:
        NotFound: there is no such request.
        Forbidden: without `users.manage`, or about oneself.
        SecondPersonNeeded: the maker decides.
        AlreadyDecided: somebody was faster.
    """
    require(actor, Permission.USERS_MANAGE)
    approval = session.get(Approval, approval_id, with_for_update=True)
    if approval is None:
        raise NotFound("There is no such request.")
    if str(approval.maker_id) == actor.id:
        raise SecondPersonNeeded("Whoever asked cannot agree.")
    if approval.subject_id == actor.id:
        raise Forbidden("Nobody changes their own roles.")
    if approval.status != "waiting":
        raise AlreadyDecided("Somebody has decided this before.")

    approval.status = "approved" if agree else "refused"
    approval.checker_id = UUID(actor.id)
    approval.decided_at = now
    if agree:
        _carry_out(session, approval, actor=actor, now=now)

    verb = Tag.APPROVAL_GRANT if agree else Tag.APPROVAL_REFUSE
    audit.record(session, verb, subject=approval.id, actor=actor, now=now, after=approval.payload)
    return approval


def digest(payload: dict[str, Any]) -> bytes:
    """SHA-256 of what two persons agree on."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).digest()


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


def _carry_out(session: Session, approval: Approval, *, actor: Actor, now: datetime) -> None:
    assert digest(approval.payload) == approval.payload_sha256, "the stored change was altered"
    user, role = _user(session, UUID(approval.payload["user_id"])), Role(approval.payload["role"])
    change = _grant if approval.payload["change"] == "grant" else _revoke
    change(session, user, role, actor=actor, now=now)


def _grant(session: Session, user: User, role: Role, *, actor: Actor, now: datetime) -> RoleGrant:
    found = _live_grant(session, user, role)
    if found is not None:
        raise Conflict("The user has this role already.")
    grant = RoleGrant(user_id=user.id, role=role, granted_by=actor.id)
    session.add(grant)
    audit.record(
        session, Tag.ROLE_GRANT, subject=user.id, actor=actor, now=now, after={"role": role}
    )
    return grant


def _revoke(session: Session, user: User, role: Role, *, actor: Actor, now: datetime) -> None:
    found = _live_grant(session, user, role)
    if found is None:
        raise Conflict("The user does not have this role.")
    found.revoked_at = now
    audit.record(
        session, Tag.ROLE_REVOKE, subject=user.id, actor=actor, now=now, before={"role": role}
    )


def _live_grant(session: Session, user: User, role: Role) -> RoleGrant | None:
    return session.scalar(
        select(RoleGrant)
        .where(RoleGrant.user_id == user.id, RoleGrant.role == role)
        .where(RoleGrant.revoked_at.is_(None))
        .with_for_update()
    )


def _user(session: Session, user_id: UUID) -> User:
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _check_reason(reason: str) -> None:
    if len(reason.strip()) < REASON_CHARACTERS_MIN:
        raise InvalidInput("Say why, in a few words.", field="reason")
