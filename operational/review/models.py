"""Tables of cases and of the evidence shown to their deciders."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row
from operational.review.states import CaseStatus


class Case(Row, Base):
    """One thing that stopped, and its reasons. `version` grows with every change."""

    __tablename__ = "case"
    __table_args__ = (
        CheckConstraint("status in ('open', 'approved', 'refused', 'withdrawn')", name="status"),
        Index(
            "uq_case_open",
            "kind",
            "subject_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
        {"schema": "review"},
    )

    reference: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    """What stopped, such as `kyc`."""
    subject_id: Mapped[UUID]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"), index=True)
    reasons: Mapped[list[dict[str, Any]]]
    """See `rules.Reason`."""
    decision_id: Mapped[UUID | None] = mapped_column(ForeignKey("rules.decision.id"))
    """The automatic decision that stopped it."""
    status: Mapped[str] = mapped_column(server_default=CaseStatus.OPEN)
    version: Mapped[int] = mapped_column(server_default="1")
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str | None]
    decision_note: Mapped[str | None]
    evidence_id: Mapped[UUID | None]


class Evidence(Row, Base):
    """Exactly what one viewer was shown of one case: the payload after masking, and its hash."""

    __tablename__ = "evidence"
    __table_args__ = ({"schema": "review"},)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("review.case.id"), index=True)
    case_version: Mapped[int]
    viewer_id: Mapped[UUID]
    roles: Mapped[list[str]]
    payload: Mapped[dict[str, Any]]
    payload_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    served_at: Mapped[datetime]
