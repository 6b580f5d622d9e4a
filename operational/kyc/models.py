"""Tables of documents and identity checks."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row


class Document(Row, Base):
    """One uploaded document. The bytes lie encrypted outside the database, under our id."""

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint("kind in ('passport', 'id_card', 'proof_of_address')", name="kind"),
        Index("ix_document_sha256", "sha256"),
        {"schema": "kyc"},
    )

    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"), index=True)
    kind: Mapped[str]
    file_name: Mapped[str]
    """As the client named it; data only, never a path."""
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    mrz: Mapped[str | None]
    """Machine-readable zone as given by the client or read from the document."""
    document_number: Mapped[str | None]
    expires_on: Mapped[date | None]
    uploaded_at: Mapped[datetime]


class Check(Row, Base):
    """One run of all checks on one client: the facts found, and what the table said."""

    __tablename__ = "check"
    __table_args__ = (
        CheckConstraint("outcome in ('approve', 'review', 'refuse')", name="outcome"),
        {"schema": "kyc"},
    )

    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"), index=True)
    facts: Mapped[dict[str, Any]]
    compared: Mapped[dict[str, Any]]
    """Whom the client said to be, what the document said, and the listed names that came close:
    `{profile, printed, hits}`. Personal, so no part of the facts, which the lake keeps."""
    outcome: Mapped[str]
    reasons: Mapped[list[dict[str, Any]]]
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("rules.decision.id"))
    checked_at: Mapped[datetime]


class ScreeningList(Row, Base):
    """One sanctions or PEP list and the version of it that is in force."""

    __tablename__ = "screening_list"
    __table_args__ = ({"schema": "kyc"},)

    name: Mapped[str] = mapped_column(unique=True)
    version: Mapped[str]
    """Its publisher's date, or a hash of the file."""
    entries_count: Mapped[int]
    loaded_at: Mapped[datetime]


class ScreeningEntry(Row, Base):
    """One name on a sanctions or PEP list, as loaded for screening."""

    __tablename__ = "screening_entry"
    __table_args__ = (
        Index("uq_screening_entry", "list_name", "external_id", "name", unique=True),
        {"schema": "kyc"},
    )

    list_name: Mapped[str] = mapped_column(ForeignKey("kyc.screening_list.name"))
    list_version: Mapped[str]
    """The version that last named it; older than the list's own, it was taken off."""
    external_id: Mapped[str]
    name: Mapped[str]
    """One primary name or alias."""
    birth_year: Mapped[int | None]
    countries: Mapped[list[str]]
    programme: Mapped[str]
