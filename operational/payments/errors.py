"""What payments refuse."""

from operational.kit.errors import DomainError, NotFound
from operational.messaging.errors import Incurable


class PaymentNotFound(NotFound):
    code = "payment_not_found"


class NotVerified(DomainError):
    """Only a verified client may pay in."""

    code = "not_verified"


class AmountOutOfLimits(DomainError):
    code = "amount_out_of_limits"


class DailyLimitReached(DomainError):
    code = "daily_limit_reached"


class MonthlyLimitReached(DomainError):
    code = "monthly_limit_reached"


class MethodNotOffered(DomainError):
    """Not to this client, in this country and currency."""

    code = "method_not_offered"


class SwitchNotFound(NotFound):
    code = "switch_not_found"


class AlreadySwitched(DomainError):
    """Somebody was faster."""

    code = "already_switched"


class NoPspOffers(DomainError):
    """The routing table knows nobody who takes this payment."""

    code = "no_psp_offers"


class CallbackRefused(DomainError):
    """The callback is not from the PSP, or too old. `why` is a stable word for the counter."""

    code = "callback_refused"

    def __init__(self, why: str) -> None:
        super().__init__(f"This callback is not believed: {why}.")
        self.why = why


class CallbackMalformed(DomainError):
    """The signature may hold, but the body is no document of the PSP's form."""

    code = "callback_malformed"


class UnknownReference(DomainError):
    """The PSP speaks of a payment we do not know, or do not know yet. Tried again."""

    code = "unknown_reference"


class CallbackDiffers(Incurable):
    """The PSP speaks of another amount, currency, merchant or mode than our own row."""

    code = "callback_differs"


class TooMuchArrived(Incurable):
    """More than twice what was asked for arrived in one piece. A person finds out whose it is."""

    code = "too_much_arrived"


class ReturnedTooMuch(DomainError):
    """More went back than came in. Tried again: more may come, or a refund have failed."""

    code = "returned_too_much"


class CallbackImpossible(Incurable):
    """Captured twice, charged back twice, or more undone than was done."""

    code = "callback_impossible"
