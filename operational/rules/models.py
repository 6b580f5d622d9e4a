"""Tables of decision tables and of decisions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row


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
        {"schema": "rules"},
    )

    table_version_id: Mapped[UUID] = mapped_column(ForeignKey("rules.table_version.id"))
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    facts: Mapped[dict[str, Any]]
    outcome: Mapped[dict[str, Any]]
    trace: Mapped[dict[str, Any]]
    decided_at: Mapped[datetime]
