"""Tables of breaks, of what was decided about them, and of the daily client-money report."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row
from operational.reconciliation.states import BreakStatus

SCHEMA = {"schema": "reconciliation"}


class BreakItem(Row, Base):
    """One break, from the day it was found to its end. The lake says what differs; people the rest."""

    __tablename__ = "break_item"
    __table_args__ = (
        CheckConstraint(
            "status in ('open', 'assigned', 'investigating', 'waiting', 'resolved_matched',"
            " 'resolved_adjustment', 'written_off', 'void')",
            name="status",
        ),
        CheckConstraint(
            "(closed_at is null) = (status in ('open', 'assigned', 'investigating', 'waiting'))",
            name="closed",
        ),
        CheckConstraint("(wait_until is null) = (status <> 'waiting')", name="waiting"),
        Index("ix_break_item_key", "break_key"),
        Index(
            "uq_break_item_open",
            "break_key",
            unique=True,
            postgresql_where=text("closed_at is null"),
        ),
        SCHEMA,
    )

    reference: Mapped[str] = mapped_column(unique=True)
    break_key: Mapped[str]
    """The lake's name of it: leg, kind and what it is about. One break of a key is open at a time."""
    leg: Mapped[str]
    kind: Mapped[str]
    counterpart: Mapped[str]
    our_reference: Mapped[str | None]
    external_reference: Mapped[str | None]
    currency: Mapped[str]
    expected_minor: Mapped[int | None] = mapped_column(BigInteger)
    actual_minor: Mapped[int | None] = mapped_column(BigInteger)
    difference_minor: Mapped[int] = mapped_column(BigInteger)
    """Actual less expected."""
    severity: Mapped[str]
    details: Mapped[dict[str, Any]]
    """Source files and rows of both sides, and candidates."""
    occurred_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """When the other side should have come; the age counts from here."""
    found_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(server_default=BreakStatus.OPEN)
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("access.user.id"))
    deadline_at: Mapped[datetime]
    """By when it should be closed."""
    decision_id: Mapped[UUID]
    """Which said the deadline."""
    wait_until: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("reconciliation.break_item.id"))
    """The closed break of the same key that this one comes after."""


class BreakEvent(Row, Base):
    """One thing that happened to a break. All of them are its history."""

    __tablename__ = "break_event"
    __table_args__ = (SCHEMA,)

    break_id: Mapped[UUID] = mapped_column(ForeignKey("reconciliation.break_item.id"), index=True)
    verb: Mapped[str]
    actor_id: Mapped[str]
    note: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Resolution(Row, Base):
    """What was decided about a break, by whom, and the journal it was booked as."""

    __tablename__ = "resolution"
    __table_args__ = (
        CheckConstraint(
            "action in ('match', 'force_match', 'adjust', 'write_off', 'void', 'wait')",
            name="action",
        ),
        CheckConstraint(
            "action in ('match', 'wait') or (agreed_by is not null and agreed_by <> made_by)",
            name="two_persons",
        ),
        CheckConstraint("(journal_id is not null) = (account is not null)", name="booked"),
        CheckConstraint("(wait_until is not null) = (action = 'wait')", name="waits"),
        Index(
            "uq_resolution_final",
            "break_id",
            unique=True,
            postgresql_where=text("action <> 'wait'"),
        ),
        SCHEMA,
    )

    break_id: Mapped[UUID] = mapped_column(ForeignKey("reconciliation.break_item.id"), index=True)
    break_key: Mapped[str]
    action: Mapped[str]
    reason_code: Mapped[str]
    note: Mapped[str]
    evidence_link: Mapped[str | None]
    currency: Mapped[str]
    expected_minor: Mapped[int | None] = mapped_column(BigInteger)
    actual_minor: Mapped[int | None] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    """What was booked; of a match, what the chosen lines add up to."""
    account: Mapped[str | None]
    """The named account that took the difference."""
    journal_id: Mapped[int | None] = mapped_column(ForeignKey("ledger.journal.id"), unique=True)
    wait_until: Mapped[datetime | None]
    approval_id: Mapped[UUID | None] = mapped_column(ForeignKey("access.approval.id"), unique=True)
    made_by: Mapped[str]
    agreed_by: Mapped[str | None]
    at: Mapped[datetime]


class MatchedLine(Row, Base):
    """One line of a PSP, bank or platform that a person matched by hand."""

    __tablename__ = "matched_line"
    __table_args__ = (UniqueConstraint("leg", "line_id"), SCHEMA)

    resolution_id: Mapped[UUID] = mapped_column(
        ForeignKey("reconciliation.resolution.id"), index=True
    )
    break_key: Mapped[str]
    leg: Mapped[str]
    line_id: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]


class Intake(Base):
    """How far the lake's findings were taken over: one row."""

    __tablename__ = "intake"
    __table_args__ = (CheckConstraint("id = 1", name="one"), SCHEMA)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    snapshot: Mapped[int] = mapped_column(BigInteger)
    as_of: Mapped[datetime]


class BankAccount(Row, Base):
    """One bank account that holds client money, in one currency."""

    __tablename__ = "bank_account"
    __table_args__ = (
        UniqueConstraint("account", "currency"),
        CheckConstraint("closed_on >= opened_on", name="days"),
        SCHEMA,
    )

    account: Mapped[str]
    """As statements name it: an IBAN, or the bank's own number."""
    currency: Mapped[str]
    bank: Mapped[str]
    name: Mapped[str]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]


class DailyReport(Row, Base):
    """One version of one day's client-money reconciliation. Prepared, it never changes."""

    __tablename__ = "daily_report"
    __table_args__ = (
        UniqueConstraint("day", "version"),
        CheckConstraint("status in ('asked', 'prepared', 'signed', 'refused')", name="status"),
        CheckConstraint(
            "(status = 'asked') = (content is null)"
            " and (content is null) = (content_sha256 is null)"
            " and (content is null) = (snapshot is null)"
            " and (content is null) = (as_of is null)"
            " and (content is null) = (prepared_at is null)",
            name="prepared",
        ),
        CheckConstraint(
            "(status in ('signed', 'refused')) = (decided_by is not null)", name="decided"
        ),
        CheckConstraint("decided_by is null or decided_by <> asked_by", name="two_persons"),
        SCHEMA,
    )

    day: Mapped[date]
    version: Mapped[int]
    status: Mapped[str]
    asked_by: Mapped[str]
    """The hub for the first version; whoever asked for a correction."""
    asked_at: Mapped[datetime]
    reason: Mapped[str | None]
    """Why it was worked out again."""
    snapshot: Mapped[int | None] = mapped_column(BigInteger)
    as_of: Mapped[datetime | None]
    prepared_at: Mapped[datetime | None]
    content: Mapped[dict[str, Any] | None]
    content_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None]
