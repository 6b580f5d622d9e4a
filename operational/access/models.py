"""Tables of users, their roles and their sessions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row


class User(Row, Base):
    """One person who can sign in: staff, client or partner."""

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        {"schema": "access"},
    )

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    """None until the owner has taken up the account; nobody else chooses it."""
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted with the field key; staff only."""
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    """The last accepted 30-second step: a code works once."""
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    failed_count: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    invitation_sha256: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    """Of the one link by which the owner takes up the account."""
    invitation_ends_at: Mapped[datetime | None]


class RoleGrant(Row, Base):
    """A role a user holds, from when to when, given by whom."""

    __tablename__ = "role_grant"
    __table_args__ = (
        Index(
            "uq_role_grant_live",
            "user_id",
            "role",
            unique=True,
            postgresql_where=text("revoked_at is null"),
        ),
        {"schema": "access"},
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("access.user.id"))
    role: Mapped[str]
    granted_by: Mapped[str]
    revoked_at: Mapped[datetime | None]


class UserSession(Row, Base):
    """One signed-in browser or program."""

    __tablename__ = "session"
    __table_args__ = ({"schema": "access"},)

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("access.user.id"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("access.session.id"), index=True)
    """The browser's session that a program's session was made from, and ends with."""
    ip: Mapped[str]
    user_agent: Mapped[str]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInCode(Row, Base):
    """An OpenID Connect authorisation code: one use, one minute."""

    __tablename__ = "sign_in_code"
    __table_args__ = ({"schema": "access"},)

    code_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("access.session.id"))
    client_id: Mapped[str]
    redirect_uri: Mapped[str]
    nonce: Mapped[str | None]
    code_challenge: Mapped[str | None]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RateWindow(Base):
    """How often one key (an address, an account) tried one thing within one window."""

    __tablename__ = "rate_window"
    __table_args__ = ({"schema": "access", "prefixes": ["UNLOGGED"]},)

    key: Mapped[str] = mapped_column(primary_key=True)
    window_at: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(server_default="1")


class Approval(Row, Base):
    """A change that needs a second person, stored whole and executed only as stored."""

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("checker_id is null or checker_id <> maker_id", name="two_persons"),
        CheckConstraint("status in ('waiting', 'approved', 'refused', 'expired')", name="status"),
        Index(
            "uq_approval_waiting",
            "kind",
            "subject_id",
            "payload_sha256",
            unique=True,
            postgresql_where=text("status = 'waiting'"),
        ),
        {"schema": "access"},
    )

    kind: Mapped[str]
    subject_id: Mapped[str]
    payload: Mapped[dict[str, Any]]
    payload_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    maker_id: Mapped[UUID]
    checker_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(server_default="waiting")
    reason: Mapped[str]
    expires_at: Mapped[datetime | None]
    """From then on nobody can agree any more."""
    decided_at: Mapped[datetime | None]
