"""The table of manual adjustments."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row
from operational.payments.adjustments.states import AdjustmentStatus


class Adjustment(Row, Base):
    """Money moved by hand between one client and the house: positive goes to the client."""

    __tablename__ = "adjustment"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount"),
        CheckConstraint("status in ('waiting', 'posted', 'refused', 'expired')", name="status"),
        # Whatever the code does: nobody alone, and nothing in the books that nobody agreed to.
        CheckConstraint("decided_by is null or decided_by <> asked_by", name="two_persons"),
        CheckConstraint("status <> 'posted' or decided_by is not null", name="agreed"),
        Index("ix_adjustment_waiting", "asked_at", postgresql_where=text("status = 'waiting'")),
        Index("ix_adjustment_asked_by", "asked_by", "asked_at"),
        Index("ix_adjustment_client", "client_id", "asked_at"),
        Index(
            "uq_adjustment_reverses",
            "reverses_id",
            unique=True,
            postgresql_where=text("status in ('waiting', 'posted')"),
        ),
        {"schema": "payments"},
    )

    reference: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    amount_usd: Mapped[int]
    """Coarse, for the limits."""
    reason_code: Mapped[str]
    note: Mapped[str]
    """Why, in the asker's words."""
    agrees: Mapped[str]
    """Whose agreement it needs: finance or management, by `decision_id`."""
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("rules.decision.id"))
    approval_id: Mapped[UUID] = mapped_column(ForeignKey("access.approval.id"), unique=True)
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.adjustment.id"))
    status: Mapped[str] = mapped_column(server_default=AdjustmentStatus.WAITING)
    asked_by: Mapped[UUID]
    asked_by_name: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
