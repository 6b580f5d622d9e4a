"""Named reads of the ledger."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from operational.kit.money import Money
from operational.ledger.models import Account, Balance, Entry, Journal


def available(session: Session, account_id: int) -> Money:
    """What the account's owner may spend: posted less held."""
    found = session.execute(
        select(Balance.posted - Balance.held, Account.currency)
        .join(Account, Account.id == Balance.account_id)
        .where(Balance.account_id == account_id)
    ).one()
    return Money(found[0], found[1])


def journal_of(session: Session, op_key: str) -> int | None:
    """The journal an operation was posted as, if it was."""
    return session.scalar(select(Journal.id).where(Journal.op_key == op_key))


def control_balance(session: Session, name: str, currency: str) -> Money:
    """What one of the house's own accounts is credited with: the sum of its entries."""
    minor = session.scalar(
        select(func.coalesce(func.sum(Entry.amount), 0))
        .join(Account, Account.id == Entry.account_id)
        .where(Account.code == f"{name}:{currency}")
    )
    return Money(int(minor or 0), currency)


def wallets(owner_id: UUID) -> Select[str, int, int]:
    """Currency, posted and held of every wallet of one owner."""
    return (
        select(Account.currency, Balance.posted, Balance.held)
        .join(Balance, Balance.account_id == Account.id)
        .where(Account.owner_id == owner_id)
        .order_by(Account.currency)
    )


def statement(owner_id: UUID, limit: int = 100) -> Select[datetime, str, int, str, int | None, str]:
    """The newest entries of one owner's accounts with their journals."""
    return (
        select(
            Journal.recorded_at,
            Journal.kind,
            Entry.amount,
            Entry.currency,
            Entry.balance_after,
            Journal.op_key,
        )
        .join(Entry, Entry.journal_id == Journal.id)
        .join(Account, Account.id == Entry.account_id)
        .where(Account.owner_id == owner_id)
        .order_by(Entry.id.desc())
        .limit(limit)
    )
