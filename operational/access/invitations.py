"""The link by which somebody takes up an account: they choose what nobody else ever sees."""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational.access import passwords, queries, totp
from operational.access import service as access
from operational.access.errors import AlreadyJoined, InvitationEnded
from operational.access.matrix import OUTSIDERS
from operational.access.models import User
from operational.access.totp import FieldKey
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import InvalidInput

LIFE = timedelta(days=3)


def invite(session: Session, user: User, *, actor: Actor, now: datetime) -> str:
    """Make the account's one link; return its token, of which only the hash is stored.

    Whatever opened the account before opens it no longer. Without a second person this is for
    partners only; colleagues are invited through `approvals.request`.
    """
    token = secrets.token_urlsafe(32)
    user.invitation_sha256 = _sha256(token)
    user.invitation_ends_at = now + LIFE
    user.password_hash = None
    user.totp_secret = None
    access.end_sessions(session, user.id, now=now)

    audit.record(session, Tag.USER_INVITE, subject=user.id, actor=actor, now=now)
    return token


def invite_outsider(session: Session, user_id: UUID, *, actor: Actor, now: datetime) -> str:
    """The link of a client or partner who has not taken up the account yet.

    Raises:
        AlreadyJoined: a link now would be a way into somebody's account.
    """
    user = session.get_one(User, user_id, with_for_update=True)
    if user.password_hash is not None or needs_codes(session, user):
        raise AlreadyJoined
    return invite(session, user, actor=actor, now=now)


def invited(session: Session, token: str, now: datetime) -> User:
    """Whom a link invites.

    Raises:
        InvitationEnded: used, replaced, too old, or the account is shut.
    """
    user = session.scalar(
        select(User).where(User.invitation_sha256 == _sha256(token)).with_for_update()
    )
    if user is None or not user.is_active or now >= (user.invitation_ends_at or now):
        raise InvitationEnded
    return user


def needs_codes(session: Session, user: User) -> bool:
    """Whether the person signs in with one-time codes: everybody but clients and partners."""
    return queries.roles_of(session, user.id).isdisjoint(OUTSIDERS)


def follow(
    session: Session,
    token: str,
    *,
    password: str,
    secret: str,
    code: str,
    key: FieldKey,
    visitor: Actor,
    now: datetime,
) -> User:
    """Take up the account with a password of one's own and, for staff, one's authenticator.

    Args:
        session: the transaction.
        token: of the link.
        password: chosen by the person.
        secret: the one-time-code secret that the person's app was given (base 32).
        code: what the app shows, which proves that it has the secret.
        key: seals the secret.
        visitor: whoever follows the link.
        now: when.

    Raises:
        InvitationEnded: see `invited`.
        PasswordWeak: too short, too long or well known.
        InvalidInput: not the code of this secret.
    """
    user = invited(session, token, now)
    passwords.check_strength(password, user.email, user.name)
    if needs_codes(session, user):
        step = totp.matching_step(secret, code.strip(), now)
        if step is None:
            raise InvalidInput("This is not the code the app shows now.", field="code")
        user.totp_secret = key.seal(secret, user.id)
        user.totp_last_step = step

    user.password_hash = passwords.hash_password(password)
    user.failed_count = 0
    user.locked_until = None
    user.invitation_sha256 = None
    user.invitation_ends_at = None

    actor = replace(visitor, id=str(user.id), name=user.name)
    audit.record(session, Tag.USER_JOIN, subject=user.id, actor=actor, now=now)
    return user


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
