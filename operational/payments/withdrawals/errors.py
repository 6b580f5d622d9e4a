"""What withdrawals refuse."""

from operational.kit.errors import DomainError, InvalidInput, NotFound


class WithdrawalNotFound(NotFound):
    code = "withdrawal_not_found"


class PayoutNotFound(NotFound):
    code = "payout_not_found"


class DestinationNotFound(NotFound):
    code = "destination_not_found"


class WithdrawalDecided(DomainError):
    """It is past the point where this can be done."""

    code = "withdrawal_decided"


class DestinationNeeded(DomainError):
    """Part of the money cannot go back to where it came from, and no destination is named."""

    code = "destination_needed"


class DestinationNotReady(DomainError):
    """Not approved yet, still cooling down, suspended, or refused."""

    code = "destination_not_ready"


class DestinationKnown(DomainError):
    """The client has this one already."""

    code = "destination_known"


class DestinationInvalid(InvalidInput):
    code = "destination_invalid"


class NothingLeftToRefund(DomainError):
    """More than what is left of the deposit, or its PSP gives nothing back."""

    code = "nothing_left_to_refund"


class NoPspPays(DomainError):
    """The routing table knows nobody who pays this out."""

    code = "no_psp_pays"
