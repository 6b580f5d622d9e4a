"""Named reads of the ledger."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import BigInteger, Select, String, cast, func, select
from sqlalchemy.orm import Session

from operational.kit.money import Money
from operational.ledger.errors import WalletNotFound
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


def wallet(session: Session, owner_id: UUID, currency: str) -> Account:
    """One owner's wallet in one currency.

    Raises:
        WalletNotFound.
    """
    found = session.scalar(
        select(Account)
        .where(Account.owner_id == owner_id, Account.currency == currency)
        .order_by(Account.id)
        .limit(1)
    )
    if found is None:
        raise WalletNotFound(f"There is no wallet in {currency}.")
    return found


def entries(account_id: int) -> Select[Entry]:
    """Every entry of one account; in no order."""
    return select(Entry).where(Entry.account_id == account_id)


def journals(journal_ids: Collection[int]) -> Select[Journal]:
    """The journals these entries belong to."""
    return select(Journal).where(Journal.id.in_(journal_ids))


def journals_of(op_keys: Collection[str]) -> Select[Journal]:
    """What these operations were posted as, in the order they were."""
    return select(Journal).where(Journal.op_key.in_(op_keys)).order_by(Journal.id)


def control_balances(prefix: str) -> Select[str, str, int]:
    """Name, currency and credited sum of the house's own accounts whose name begins so."""
    name = func.regexp_replace(Account.code, ":[^:]*$", "", type_=String)
    return (
        select(name, Account.currency, cast(func.sum(Entry.amount), BigInteger))
        .join(Entry, Entry.account_id == Account.id)
        .where(Account.code.startswith(prefix, autoescape=True), Account.is_cached.is_(False))
        .group_by(name, Account.currency)
    )


def debt_totals() -> Select[str, int]:
    """What all clients together are credited with on their debt accounts, by currency."""
    return (
        select(Account.currency, cast(func.sum(Entry.amount), BigInteger))
        .join(Entry, Entry.account_id == Account.id)
        .where(Account.code.startswith("client_debt:"))
        .group_by(Account.currency)
    )


def client_totals() -> Select[str, int, int]:
    """Currency, posted and held of all clients' wallets together."""
    return (
        select(
            Account.currency,
            cast(func.sum(Balance.posted), BigInteger),
            cast(func.sum(Balance.held), BigInteger),
        )
        .join(Balance, Balance.account_id == Account.id)
        .where(Account.code.startswith("wallet:"))
        .group_by(Account.currency)
        .order_by(Account.currency)
    )
