"""A client's password for the trading terminal: made, told once, kept nowhere."""

import secrets
import string
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import service as clients
from operational.kit.actor import Actor
from operational.platforms import errors, queries
from operational.platforms.mt5 import Mt5, Mt5Refused, Mt5Unavailable

CHARACTERS = 14
_LETTERS = string.ascii_letters + string.digits


def renew(
    session: Session,
    trading_account_id: UUID,
    *,
    platform: Callable[[], Mt5 | None],
    actor: Actor,
    now: datetime,
) -> str:
    """Set a new terminal password and return it.

    The platform is called inside the request: a password in the outbox would lie there in plain
    text. Doing it twice harms nobody.

    Raises:
        Forbidden, TradingAccountNotFound: the actor may not, or not for this account.
        AccountNotReady: the platform has not opened it yet.
        PlatformAway: the platform did not do it, or did not say so; ask again.
    """
    account = queries.get(session, trading_account_id)
    clients.own(session, account.client_id, Permission.PLATFORMS_OPEN_ACCOUNT, actor=actor)
    if account.login is None:
        raise errors.AccountNotReady(f"The account is {account.observed_status}.")

    password = "Aa1!" + "".join(secrets.choice(_LETTERS) for _ in range(CHARACTERS - 4))
    found = platform()
    if found is None:
        raise errors.PlatformAway("The hub is connected to no platform.")
    try:
        with found:
            found.change_password(account.login, password)
    except (Mt5Unavailable, Mt5Refused) as error:
        raise errors.PlatformAway("The platform does not answer. Please try again.") from error

    audit.record(session, Tag.ACCOUNT_RENEW_PASSWORD, subject=account.id, actor=actor, now=now)
    return password
