"""What MetaTrader's rights mask means, what we offer, and when platform and hub contradict."""

from dataclasses import dataclass

from operational.platforms.states import AccountStatus

ENABLED = 0x1
TRADE_DISABLED = 0x4
"""Inverted: set means that trading is off."""

LEVERAGES = (10, 20, 30, 50, 100, 200, 400, 500)
CURRENCIES = frozenset({"USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "NZD", "PLN", "ZAR"})
ACCOUNTS_MAX = 10
"""Per client."""


def status_of(rights: int) -> AccountStatus:
    """What a rights mask lets the client do."""
    if not rights & ENABLED:
        return AccountStatus.BLOCKED
    return AccountStatus.TRADING_DISABLED if rights & TRADE_DISABLED else AccountStatus.ACTIVE


def with_login(rights: int, *, is_allowed: bool) -> int:
    """The mask with logging in allowed or not; every other bit, known or not, is kept."""
    return rights | ENABLED if is_allowed else rights & ~ENABLED


def group_of(currency: str) -> str:
    """The group whose conditions a new account gets."""
    return f"real\\standard-{currency}"


def contradicts(desired: str, observed: str) -> bool:
    """Whether the platform shows another state than the one we want."""
    return desired != observed


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What decides whether a client may open another account."""

    is_verified: bool
    currency: str
    leverage: int
    account_count: int


def refusals(facts: AccountFacts) -> list[str]:
    """Why not, as stable codes."""
    checks = {
        "not_verified": facts.is_verified,
        "currency_not_offered": facts.currency in CURRENCIES,
        "leverage_not_offered": facts.leverage in LEVERAGES,
        "too_many_accounts": facts.account_count < ACCOUNTS_MAX,
    }
    return [code for code, is_fine in checks.items() if not is_fine]
