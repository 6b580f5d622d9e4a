"""Tables of decision tables and of decisions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row
from operational.rules.states import ReplayStatus


class TableVersion(Row, Base):
    """One version of one decision table, as JSON Decision Model content (zen-engine)."""

    __tablename__ = "table_version"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("status in ('draft', 'published', 'retired')", name="status"),
        CheckConstraint("published_by is null or published_by <> made_by", name="two_persons"),
        Index(
            "uq_table_version_live",
            "name",
            unique=True,
            postgresql_where=text("status = 'published'"),
        ),
        {"schema": "rules"},
    )

    name: Mapped[str]
    version: Mapped[int]
    content: Mapped[dict[str, Any]]
    content_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="draft")
    made_by: Mapped[str]
    published_by: Mapped[str | None]
    published_at: Mapped[datetime | None]


class Decision(Row, Base):
    """One automatic decision: what it saw, what it said, and by which rows of which table."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_subject", "subject_kind", "subject_id"),
        Index("ix_decision_decided_at", "decided_at", "id"),
        {"schema": "rules"},
    )

    table_version_id: Mapped[UUID] = mapped_column(ForeignKey("rules.table_version.id"))
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    facts: Mapped[dict[str, Any]]
    outcome: Mapped[dict[str, Any]]
    trace: Mapped[dict[str, Any]]
    decided_at: Mapped[datetime]


class Replay(Row, Base):
    """One version tried on the decisions of a span of time, its own and those of other versions."""

    __tablename__ = "replay"
    __table_args__ = (
        CheckConstraint("status in ('running', 'done', 'stopped')", name="status"),
        CheckConstraint("since < until", name="span"),
        Index("ix_replay_running", "asked_at", postgresql_where=text("status = 'running'")),
        {"schema": "rules"},
    )

    table_version_id: Mapped[UUID] = mapped_column(ForeignKey("rules.table_version.id"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime]
    """The first moment that does not belong to it."""
    status: Mapped[str] = mapped_column(server_default=ReplayStatus.RUNNING)
    total_count: Mapped[int]
    done_count: Mapped[int] = mapped_column(server_default="0")
    last_decided_at: Mapped[datetime | None]
    """Where it goes on: the moment and id of the last decision tried."""
    last_decision_id: Mapped[UUID | None]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ReplayDifference(Base):
    """A decision that the version tried would have made otherwise, or could not have made."""

    __tablename__ = "replay_difference"
    __table_args__ = ({"schema": "rules"},)

    replay_id: Mapped[UUID] = mapped_column(ForeignKey("rules.replay.id"), primary_key=True)
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("rules.decision.id"), primary_key=True)
    would_be: Mapped[dict[str, Any] | None]
    refusal: Mapped[str | None]
