"""Tables of withdrawals, payouts, what was told of them, destinations and votes."""

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
from operational.payments.withdrawals.states import (
    DestinationStatus,
    PayoutStatus,
    WithdrawalStatus,
)


class Withdrawal(Row, Base):
    """One request of one client for money out of one wallet. Its payouts say where it goes."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint(
            "status in ('review', 'approved', 'paid', 'partly_paid', 'failed', 'returned',"
            " 'refused', 'cancelled')",
            name="status",
        ),
        Index(
            "ix_withdrawal_open",
            "requested_at",
            postgresql_where=text("status in ('review', 'approved')"),
        ),
        Index("ix_withdrawal_client", "client_id", "requested_at"),
        {"schema": "payments"},
    )

    reference: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    amount_usd: Mapped[int]
    """What it is worth in whole dollars, for limits; rounded up."""
    status: Mapped[str] = mapped_column(server_default=WithdrawalStatus.REVIEW)
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("rules.decision.id"))
    """The automatic decision, with the facts of device and connection it was made on."""
    votes_needed: Mapped[int] = mapped_column(server_default="1")
    """How many people must let it go, as far as was known when it was asked for."""
    session_id: Mapped[UUID | None]
    """The browser or program that asked."""
    ip: Mapped[str | None]
    requested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Vote(Row, Base):
    """One person's say on a withdrawal, on the evidence and the plan that person was shown."""

    __tablename__ = "withdrawal_vote"
    __table_args__ = (
        # Whoever has voted cannot be the second one.
        UniqueConstraint("withdrawal_id", "voter_id"),
        CheckConstraint("verdict in ('approved', 'refused')", name="verdict"),
        {"schema": "payments"},
    )

    withdrawal_id: Mapped[UUID] = mapped_column(ForeignKey("payments.withdrawal.id"))
    voter_id: Mapped[UUID]
    voter_name: Mapped[str]
    verdict: Mapped[str]
    note: Mapped[str]
    plan_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the payouts the vote is for: two votes count together only for the same ones."""
    evidence_id: Mapped[UUID]
    voted_at: Mapped[datetime]


class Destination(Row, Base):
    """One place outside that money may go to: a bank account, a crypto address, a wallet."""

    __tablename__ = "destination"
    __table_args__ = (
        CheckConstraint(
            "status in ('pending', 'approved', 'refused', 'suspended', 'removed')", name="status"
        ),
        Index(
            "uq_destination_live",
            "client_id",
            "details_sha256",
            unique=True,
            postgresql_where=text("status <> 'removed'"),
        ),
        Index("ix_destination_pending", "added_at", postgresql_where=text("status = 'pending'")),
        Index("ix_destination_details", "details_sha256"),
        {"schema": "payments"},
    )

    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"), index=True)
    method: Mapped[str]
    label: Mapped[str]
    """The details with the middle hidden, for people to tell them apart."""
    details: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted with the field key: what the PSP must know."""
    details_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    """To see one account under several names; keyed, so that nobody can try accounts out."""
    holder_name: Mapped[str]
    holder_match_percent: Mapped[int]
    """Holder against client, 0 to 100, when it was added."""
    status: Mapped[str] = mapped_column(server_default=DestinationStatus.PENDING)
    added_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decision_note: Mapped[str | None]
    usable_from: Mapped[datetime | None]
    """When the cool-down after approval is over."""


class Payout(Row, Base):
    """One leg of money to a client: a deposit given back, or a transfer. One PSP, one reference."""

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(payment_id is null) <> (destination_id is null)", name="one_way"),
        CheckConstraint(
            "status in ('planned', 'queued', 'in_doubt', 'sent', 'paid', 'failed', 'returned',"
            " 'cancelled')",
            name="status",
        ),
        UniqueConstraint("replaces_id"),
        Index("uq_payout_psp_payout_id", "psp", "psp_payout_id", unique=True),
        Index(
            "ix_payout_undecided",
            "polled_at",
            postgresql_where=text("status in ('queued', 'in_doubt', 'sent')"),
        ),
        {"schema": "payments"},
    )

    reference: Mapped[str] = mapped_column(unique=True)
    """Ours, sent to the PSP as its merchant reference and idempotency key."""
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"), index=True)
    withdrawal_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("payments.withdrawal.id"), index=True
    )
    """None: staff gave a deposit back."""
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.payment.id"), index=True)
    """The deposit given back."""
    destination_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("payments.destination.id"), index=True
    )
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.payout.id"))
    """The failed payout this one was made for."""
    psp: Mapped[str]
    fallback_psps: Mapped[list[str]]
    """Whom to try next for the same destination, in this order."""
    method: Mapped[str]
    country: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=PayoutStatus.PLANNED)
    psp_payout_id: Mapped[str | None]
    """The PSP's id of the refund or transfer, once it has one."""
    failure_reason: Mapped[str | None]
    is_paid_without_hold: Mapped[bool] = mapped_column(server_default=text("false"))
    """Paid after we had given up: the money was free, and may have been spent."""
    planned_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    polled_at: Mapped[datetime | None]
    """When the sweeper last asked the PSP about it."""


class PayoutEvent(Row, Base):
    """One thing the PSP told us about a payout. All of them together are its state."""

    __tablename__ = "payout_event"
    __table_args__ = (
        UniqueConstraint("psp", "external_id"),
        {"schema": "payments"},
    )

    payout_id: Mapped[UUID] = mapped_column(ForeignKey("payments.payout.id"), index=True)
    psp: Mapped[str]
    external_id: Mapped[str]
    news: Mapped[str]
    """What it says, as `states.PayoutNews`."""
    operation_id: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    is_applied: Mapped[bool]
    """False for an event that changed nothing when it came."""
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    details: Mapped[dict[str, Any]]
