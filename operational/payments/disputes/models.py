"""Tables of disputes and of the evidence made for them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row


class Dispute(Row, Base):
    """One deposit that a client's bank questions, by the provider's id of the dispute."""

    __tablename__ = "dispute"
    __table_args__ = (
        UniqueConstraint("psp", "psp_dispute_id"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("answer in ('evidence', 'accepted')", name="answer"),
        CheckConstraint(
            "answer_status in ('sending', 'sent', 'refused', 'by_hand')", name="answer_status"
        ),
        Index("ix_dispute_open", "due_at", postgresql_where=text("ended_at is null")),
        {"schema": "payments"},
    )

    reference: Mapped[str] = mapped_column(unique=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.payment.id"), index=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"), index=True)
    psp: Mapped[str]
    psp_dispute_id: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    """What is questioned: the payment or a part of it."""
    currency: Mapped[str]
    stage: Mapped[str]
    reason: Mapped[str | None]
    """In the provider's word, such as ``fraudulent``."""
    network_reason: Mapped[str | None]
    """The card scheme's code, such as ``10.4``."""
    due_at: Mapped[datetime | None]
    """Until when the bank must hear from us."""
    opened_at: Mapped[datetime]
    staged_at: Mapped[datetime]
    """Since when it is in this stage."""
    ended_at: Mapped[datetime | None]
    """Since when nobody has to decide any more."""
    answer: Mapped[str | None]
    answer_status: Mapped[str | None]
    answer_refusal: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class EvidencePack(Row, Base):
    """What was made to prove a deposit to the client's bank; never changed."""

    __tablename__ = "evidence_pack"
    __table_args__ = ({"schema": "payments"},)

    dispute_id: Mapped[UUID] = mapped_column(ForeignKey("payments.dispute.id"), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """The PDF."""
    content_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    summary: Mapped[dict[str, Any]]
    """The same in the few text fields providers ask for."""
    made_at: Mapped[datetime]
    made_by: Mapped[UUID]
    made_by_name: Mapped[str]
