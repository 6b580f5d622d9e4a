"""Authorisation codes of OpenID Connect: a browser's session handed to a program, once, within a minute."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from operational.access import queries, sessions
from operational.access.errors import CodeRefused
from operational.access.models import SignInCode, User, UserSession
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor

LIFE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Handed:
    """What a program gets for a code."""

    user: User
    roles: frozenset[str]
    parent: UserSession
    token: str
    expires_at: datetime
    nonce: str | None


def issue(
    session: Session,
    session_id: UUID,
    *,
    client_id: str,
    redirect_uri: str,
    nonce: str | None,
    challenge: str | None,
    now: datetime,
) -> str:
    """A code for the browser to carry to the program; only its hash is stored."""
    code = secrets.token_urlsafe(32)
    session.add(
        SignInCode(
            code_sha256=_sha256(code),
            session_id=session_id,
            client_id=client_id,
            redirect_uri=redirect_uri,
            nonce=nonce,
            code_challenge=challenge,
            expires_at=now + LIFE,
        )
    )
    return code


def redeem(
    session: Session,
    code: str,
    *,
    client_id: str,
    redirect_uri: str,
    verifier: str | None,
    visitor: Actor,
    now: datetime,
) -> Handed:
    """Exchange a code for a session of the program's own, which ends with the browser's.

    Raises:
        CodeRefused: unknown, used, too old, another program's, or its browser has signed out.
    """
    taken = session.scalar(
        update(SignInCode)
        .where(SignInCode.code_sha256 == _sha256(code), SignInCode.used_at.is_(None))
        .values(used_at=now)
        .returning(SignInCode)
    )
    if (
        taken is None
        or now >= taken.expires_at
        or (taken.client_id, taken.redirect_uri) != (client_id, redirect_uri)
        or not _is_verified(taken.code_challenge, verifier)
    ):
        raise CodeRefused("This code is not, or no longer, good.")
    parent, user = session.execute(
        select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.id == taken.session_id)
    ).one()
    if parent.revoked_at is not None or not user.is_active:
        raise CodeRefused("The session behind this code has ended.")

    opened, token = sessions.open_session(
        session, user, ip=visitor.ip or "", user_agent=client_id, now=now, parent=parent
    )

    roles = queries.roles_of(session, user.id)
    actor = replace(visitor, id=str(user.id), name=user.name, roles=roles, session_id=opened.id)
    audit.record(session, Tag.USER_SIGN_IN, subject=user.id, actor=actor, now=now, reason=client_id)
    return Handed(user, roles, parent, token, opened.expires_at, taken.nonce)


def _is_verified(challenge: str | None, verifier: str | None) -> bool:
    """PKCE (RFC 7636), S256: who redeems is who asked."""
    if challenge is None:
        return verifier is None
    digest = hashlib.sha256((verifier or "").encode()).digest()
    found = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return compare_digest(found, challenge.encode())


def _sha256(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
