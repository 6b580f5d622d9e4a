"""The ledger's tables. The application reads them; only `ledger.post()` and its siblings write."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from operational.kit.db import Base, Ingested, Xid8


class Currency(Base):
    """A currency and the decimal places of its minor unit."""

    __tablename__ = "currency"
    __table_args__ = (
        CheckConstraint("exponent between 0 and 8", name="exponent"),
        {"schema": "ledger"},
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    exponent: Mapped[int] = mapped_column(SmallInteger)


class Account(Ingested, Base):
    """One account in one currency. Client accounts are cached; control accounts are not."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("id", "currency"),
        CheckConstraint(
            "kind in ('asset', 'liability', 'income', 'expense', 'equity')", name="kind"
        ),
        {"schema": "ledger"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    currency: Mapped[str] = mapped_column(ForeignKey("ledger.currency.code"))
    owner_id: Mapped[UUID | None]
    is_cached: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class Journal(Ingested, Base):
    """One business event in the books. Two times: effective (when it counts), recorded (when we knew)."""

    __tablename__ = "journal"
    __table_args__ = ({"schema": "ledger"},)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    op_key: Mapped[str] = mapped_column(unique=True)
    """The operation's own name, such as `deposit:<payment id>`; never pruned."""
    kind: Mapped[str]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    reverses: Mapped[int | None] = mapped_column(ForeignKey("ledger.journal.id"), unique=True)
    actor: Mapped[str]
    meta: Mapped[dict[str, Any]]


class Entry(Ingested, Base):
    """One leg of a journal."""

    __tablename__ = "entry"
    __table_args__ = (
        # A currency other than the account's is impossible.
        ForeignKeyConstraint(
            ["account_id", "currency"], ["ledger.account.id", "ledger.account.currency"]
        ),
        UniqueConstraint("journal_id", "account_id"),
        CheckConstraint("amount <> 0", name="amount"),
        {"schema": "ledger"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    journal_id: Mapped[int] = mapped_column(ForeignKey("ledger.journal.id"))
    account_id: Mapped[int] = mapped_column(BigInteger, index=True)
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    """Minor units credited; a debit is negative."""
    balance_after: Mapped[int | None] = mapped_column(BigInteger)
    """Of cached accounts only."""


class Balance(Ingested, Base):
    """The cached balance of a client account, with its floor as a check on the row."""

    __tablename__ = "balance"
    __table_args__ = (
        CheckConstraint("held >= 0", name="held"),
        CheckConstraint("floor is null or posted - held >= floor", name="floor"),
        {"schema": "ledger", "postgresql_with": {"fillfactor": "50"}},
    )

    account_id: Mapped[int] = mapped_column(
        ForeignKey("ledger.account.id"), primary_key=True, autoincrement=False
    )
    posted: Mapped[int] = mapped_column(BigInteger, server_default="0")
    held: Mapped[int] = mapped_column(BigInteger, server_default="0")
    floor: Mapped[int | None] = mapped_column(BigInteger)
    row_xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    """Without the usual index: one row per wallet is soon read whole, and an update that changes no
    index stays on its page, which a busy wallet needs."""


class Hold(Ingested, Base):
    """Money set aside: settled by a journal, or voided; once."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("status in ('held', 'settled', 'voided')", name="status"),
        {"schema": "ledger"},
    )

    op_key: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger.balance.account_id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(server_default="held")
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    ended_at: Mapped[datetime | None]
