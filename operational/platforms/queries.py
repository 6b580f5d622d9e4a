"""Named reads of trading accounts and transfers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from operational.platforms.errors import TradingAccountNotFound
from operational.platforms.models import TradingAccount, Transfer
from operational.platforms.states import AccountStatus, TransferStatus

LOGIN_DIGITS_MAX = 18
"""More fit no bigint."""


def get(session: Session, account_id: UUID) -> TradingAccount:
    """The trading account with this id.

    Raises:
        TradingAccountNotFound.
    """
    found = session.get(TradingAccount, account_id)
    if found is None:
        raise TradingAccountNotFound(f"There is no trading account {account_id}.")
    return found


def of_client(client_id: UUID) -> Select[TradingAccount]:
    """A client's trading accounts, oldest first."""
    return (
        select(TradingAccount)
        .where(TradingAccount.client_id == client_id)
        .order_by(TradingAccount.requested_at, TradingAccount.id)
    )


def matching(text: str = "") -> Select[TradingAccount]:
    """Trading accounts of everybody, of one login or reference if said; in no order."""
    wanted = text.strip()
    if not wanted:
        return select(TradingAccount)
    if wanted.isascii() and wanted.isdecimal() and len(wanted) <= LOGIN_DIGITS_MAX:
        return select(TradingAccount).where(TradingAccount.login == int(wanted))
    return account_by_reference(wanted.upper())


def account_by_reference(reference: str) -> Select[TradingAccount]:
    return select(TradingAccount).where(TradingAccount.reference == reference)


def transfer_by_reference(reference: str) -> Select[Transfer]:
    return select(Transfer).where(Transfer.reference == reference)


def clients_with_login(login: int) -> Select[UUID]:
    """Whose account has this number; each server of a platform counts for itself."""
    return select(TradingAccount.client_id).where(TradingAccount.login == login)


def account_count(session: Session, client_id: UUID) -> int:
    """Accounts a client has or waits for."""
    return (
        session.scalar(
            select(func.count()).where(
                TradingAccount.client_id == client_id,
                TradingAccount.observed_status != AccountStatus.REFUSED,
            )
        )
        or 0
    )


def on_server(server: str) -> Select[TradingAccount]:
    """Every account that has a login on a server."""
    return select(TradingAccount).where(
        TradingAccount.server == server, TradingAccount.login.is_not(None)
    )


def contradictions() -> Select[TradingAccount]:
    """Accounts whose platform shows another state than we want, the oldest contradiction first."""
    return (
        select(TradingAccount)
        .where(TradingAccount.differs_since.is_not(None))
        .order_by(TradingAccount.differs_since)
    )


def moved_minor(session: Session, account_id: UUID) -> int:
    """What a client has moved to an account and not back again, as far as the platform booked it."""
    moved = session.scalar(
        select(func.sum(Transfer.amount_minor)).where(
            Transfer.trading_account_id == account_id, Transfer.status == TransferStatus.DONE
        )
    )
    return int(moved or 0)


def funded(client_id: UUID, since: datetime) -> Select[str, int]:
    """By currency, what a client moved to trading accounts since then."""
    return (
        select(Transfer.currency, func.sum(Transfer.amount_minor))
        .where(Transfer.client_id == client_id, Transfer.amount_minor > 0)
        .where(Transfer.status == TransferStatus.DONE, Transfer.requested_at > since)
        .group_by(Transfer.currency)
    )


def transfers_in_doubt() -> Select[Transfer]:
    """Transfers the platform has not answered; each is looked up there by our reference."""
    return select(Transfer).where(Transfer.status == TransferStatus.IN_DOUBT)


def transfers_of(client_id: UUID, limit: int = 100) -> Select[Transfer]:
    """The newest transfers of one client."""
    return (
        select(Transfer)
        .where(Transfer.client_id == client_id)
        .order_by(Transfer.requested_at.desc(), Transfer.id.desc())
        .limit(limit)
    )
