"""States of withdrawals, of payouts and of destinations."""

from enum import StrEnum


class WithdrawalStatus(StrEnum):
    REVIEW = "review"
    """The money is held; a person decides."""
    APPROVED = "approved"
    """By rule or by people; its payouts are on their way."""
    PAID = "paid"
    """Every payout has arrived, as far as anybody told."""
    PARTLY_PAID = "partly_paid"
    """Some arrived; the rest is back in the wallet."""
    FAILED = "failed"
    """None could be paid; the money is in the wallet."""
    RETURNED = "returned"
    """It was paid and came back; the money is in the wallet."""
    REFUSED = "refused"
    """A rule or a person said no; the money is free again."""
    CANCELLED = "cancelled"
    """The client thought better of it."""


OPEN = frozenset({WithdrawalStatus.REVIEW, WithdrawalStatus.APPROVED})
"""Something is still to come."""

TRANSITIONS: dict[WithdrawalStatus, frozenset[WithdrawalStatus]] = {
    WithdrawalStatus.REVIEW: frozenset(
        {WithdrawalStatus.APPROVED, WithdrawalStatus.REFUSED, WithdrawalStatus.CANCELLED}
    ),
    # What became of the payouts may change for months: paid, sent back, paid late after all.
    **{
        status: frozenset(
            {
                WithdrawalStatus.APPROVED,
                WithdrawalStatus.PAID,
                WithdrawalStatus.PARTLY_PAID,
                WithdrawalStatus.FAILED,
                WithdrawalStatus.RETURNED,
                WithdrawalStatus.CANCELLED,
            }
        )
        for status in (
            WithdrawalStatus.APPROVED,
            WithdrawalStatus.PAID,
            WithdrawalStatus.PARTLY_PAID,
            WithdrawalStatus.FAILED,
            WithdrawalStatus.RETURNED,
        )
    },
    WithdrawalStatus.REFUSED: frozenset(),
    WithdrawalStatus.CANCELLED: frozenset({WithdrawalStatus.PAID, WithdrawalStatus.PARTLY_PAID}),
}


class PayoutStatus(StrEnum):
    PLANNED = "planned"
    """The money is held; nobody has let it go yet."""
    QUEUED = "queued"
    """Let go; the command waits in the outbox."""
    IN_DOUBT = "in_doubt"
    """The PSP did not answer. It may have it, and is asked before anything else happens."""
    SENT = "sent"
    """The PSP has it."""
    PAID = "paid"
    FAILED = "failed"
    """Not paid. Another payout may replace it; else the money is free again."""
    RETURNED = "returned"
    """It was paid, and came back into the wallet."""
    CANCELLED = "cancelled"
    """Taken back before it was sent."""


UNSENT = frozenset({PayoutStatus.PLANNED, PayoutStatus.QUEUED})
"""The PSP was not asked yet."""
UNDECIDED = frozenset({PayoutStatus.QUEUED, PayoutStatus.IN_DOUBT, PayoutStatus.SENT})
"""Let go, and nobody told yet how it ended."""
HOLDING = UNSENT | UNDECIDED
"""Money is held for it."""


class DestinationStatus(StrEnum):
    PENDING = "pending"
    """Waits for a person to look whose it is."""
    APPROVED = "approved"
    """May be paid to, once the cool-down is over."""
    REFUSED = "refused"
    SUSPENDED = "suspended"
    """Was approved; nothing goes there for now."""
    REMOVED = "removed"
    """The client does not want it any more."""
