"""Giving back an account whose owner lost the password or the one-time codes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import passwords, queries
from operational.access import service as access
from operational.access.matrix import Permission, is_staff
from operational.access.models import User
from operational.access.totp import FieldKey
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor


def reset(
    session: Session, user_id: UUID, password: str, *, key: FieldKey, actor: Actor, now: datetime
) -> str | None:
    """Set a new password, unlock, end every session; staff get a new one-time-code secret.

    Returns:
        The secret to be shown once (base 32), or None for a client or partner.

    Raises:
        Forbidden: without `users.manage`.
        PasswordWeak: too short, too long or well known.
    """
    access.require(actor, Permission.USERS_MANAGE)
    user = session.get_one(User, user_id, with_for_update=True)
    passwords.check_strength(password, user.email, user.name)

    user.password_hash = passwords.hash_password(password)
    user.failed_count = 0
    user.locked_until = None
    access.end_sessions(session, user.id, now=now)

    audit.record(
        session,
        Tag.USER_CHANGE_PASSWORD,
        subject=user.id,
        actor=actor,
        now=now,
        reason="Reset on the command line.",
    )
    if not is_staff(queries.roles_of(session, user.id)):
        return None
    return access.enrol_totp(session, user.id, key=key, actor=actor, now=now)
