"""The table of clients."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from operational.clients.states import Stage
from operational.kit.db import Base, Row


class Client(Row, Base):
    """One person, from lead to closed."""

    __tablename__ = "client"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        Index("ix_client_person", "name_key", "birth_date"),
        Index("ix_client_registered_ip", "registered_ip", "registered_at"),
        {"schema": "clients"},
    )

    reference: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("access.user.id"), unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    mailbox: Mapped[str] = mapped_column(index=True)
    """Where the e-mail ends up; several addresses may reach one mailbox."""
    first_name: Mapped[str]
    last_name: Mapped[str]
    name_key: Mapped[str]
    """Both names in Latin letters, lower case, sorted: one key for all spellings."""
    birth_date: Mapped[date | None]
    country: Mapped[str]
    """ISO 3166-1 alpha-2 of residence."""
    language: Mapped[str]
    """ISO 639-1."""
    phone: Mapped[str | None]
    stage: Mapped[str] = mapped_column(server_default=Stage.LEAD)
    source: Mapped[str]
    """Where the lead came from, such as `web` or `partner`."""
    campaign: Mapped[dict[str, Any]]
    """UTM fields as they came."""
    referral_code: Mapped[str | None]
    """As typed, even when no partner owns it."""
    queue: Mapped[str]
    """The sales queue the routing table chose."""
    routing_reason: Mapped[str]
    routing_decision_id: Mapped[UUID | None]
    registered_ip: Mapped[str | None]
    ip_country: Mapped[str | None]
    """Where the edge says that address is."""
    device: Mapped[str | None] = mapped_column(index=True)
    """A fingerprint of the browser, to see one device under several names."""
    registered_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
