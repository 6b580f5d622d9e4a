"""What platforms refuse."""

from operational.kit.errors import Conflict, DomainError, NotFound


class TradingAccountNotFound(NotFound):
    code = "trading_account_not_found"


class NotVerified(DomainError):
    """Only a verified client may open a trading account."""

    code = "not_verified"


class TooManyAccounts(DomainError):
    code = "too_many_accounts"


class LeverageNotOffered(DomainError):
    code = "leverage_not_offered"


class CurrencyNotOffered(DomainError):
    code = "currency_not_offered"


class AccountNotReady(DomainError):
    """The platform has not opened the account yet, or it is blocked."""

    code = "account_not_ready"


class CurrencyDiffers(DomainError):
    """The wallet's and the account's currency are not the same."""

    code = "currency_differs"


class NotEnoughObserved(DomainError):
    """More than the platform last said is on the account."""

    code = "not_enough_on_account"


class PlatformAway(DomainError):
    """The platform did not answer; nothing of ours depends on it. Try again."""

    code = "platform_away"


class AlreadySo(Conflict):
    """The account is wanted in this state already."""

    code = "already_so"
