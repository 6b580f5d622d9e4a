"""Tables of the audit log. Triggers and grants are in migrations/sql/audit.sql."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Xid8

_Document = JSONB(none_as_null=True)


class Event(Base):
    """One thing somebody did: the leaf. Everything but `row_xid` is under its hash."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_order", "row_xid", "id"),
        # A few pages of it find a day among millions of records, and cost an insert nothing.
        Index("ix_event_at", "at", postgresql_using="brin"),
        Index("ix_event_subject", "subject_id", "subject_kind"),
        CheckConstraint("octet_length(leaf) = 32", name="leaf"),
        {"schema": "audit"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    row_xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    """Orders the sealing. The application may not set it, or a row could hide behind the sealer."""
    at: Mapped[datetime]
    actor_id: Mapped[str]
    actor_name: Mapped[str | None]
    """Of staff and processes. A client's or partner's is personal."""
    role: Mapped[str]
    """The roles acted under, joined by `+`."""
    session_id: Mapped[UUID | None]
    ip: Mapped[str | None]
    """Likewise."""
    verb: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str | None]
    reason: Mapped[str | None]
    before: Mapped[Any | None] = mapped_column(_Document)
    after: Mapped[Any | None] = mapped_column(_Document)
    rule_version: Mapped[str | None]
    """The decision table and its version, such as `kyc@3`."""
    decision_id: Mapped[UUID | None]
    """The automatic decision whose stored trace explains this."""
    evidence_id: Mapped[UUID | None]
    """What the decider had been shown."""
    request_id: Mapped[str | None]
    pii_commitment: Mapped[str | None]
    """Salted hash of the personal details; they can go, it stays."""
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 over the fields; operational.audit.leaf."""


class Personal(Base):
    """Personal details of one event, readable as long as the person's key exists."""

    __tablename__ = "personal"
    __table_args__ = ({"schema": "audit"},)

    event_id: Mapped[UUID] = mapped_column(ForeignKey("audit.event.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(index=True)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


class PersonalKey(Base):
    """The key of one person's details. Erasing the person empties it."""

    __tablename__ = "personal_key"
    __table_args__ = ({"schema": "audit"},)

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    """The user's id."""
    key: Mapped[bytes | None] = mapped_column(LargeBinary)


class Sealed(Base):
    """The place of one event in the sealed order: no gap, no event twice.

    No foreign key: it would cost a third of the sealing, and `verify` names a missing event anyway.
    """

    __tablename__ = "sealed"
    __table_args__ = ({"schema": "audit"},)

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    event_xid: Mapped[int] = mapped_column(Xid8)
    """With `event_id`, where the sealer stopped."""
    leaf: Mapped[bytes] = mapped_column(LargeBinary)


class SignedCheckpoint(Base):
    """The signed Merkle root of one batch of sealed events."""

    __tablename__ = "checkpoint"
    __table_args__ = (
        CheckConstraint("first_seq between 1 and last_seq", name="order"),
        {"schema": "audit"},
    )

    last_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first_seq: Mapped[int] = mapped_column(BigInteger, unique=True)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """Hash of the checkpoint before; unique, so that the chain cannot fork."""
    signed_at: Mapped[datetime]
    key_id: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
