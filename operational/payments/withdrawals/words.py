"""What a client may be told of a withdrawal: one sentence per state, for the room and for Support.

Why a person looks is not said: who is being looked at for money laundering must not learn it.
"""

from collections.abc import Sequence

from operational.payments.withdrawals.models import Payout, Withdrawal
from operational.payments.withdrawals.states import PayoutStatus, WithdrawalStatus

_DAYS = {
    "card": "2 to 5 working days, sometimes up to 10",
    "bank_transfer": "1 to 3 working days",
    "crypto": "an hour",
    "paypal": "a day",
}
_DAYS_OTHER = "a few working days"


_SENTENCES = {
    WithdrawalStatus.REVIEW: "We are checking this withdrawal, usually within one working day. "
    "The money is set aside; you can still cancel.",
    WithdrawalStatus.PAID: "Paid. It can take {days} until you see it.",
    WithdrawalStatus.PARTLY_PAID: "A part was paid. The rest could not be, and is back in your wallet.",
    WithdrawalStatus.FAILED: "It could not be paid, and the money is back in your wallet. "
    "Please ask again, with another destination if you can.",
    WithdrawalStatus.RETURNED: "It was paid, but came back to us. The money is in your wallet; "
    "please check the destination.",
    WithdrawalStatus.REFUSED: "We could not approve this withdrawal. The money is in your wallet; "
    "please write to us.",
    WithdrawalStatus.CANCELLED: "You cancelled this withdrawal. The money is back in your wallet.",
}
_ON_ITS_WAY = {
    PayoutStatus.IN_DOUBT: "Approved. Our payment provider has not confirmed it yet; we are asking, "
    "and you need to do nothing. It is paid once, never twice.",
    PayoutStatus.SENT: "On its way. It takes {days}.",
    PayoutStatus.PAID: "On its way. It takes {days}.",
    PayoutStatus.QUEUED: "Approved. We are sending it now.",
}
"""Of an approved withdrawal, by the first of these states that one of its payouts is in."""
_PAYOUTS = {
    PayoutStatus.PLANNED: "Will go {where}.",
    PayoutStatus.QUEUED: "Is being sent {where}.",
    PayoutStatus.IN_DOUBT: "Our payment provider has not confirmed it yet; we are asking.",
    PayoutStatus.SENT: "On its way {where}; it takes {days}.",
    PayoutStatus.PAID: "Paid {where}.",
    PayoutStatus.FAILED: "Could not be paid this way.",
    PayoutStatus.RETURNED: "Was paid, and came back to us.",
    PayoutStatus.CANCELLED: "Was not sent.",
}


def sentence(withdrawal: Withdrawal, legs: Sequence[Payout]) -> str:
    """Where a withdrawal is, and what happens next, as one may say it to the client.

    Args:
        withdrawal: which one.
        legs: its payouts that no other has replaced.
    """
    found = _SENTENCES.get(WithdrawalStatus(withdrawal.status))
    if found is None:
        statuses = {PayoutStatus(leg.status) for leg in legs}
        found = next(told for status, told in _ON_ITS_WAY.items() if status in statuses)
    slowest = [days for method, days in _DAYS.items() if any(leg.method == method for leg in legs)]
    return found.format(days=slowest[0] if slowest else _DAYS_OTHER)


def payout_sentence(payout: Payout) -> str:
    """The same of one payout."""
    where = "to where you paid from" if payout.payment_id else "to your destination"
    days = _DAYS.get(payout.method, _DAYS_OTHER)
    return _PAYOUTS[PayoutStatus(payout.status)].format(where=where, days=days)
