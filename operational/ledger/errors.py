"""What the ledger refuses."""

from operational.kit.errors import Conflict, DomainError, NotFound


class InsufficientFunds(DomainError):
    """The account would fall below its floor."""

    code = "insufficient_funds"


class WalletNotFound(NotFound):
    code = "wallet_not_found"


class AlreadyReversed(DomainError):
    code = "already_reversed"


class OperationDiffers(DomainError):
    """The same operation key was posted before with other legs."""

    code = "operation_differs"


class HoldEnded(DomainError):
    """The hold was settled or voided before."""

    code = "hold_ended"


class HoldExceeded(DomainError):
    """The journal takes more than was held, or takes it from elsewhere."""

    code = "hold_exceeded"


class Unbalanced(DomainError):
    """Legs that do not sum to zero per currency, fewer than two, or two on one account."""

    code = "unbalanced"


class LedgerBusy(Conflict):
    """Another posting holds one of the accounts for too long."""

    code = "ledger_busy"
