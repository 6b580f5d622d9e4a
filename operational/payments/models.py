"""Tables of payments and of what happened to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row
from operational.payments.states import AttemptOutcome, BreakerState, PaymentStatus


class Payment(Row, Base):
    """One deposit of one client through one PSP."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("arrived_minor > 0", name="arrived"),
        CheckConstraint("agreed_minor > 0", name="agreed"),
        CheckConstraint("direction in ('deposit', 'withdrawal')", name="direction"),
        Index("uq_payment_psp_payment_id", "psp", "psp_payment_id", unique=True),
        Index(
            "ix_payment_open",
            "requested_at",
            postgresql_where=text("status in ('created', 'pending', 'authorised')"),
        ),
        Index("ix_payment_failed", "requested_at", postgresql_where=text("status = 'failed'")),
        {"schema": "payments"},
    )

    reference: Mapped[str] = mapped_column(unique=True)
    """Ours, sent to the PSP as its merchant reference."""
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"), index=True)
    direction: Mapped[str]
    method: Mapped[str]
    country: Mapped[str]
    """Of the client when asking; some methods belong to one."""
    psp: Mapped[str]
    fallback_psps: Mapped[list[str]]
    """Whom to ask next, in this order, if `psp` refuses or does not answer."""
    routing_decision_id: Mapped[UUID | None]
    """None for what arrived unasked, and a person found whose it is."""
    psp_session_id: Mapped[str | None]
    """The PSP's id of the payment page."""
    psp_session_result: Mapped[str | None]
    """What the browser brought back from the page; some PSPs show what became of it only so."""
    psp_payment_id: Mapped[str | None]
    """The PSP's id of the payment, once it has one."""
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    """What was asked for."""
    arrived_minor: Mapped[int | None] = mapped_column(BigInteger)
    """What was credited to the client, all pieces together, before anything went back."""
    agreed_minor: Mapped[int | None] = mapped_column(BigInteger)
    """How large a piece may be, where a person looked at one that was too large for the rule."""
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=PaymentStatus.CREATED)
    redirect_url: Mapped[str | None]
    failure_reason: Mapped[str | None]
    requested_at: Mapped[datetime]
    succeeded_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    polled_at: Mapped[datetime | None]
    """When the sweeper last asked the PSP about it."""


class PaymentEvent(Row, Base):
    """One thing the PSP told us about a payment. All of them together are its state."""

    __tablename__ = "payment_event"
    __table_args__ = (
        UniqueConstraint("psp", "external_id"),
        {"schema": "payments"},
    )

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.payment.id"), index=True)
    psp: Mapped[str]
    external_id: Mapped[str]
    news: Mapped[str]
    """What it says, as `states.News`."""
    operation_id: Mapped[str]
    """The PSP's id of what moved: the payment, one refund, or one dispute."""
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    is_applied: Mapped[bool]
    """False for an event that changed nothing when it came."""
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    details: Mapped[dict[str, Any]]


class Attempt(Row, Base):
    """One asking of one PSP for one payment, and what became of it: what rates are computed from."""

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("payment_id", "psp"),
        CheckConstraint(
            "outcome in ('asked', 'opened', 'refused', 'unanswered', 'skipped', 'paid', 'declined', 'abandoned')",
            name="outcome",
        ),
        Index("ix_attempt_asked", "psp", "method", "asked_at"),
        Index("ix_attempt_answered", "psp", "method", "answered_at"),
        {"schema": "payments"},
    )

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.payment.id"))
    psp: Mapped[str]
    method: Mapped[str]
    country: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    is_probe: Mapped[bool]
    """Sent to a PSP whose breaker is half open, to see whether it is back."""
    outcome: Mapped[str] = mapped_column(server_default=AttemptOutcome.ASKED)
    reason: Mapped[str | None]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    """When the page was open, or the PSP had refused or was given up."""
    ended_at: Mapped[datetime | None]
    """When the client had paid, was declined, or had left."""


class Breaker(Row, Base):
    """The automatic switch of one method at one PSP."""

    __tablename__ = "breaker"
    __table_args__ = (
        UniqueConstraint("psp", "method"),
        CheckConstraint("state in ('closed', 'open', 'half_open')", name="state"),
        {"schema": "payments"},
    )

    psp: Mapped[str]
    method: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=BreakerState.CLOSED)
    since: Mapped[datetime]
    retry_at: Mapped[datetime | None]
    """While open: when the next payment may probe."""
    openings: Mapped[int] = mapped_column(server_default="0")
    """In a row, without closing in between; each wait is longer."""
    probe_payment_id: Mapped[UUID | None]
    """The payment that probes now."""
    probe_until: Mapped[datetime | None]
    """When the place of a probe that never ends is free again."""


class PspSwitch(Row, Base):
    """One switching-off by a person, of one method at one PSP or of all of it."""

    __tablename__ = "psp_switch"
    __table_args__ = (
        Index(
            "uq_psp_switch_off",
            "psp",
            "method",
            unique=True,
            postgresql_where=text("on_at is null"),
        ),
        {"schema": "payments"},
    )

    psp: Mapped[str]
    method: Mapped[str]
    """`any` for all of them."""
    reason: Mapped[str]
    off_by: Mapped[str]
    off_at: Mapped[datetime]
    on_by: Mapped[str | None]
    on_at: Mapped[datetime | None]
    on_reason: Mapped[str | None]
