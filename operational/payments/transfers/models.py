"""The table of what people said of transfers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row


class TransferAssignment(Row, Base):
    """One parked transfer, given by a person to the deposit of one client."""

    __tablename__ = "transfer_assignment"
    __table_args__ = ({"schema": "payments"},)

    message_id: Mapped[UUID] = mapped_column(ForeignKey("messaging.inbox.id"), unique=True)
    """The line, as it was told first."""
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.payment.id"), index=True)
    reason: Mapped[str]
    assigned_by: Mapped[UUID]
    assigned_by_name: Mapped[str]
    assigned_at: Mapped[datetime]
