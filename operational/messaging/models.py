"""Tables of the two loops and of idempotency."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row
from operational.messaging.states import InboxStatus, OutboxStatus


class InboxMessage(Row, Base):
    """One verified callback, raw. Stored before anything is done with it."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("status in ('new', 'done', 'parked', 'closed')", name="status"),
        Index("ix_inbox_waiting", "next_at", postgresql_where=text("status = 'new'")),
        Index("ix_inbox_parked", "id", postgresql_where=text("status = 'parked'")),
        {"schema": "messaging"},
    )

    source: Mapped[str]
    external_id: Mapped[str]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(server_default=InboxStatus.NEW)
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    done_at: Mapped[datetime | None]
    error: Mapped[str | None]


class OutboxMessage(Row, Base):
    """One command to the outside, written with the state change that asks for it."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(
            "status in ('pending', 'sent', 'refused', 'parked', 'closed')", name="status"
        ),
        Index("ix_outbox_waiting", "aggregate", "seq", postgresql_where=text("status = 'pending'")),
        Index("ix_outbox_due", "next_at", postgresql_where=text("status = 'pending'")),
        Index("ix_outbox_aggregate", "aggregate", "seq"),
        {"schema": "messaging"},
    )

    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    """Order within one aggregate. Never a cursor: numbers are taken before commit."""
    topic: Mapped[str]
    aggregate: Mapped[str]
    """What must keep its order, such as `account:<id>`."""
    payload: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(server_default=OutboxStatus.PENDING)
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    deadline_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]


class IdempotentAnswer(Base):
    """The answer one key got, stored with its effect. Keys never expire."""

    __tablename__ = "idempotency"
    __table_args__ = ({"schema": "messaging"},)

    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str]
    """Method and path."""
    body_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class RefusedCallback(Base):
    """How many callbacks of one source were refused on one day, and why."""

    __tablename__ = "refused_callback"
    __table_args__ = ({"schema": "messaging"},)

    source: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[datetime] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger, server_default="1")


class RefusedSample(Base):
    """One refused callback as it came: a sample, for anybody can send them by the million."""

    __tablename__ = "refused_sample"
    __table_args__ = (
        CheckConstraint("number between 1 and 100", name="number"),
        {"schema": "messaging"},
    )

    source: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[datetime] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Of the sample within the day; the check is the cap."""
    reason: Mapped[str]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The first 2,000 bytes."""
    received_at: Mapped[datetime]
