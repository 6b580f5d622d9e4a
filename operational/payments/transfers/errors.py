"""What transfers refuse."""

from operational.kit.errors import DomainError
from operational.messaging.errors import Incurable


class TransferUnclear(Incurable):
    """It quotes no deposit of ours, or several. A person finds out whose it is."""

    code = "transfer_unclear"


class PayerDiffers(Incurable):
    """The account it came from is not the client's, or the bank does not say whose it is."""

    code = "payer_differs"


class NotATransfer(DomainError):
    """The message tells of no money that came in, so there is nobody to give it to."""

    code = "not_a_transfer"
