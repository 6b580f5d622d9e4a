"""The verbs of signing in and out: opaque tokens, of which only the hash is stored."""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import CursorResult, or_, update
from sqlalchemy.orm import Session

from operational.access import passwords, queries, throttle, totp
from operational.access.errors import SignInRefused
from operational.access.matrix import is_staff
from operational.access.models import User, UserSession
from operational.access.totp import FieldKey
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import NotFound

TOKEN_BYTES = 32
ABSOLUTE = timedelta(hours=12)
IDLE_STAFF = timedelta(minutes=15)
IDLE_OUTSIDER = timedelta(minutes=30)
SEEN_EVERY = timedelta(seconds=60)
"""A busy session is written once a minute, not at every click."""
FAILURES_MAX = 5
LOCK = timedelta(minutes=15)
USER_AGENT_CHARACTERS_MAX = 300

ANONYMOUS: frozenset[str] = frozenset()


def sign_in(
    session: Session,
    email: str,
    password: str,
    code: str,
    *,
    key: FieldKey,
    visitor: Actor,
    user_agent: str,
    now: datetime,
) -> tuple[UserSession, str]:
    """Open a session; return it and its token, which exists nowhere else.

    Whatever is wrong, the answer and its cost are the same: nobody learns which e-mails exist.

    Raises:
        SignInRefused: wrong, locked, disabled, or a staff code missing, wrong or used before. The
            caller then runs `count_failure` in a transaction of its own.
    """
    user = queries.user_by_email(session, email)
    cause = _cause(session, user, password, code.strip(), key=key, now=now)
    if cause or user is None:
        raise SignInRefused(email, user.id if user else None, cause or "unknown")

    if passwords.needs_rehash(str(user.password_hash)):
        user.password_hash = passwords.hash_password(password)
    user.failed_count = 0
    user.locked_until = None
    throttle.forgive(session, throttle.sign_in_key(email))
    return _enter(session, user, visitor=visitor, user_agent=user_agent, now=now)


def enter(
    session: Session, user_id: UUID, *, visitor: Actor, user_agent: str, now: datetime
) -> str:
    """Open a session for somebody who has just registered; return its token."""
    user = session.get_one(User, user_id)
    return _enter(session, user, visitor=visitor, user_agent=user_agent, now=now)[1]


def _enter(
    session: Session, user: User, *, visitor: Actor, user_agent: str, now: datetime
) -> tuple[UserSession, str]:
    opened, token = open_session(session, user, ip=visitor.ip or "", user_agent=user_agent, now=now)
    actor = replace(
        visitor,
        id=str(user.id),
        name=user.name,
        roles=queries.roles_of(session, user.id),
        session_id=opened.id,
    )
    audit.record(session, Tag.USER_SIGN_IN, subject=user.id, actor=actor, now=now)
    return opened, token


def count_failure(
    session: Session, refusal: SignInRefused, *, visitor: Actor, now: datetime
) -> None:
    """Record a refused sign-in, and lock the account after five in a row."""
    audit.record(
        session,
        Tag.USER_SIGN_IN_REFUSE,
        subject=refusal.user_id,
        actor=visitor,
        now=now,
        reason=refusal.cause,
    )
    failures = session.scalar(
        update(User)
        .where(User.id == refusal.user_id)
        .values(failed_count=User.failed_count + 1)
        .returning(User.failed_count)
    )
    if failures and failures >= FAILURES_MAX:
        session.execute(
            update(User)
            .where(User.id == refusal.user_id)
            .values(failed_count=0, locked_until=now + LOCK)
        )
        audit.record(session, Tag.USER_LOCK, subject=refusal.user_id, actor=visitor, now=now)


def open_session(
    session: Session,
    user: User,
    *,
    ip: str,
    user_agent: str,
    now: datetime,
    parent: UserSession | None = None,
) -> tuple[UserSession, str]:
    """A new session without any check: for `sign_in`, a fresh client, and a program's token."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    opened = UserSession(
        token_sha256=_sha256(token),
        user_id=user.id,
        parent_id=parent.id if parent else None,
        ip=ip,
        user_agent=user_agent[:USER_AGENT_CHARACTERS_MAX],
        seen_at=now,
        expires_at=parent.expires_at if parent else now + ABSOLUTE,
    )
    session.add(opened)
    session.flush()  # The id is needed for the audit.
    return opened, token


def actor_of(
    session: Session,
    token: str,
    *,
    ip: str,
    now: datetime,
    request_id: str | None = None,
    by_itself: bool = False,
) -> Actor | None:
    """Whose token this is, with the roles held at this moment; nobody's if the session ended.

    A browser and the programs signed in through it are one presence: use of any is use of all. A
    page that asks `by_itself`, to renew what it shows, is no use: nobody may be sitting there.
    """
    row = session.execute(queries.live_session(_sha256(token))).one_or_none()
    if row is None:
        return None
    opened, root, user, roles = row
    held = frozenset(roles or ())
    if now >= opened.expires_at or now - root.seen_at >= idle_max(held) or not held:
        return None

    if not by_itself and now - root.seen_at >= SEEN_EVERY:
        root.seen_at = now
    return Actor(
        id=str(user.id),
        name=user.name,
        roles=held,
        session_id=opened.id,
        ip=ip,
        request_id=request_id,
    )


def idle_max(roles: frozenset[str]) -> timedelta:
    """How long a session of these roles may lie unused."""
    return IDLE_STAFF if is_staff(roles) else IDLE_OUTSIDER


def sign_out(session: Session, session_id: UUID, *, actor: Actor, now: datetime) -> None:
    """End a session and those made from it, or from the same one; it acts on the next request."""
    found = session.get_one(UserSession, session_id)
    _revoke(session, found.parent_id or found.id, now=now)
    audit.record(session, Tag.USER_SIGN_OUT, subject=found.user_id, actor=actor, now=now)


def end_own(session: Session, session_id: UUID, *, actor: Actor, now: datetime) -> None:
    """End one of one's own sessions, in another browser or a lost one.

    Raises:
        NotFound: there is no such session of one's own.
    """
    found = session.get(UserSession, session_id)
    if found is None or str(found.user_id) != actor.id:
        raise NotFound("There is no such session.")
    _revoke(session, found.parent_id or found.id, now=now)
    audit.record(session, Tag.SESSION_REVOKE, subject=found.id, actor=actor, now=now)


def root_of(session: Session, actor: Actor) -> UUID:
    """The session of the browser the actor signed in at."""
    assert actor.session_id is not None
    here = session.get_one(UserSession, actor.session_id)
    return here.parent_id or here.id


def end_others(session: Session, *, actor: Actor, now: datetime) -> None:
    """End every session of one's own but the one that asks."""
    root = root_of(session, actor)
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == UUID(actor.id), UserSession.revoked_at.is_(None))
        .where(UserSession.id != root, UserSession.parent_id.is_distinct_from(root))
        .values(revoked_at=now)
    )
    audit.record(
        session,
        Tag.SESSION_REVOKE,
        subject=root,
        actor=actor,
        now=now,
        reason="every other session",
    )


def _revoke(session: Session, root: UUID, *, now: datetime) -> None:
    session.execute(
        update(UserSession)
        .where(or_(UserSession.id == root, UserSession.parent_id == root))
        .where(UserSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def end(session: Session, session_id: UUID, *, now: datetime) -> None:
    """Sign out whoever holds the session, asked by the person through another program of ours."""
    found = session.get(UserSession, session_id)
    if found is None or found.revoked_at is not None:
        return
    user = session.get_one(User, found.user_id)
    held = queries.roles_of(session, user.id)
    actor = Actor(str(user.id), user.name, held, session_id=found.id, ip=found.ip)
    sign_out(session, session_id, actor=actor, now=now)


def _cause(
    session: Session, user: User | None, password: str, code: str, *, key: FieldKey, now: datetime
) -> str | None:
    """Why not; nothing if all is right. The costly comparison happens in every case."""
    is_right = passwords.is_right(password, user.password_hash if user else None)
    if user is None:
        return "unknown"
    causes = {
        "locked": user.locked_until is not None and now < user.locked_until,
        "password": not is_right,
        "disabled": not user.is_active,
    }
    for cause, holds in causes.items():
        if holds:
            return cause
    return _cause_of_code(session, user, code, key=key, now=now)


def _cause_of_code(
    session: Session, user: User, code: str, *, key: FieldKey, now: datetime
) -> str | None:
    held = queries.roles_of(session, user.id)
    if not held:
        return "no_role"
    if user.totp_secret is None:
        return "no_totp" if is_staff(held) else None
    step = totp.matching_step(key.open(user.totp_secret, user.id), code, now)
    return None if step is not None and _use_step(session, user, step) else "code"


def _use_step(session: Session, user: User, step: int) -> bool:
    """Take the code's step. Of two at once the second waits on the row, and finds it taken."""
    taken = session.execute(
        update(User)
        .where(User.id == user.id)
        .where(or_(User.totp_last_step.is_(None), User.totp_last_step < step))
        .values(totp_last_step=step)
    )
    return cast("CursorResult[None]", taken).rowcount == 1


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
