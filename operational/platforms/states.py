"""States of trading accounts and of transfers to them."""

from enum import StrEnum


class AccountStatus(StrEnum):
    REQUESTED = "requested"
    """Asked for; the platform has not given a login yet."""
    ACTIVE = "active"
    """May log in and trade."""
    TRADING_DISABLED = "trading_disabled"
    """May log in, not trade. Only the platform's own staff set this; we observe it."""
    BLOCKED = "blocked"
    """May not log in. Open positions, pending orders, stops and targets stay."""
    MISSING = "missing"
    """The platform has no such login any more."""
    REFUSED = "refused"
    """The platform would not open it."""


READY = frozenset({AccountStatus.ACTIVE, AccountStatus.TRADING_DISABLED})
"""Money may be moved to and from such an account."""


class TransferStatus(StrEnum):
    REQUESTED = "requested"
    """The money is held on the wallet; the command waits in the outbox."""
    DONE = "done"
    """The platform booked it; the ledger followed."""
    REFUSED = "refused"
    """The platform said no; the hold was freed."""
    IN_DOUBT = "in_doubt"
    """The platform did not answer; it will be looked up by our reference."""


TRANSITIONS: dict[TransferStatus, frozenset[TransferStatus]] = {
    TransferStatus.REQUESTED: frozenset(
        {TransferStatus.DONE, TransferStatus.REFUSED, TransferStatus.IN_DOUBT}
    ),
    TransferStatus.IN_DOUBT: frozenset({TransferStatus.DONE, TransferStatus.REFUSED}),
    TransferStatus.DONE: frozenset(),
    TransferStatus.REFUSED: frozenset(),
}
