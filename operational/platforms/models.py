"""Tables of trading accounts and transfers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Row
from operational.platforms.states import AccountStatus, TransferStatus


class TradingAccount(Row, Base):
    """One account on one server of one platform. A login is unique only with its issuer."""

    __tablename__ = "trading_account"
    __table_args__ = (
        UniqueConstraint("platform", "server", "login"),
        {"schema": "platforms"},
    )

    reference: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"), index=True)
    platform: Mapped[str]
    server: Mapped[str]
    login: Mapped[int | None] = mapped_column(BigInteger)
    group_name: Mapped[str]
    currency: Mapped[str]
    leverage: Mapped[int]
    desired_status: Mapped[str] = mapped_column(server_default=AccountStatus.ACTIVE)
    observed_status: Mapped[str] = mapped_column(server_default=AccountStatus.REQUESTED)
    observed_rights: Mapped[int | None] = mapped_column(BigInteger)
    """The platform's whole rights mask, unknown bits included."""
    observed_balance_minor: Mapped[int | None] = mapped_column(BigInteger)
    observed_at: Mapped[datetime | None]
    """When the platform last said something new."""
    differs_since: Mapped[datetime | None] = mapped_column(index=True)
    """Since when the platform contradicts what we want; empty while it agrees."""
    block_reason: Mapped[str | None]
    requested_at: Mapped[datetime]


class Transfer(Row, Base):
    """Money between the wallet and a trading account: positive goes to the platform."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount"),
        CheckConstraint("status in ('requested', 'done', 'refused', 'in_doubt')", name="status"),
        Index("uq_transfer_deal", "trading_account_id", "deal", unique=True),
        {"schema": "platforms"},
    )

    reference: Mapped[str] = mapped_column(unique=True)
    """Ours, written into the deal's comment (at most 31 characters on MT5)."""
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client.id"), index=True)
    trading_account_id: Mapped[UUID] = mapped_column(
        ForeignKey("platforms.trading_account.id"), index=True
    )
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=TransferStatus.REQUESTED)
    deal: Mapped[int | None] = mapped_column(BigInteger)
    """The platform's balance deal."""
    refusal: Mapped[str | None]
    requested_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
