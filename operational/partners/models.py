"""Tables of partners, the tree, attribution and plans."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row


class Partner(Row, Base):
    """One introducing broker or affiliate."""

    __tablename__ = "partner"
    __table_args__ = ({"schema": "partners"},)

    reference: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("access.user.id"), unique=True)
    name: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    """The referral code on links, upper case."""
    country: Mapped[str]
    currency: Mapped[str]
    """Commission is paid in it."""
    plan_name: Mapped[str]
    mailbox: Mapped[str] = mapped_column(index=True)
    """Of the partner's own e-mail, to see self-referrals."""
    name_key: Mapped[str] = mapped_column(index=True)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    joined_at: Mapped[datetime]


class Edge(Row, Base):
    """`parent` stands directly above `child` from one time to another."""

    __tablename__ = "edge"
    __table_args__ = (
        CheckConstraint("child_id <> parent_id", name="no_self"),
        CheckConstraint("valid_to >= valid_from", name="order"),
        Index("uq_edge_live", "child_id", unique=True, postgresql_where=text("valid_to is null")),
        {"schema": "partners"},
    )

    child_id: Mapped[UUID] = mapped_column(ForeignKey("partners.partner.id"))
    parent_id: Mapped[UUID] = mapped_column(ForeignKey("partners.partner.id"))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class Attribution(Row, Base):
    """A client belongs to a partner from one time to another, with the reason."""

    __tablename__ = "attribution"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="order"),
        Index(
            "uq_attribution_live",
            "client_id",
            unique=True,
            postgresql_where=text("valid_to is null"),
        ),
        {"schema": "partners"},
    )

    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"))
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.partner.id"), index=True)
    reason: Mapped[str]
    """Such as `referral_code`."""
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class PlanVersion(Row, Base):
    """One version of a commission plan: per lot by symbol, then by symbol group."""

    __tablename__ = "plan_version"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("published_by is null or published_by <> made_by", name="two_persons"),
        {"schema": "partners"},
    )

    name: Mapped[str]
    version: Mapped[int]
    rates: Mapped[list[dict[str, Any]]]
    """Each `{id, symbol | symbol_group, per_lot (decimal string), currency}`."""
    duration_seconds_min: Mapped[int] = mapped_column(server_default="0")
    """Shorter positions earn nothing."""
    valid_from: Mapped[datetime]
    made_by: Mapped[str]
    published_by: Mapped[str | None]
    published_at: Mapped[datetime | None]
