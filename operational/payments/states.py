"""States of a payment and their ranks."""

from enum import StrEnum


class PaymentStatus(StrEnum):
    CREATED = "created"
    """We know of it; the PSP was not asked yet."""
    PENDING = "pending"
    """The PSP has it; the client may still have to act."""
    AUTHORISED = "authorised"
    """The card issuer agreed; the money is not ours yet."""
    FAILED = "failed"
    """Refused, abandoned or expired. A later success still wins."""
    SUCCEEDED = "succeeded"
    """Captured, and credited to the client's wallet."""
    REFUNDED = "refunded"
    """Given back to the card, in part or whole."""
    CHARGED_BACK = "charged_back"
    """Taken back through the card scheme."""
    CHARGEBACK_WON = "chargeback_won"
    """Taken back, disputed by us, and returned to us."""


RANKS: dict[PaymentStatus, int] = {
    PaymentStatus.CREATED: 0,
    PaymentStatus.PENDING: 10,
    PaymentStatus.AUTHORISED: 20,
    # A failure may be followed by a success (the client tries another card on the same page),
    # never the other way round, so it ranks below.
    PaymentStatus.FAILED: 30,
    PaymentStatus.SUCCEEDED: 40,
    PaymentStatus.REFUNDED: 50,
    PaymentStatus.CHARGED_BACK: 60,
    PaymentStatus.CHARGEBACK_WON: 70,
}

OPEN = frozenset({PaymentStatus.CREATED, PaymentStatus.PENDING, PaymentStatus.AUTHORISED})
"""The PSP has more to say."""
