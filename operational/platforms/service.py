"""The verbs of trading accounts: open, fund, block, unblock, observe."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import service as clients
from operational.clients.states import Stage
from operational.kit import ids
from operational.kit.actor import Actor
from operational.kit.errors import DomainError, InvalidInput
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.messaging import outbox
from operational.platforms import errors, queries, rules
from operational.platforms.models import TradingAccount, Transfer
from operational.platforms.states import READY, AccountStatus, TransferStatus

OPEN_ACCOUNT = "platform.open_account"
TRANSFER = "platform.transfer"
SET_RIGHTS = "platform.set_rights"

PLATFORM = "mt5"
SERVER = "Kingpost-Demo"
OBSERVER = Actor.system("platform observer")

_REFUSALS: dict[str, type[DomainError]] = {
    "not_verified": errors.NotVerified,
    "currency_not_offered": errors.CurrencyNotOffered,
    "leverage_not_offered": errors.LeverageNotOffered,
    "too_many_accounts": errors.TooManyAccounts,
}


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a platform says of one account now."""

    login: int
    rights: int
    balance_minor: int | None = None


def request_account(
    session: Session,
    client_id: UUID,
    *,
    currency: str,
    leverage: int,
    actor: Actor,
    now: datetime,
    server: str = SERVER,
) -> TradingAccount:
    """Ask for a trading account; the outbox opens it on the platform.

    Raises:
        Forbidden, ClientNotFound: the actor may not, or not for this client.
        NotVerified, CurrencyNotOffered, LeverageNotOffered, TooManyAccounts.
    """
    # The client's row is locked, so two requests at once cannot both be the last one allowed.
    client = clients.own(session, client_id, Permission.PLATFORMS_OPEN_ACCOUNT, actor=actor)
    refused = rules.refusals(
        rules.AccountFacts(
            is_verified=client.stage == Stage.VERIFIED,
            currency=currency,
            leverage=leverage,
            account_count=queries.account_count(session, client_id),
        )
    )
    if refused:
        raise _REFUSALS[refused[0]](f"The account cannot be opened: {refused[0]}.")

    account = TradingAccount(
        id=ids.uuid7(),
        reference=ids.reference("A"),
        client_id=client_id,
        platform=PLATFORM,
        server=server,
        group_name=rules.group_of(currency),
        currency=currency,
        leverage=leverage,
        desired_status=AccountStatus.ACTIVE,
        observed_status=AccountStatus.REQUESTED,
        requested_at=now,
    )
    session.add(account)
    session.flush()
    payload = _opening(account) | {
        "first_name": client.first_name,
        "last_name": client.last_name,
        "country": client.country,
    }
    outbox.put(session, OPEN_ACCOUNT, aggregate=_aggregate(account.id), payload=payload, now=now)

    audit.record(
        session,
        Tag.ACCOUNT_REQUEST,
        subject=account.id,
        actor=actor,
        now=now,
        after={"server": server, "currency": currency, "leverage": leverage},
    )
    return account


def _opening(account: TradingAccount) -> dict[str, Any]:
    """What the platform must know of the account it opens."""
    return {
        "account_id": str(account.id),
        "reference": account.reference,
        "group": account.group_name,
        "currency": account.currency,
        "leverage": account.leverage,
    }


def fund(
    session: Session, trading_account_id: UUID, amount: Money, *, actor: Actor, now: datetime
) -> Transfer:
    """Move money from the client's wallet to the account, or back if the amount is negative.

    Towards the platform the money is held on the wallet until the platform has booked it.

    Raises:
        Forbidden, TradingAccountNotFound: the actor may not, or not for this account.
        InvalidInput: nothing to move.
        CurrencyDiffers, AccountNotReady, InsufficientFunds, NotEnoughObserved.
    """
    account = _own(session, trading_account_id, Permission.PLATFORMS_FUND, actor=actor)
    if amount.minor == 0:
        raise InvalidInput("There is nothing to move.", field="amount")
    if amount.currency != account.currency:
        raise errors.CurrencyDiffers(f"The account is in {account.currency}.", field="currency")
    if account.login is None or account.observed_status not in READY:
        raise errors.AccountNotReady(f"The account is {account.observed_status}.")
    # Blocked here, it may still be open there while the platform does not answer.
    if account.desired_status not in READY:
        raise errors.AccountNotReady(f"The account is to be {account.desired_status}.")
    if amount.minor < 0 and (account.observed_balance_minor or 0) < -amount.minor:
        raise errors.NotEnoughObserved(f"There is less than {-amount} on the account.")

    transfer = Transfer(
        id=ids.uuid7(),
        reference=ids.reference("T"),
        client_id=account.client_id,
        trading_account_id=account.id,
        amount_minor=amount.minor,
        currency=amount.currency,
        status=TransferStatus.REQUESTED,
        requested_at=now,
    )
    session.add(transfer)
    session.flush()
    if amount.minor > 0:
        wallet = ledger.client_wallet(session, account.client_id, amount.currency)
        ledger.hold(session, hold_key(transfer), wallet, amount)
    payload = {
        "transfer_id": str(transfer.id),
        "reference": transfer.reference,
        "login": account.login,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "requested_at": now.isoformat(),
    }
    outbox.put(session, TRANSFER, aggregate=_aggregate(account.id), payload=payload, now=now)

    audit.record(
        session,
        Tag.TRANSFER_REQUEST,
        subject=transfer.id,
        actor=actor,
        now=now,
        after={"amount": str(amount), "account": account.reference},
    )
    return transfer


def block(
    session: Session, trading_account_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> TradingAccount:
    """Keep the client from logging in. Open positions, orders and stops stay as they are.

    Raises:
        Forbidden, TradingAccountNotFound, InvalidInput, AccountNotReady, AlreadySo.
    """
    return _want(
        session,
        trading_account_id,
        AccountStatus.BLOCKED,
        tag=Tag.ACCOUNT_BLOCK,
        reason=reason,
        actor=actor,
        now=now,
    )


def unblock(
    session: Session, trading_account_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> TradingAccount:
    """Let the client log in again.

    Raises:
        Forbidden, TradingAccountNotFound, InvalidInput, AccountNotReady, AlreadySo.
    """
    return _want(
        session,
        trading_account_id,
        AccountStatus.ACTIVE,
        tag=Tag.ACCOUNT_UNBLOCK,
        reason=reason,
        actor=actor,
        now=now,
    )


def observe(
    session: Session,
    server: str,
    sightings: Iterable[Sighting],
    *,
    known: Collection[int],
    now: datetime,
) -> int:
    """Write down what a poll of all accounts of a server found; return how many had changed.

    Of the logins we knew when asking, one that the platform did not name is missing there.
    """
    by_login = {sighting.login: sighting for sighting in sightings}
    changed = 0
    for account in session.scalars(queries.on_server(server)):
        assert account.login is not None
        sighting = by_login.get(account.login)
        if account.login in known and _is_news(account, sighting):
            session.refresh(account, with_for_update=True)
            # A command may have brought newer news than a poll that began before it.
            if account.observed_at is None or account.observed_at <= now:
                see(session, account, sighting, now=now)
                changed += 1
    return changed


def see(
    session: Session, account: TradingAccount, sighting: Sighting | None, *, now: datetime
) -> None:
    """Take over what the platform said of one account, and notice if it contradicts us."""
    before = account.observed_status
    account.observed_at = now
    if sighting is None:
        account.observed_status = AccountStatus.MISSING
    else:
        account.observed_status = rules.status_of(sighting.rights)
        account.observed_rights = sighting.rights
        if sighting.balance_minor is not None:
            account.observed_balance_minor = sighting.balance_minor
    compare(account, now)
    if account.observed_status != before:
        audit.record(
            session,
            Tag.ACCOUNT_OBSERVE,
            subject=account.id,
            actor=OBSERVER,
            now=now,
            before={"status": before},
            after={"status": account.observed_status, "wanted": account.desired_status},
        )


def compare(account: TradingAccount, now: datetime) -> None:
    """Start or stop the clock of a contradiction."""
    if not rules.contradicts(account.desired_status, account.observed_status):
        account.differs_since = None
    elif account.differs_since is None:
        account.differs_since = now


def hold_key(transfer: Transfer) -> str:
    """The name of the money held for a transfer, and of the journal that settles it."""
    return f"transfer:{transfer.id}"


def _want(
    session: Session,
    trading_account_id: UUID,
    wanted: AccountStatus,
    *,
    tag: Tag,
    reason: str,
    actor: Actor,
    now: datetime,
) -> TradingAccount:
    access.require(actor, Permission.PLATFORMS_BLOCK)
    account = _locked(session, trading_account_id)
    if not reason.strip():
        raise InvalidInput("Say why.", field="reason")
    if account.login is None:
        raise errors.AccountNotReady(f"The account is {account.observed_status}.")
    if account.desired_status == wanted and account.observed_status == wanted:
        raise errors.AlreadySo(f"The account is {wanted} already.")

    before = _seen(account)
    account.desired_status = wanted
    account.block_reason = reason if wanted is AccountStatus.BLOCKED else None
    compare(account, now)
    payload = {
        "account_id": str(account.id),
        "login": account.login,
        "is_login_allowed": wanted is AccountStatus.ACTIVE,
    }
    outbox.put(session, SET_RIGHTS, aggregate=_aggregate(account.id), payload=payload, now=now)

    audit.record(
        session,
        tag,
        subject=account.id,
        actor=actor,
        now=now,
        reason=reason,
        before=before,
        after=_seen(account),
    )
    return account


def _is_news(account: TradingAccount, sighting: Sighting | None) -> bool:
    if sighting is None:
        return account.observed_status != AccountStatus.MISSING
    known = (account.observed_rights, account.observed_balance_minor)
    is_back = account.observed_status == AccountStatus.MISSING
    return is_back or known != (sighting.rights, sighting.balance_minor)


def _own(
    session: Session, trading_account_id: UUID, permission: Permission, *, actor: Actor
) -> TradingAccount:
    """The account, locked, if the actor is its client (or a process of ours)."""
    access.require(actor, permission)
    account = _locked(session, trading_account_id)
    if not actor.is_system:
        clients.own(session, account.client_id, permission, actor=actor)
    return account


def _locked(session: Session, trading_account_id: UUID) -> TradingAccount:
    account = session.get(TradingAccount, trading_account_id, with_for_update=True)
    if account is None:
        raise errors.TradingAccountNotFound(f"There is no trading account {trading_account_id}.")
    return account


def _aggregate(account_id: UUID) -> str:
    return f"account:{account_id}"


def _seen(account: TradingAccount) -> dict[str, Any]:
    return {"wanted": account.desired_status, "observed": account.observed_status}
