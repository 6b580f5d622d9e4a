"""States of a payment, what a PSP may tell of one, and their ranks."""

from enum import StrEnum


class PaymentStatus(StrEnum):
    CREATED = "created"
    """We know of it; the PSP was not asked yet."""
    PENDING = "pending"
    """The PSP has it; the client may still have to act."""
    AUTHORISED = "authorised"
    """The card issuer agreed; the money is not ours yet."""
    FAILED = "failed"
    """Refused, abandoned, expired, or not captured after all. A later success still wins."""
    SUCCEEDED = "succeeded"
    """Captured, and credited to the client's wallet."""
    UNDERPAID = "underpaid"
    """Less arrived than was asked for. What arrived is in the client's wallet."""
    OVERPAID = "overpaid"
    """More arrived than was asked for. All that arrived is in the client's wallet."""
    REFUNDED = "refunded"
    """Given back to the card, in part or whole."""
    CHARGED_BACK = "charged_back"
    """Taken back through the card scheme."""
    CHARGEBACK_WON = "chargeback_won"
    """Taken back, disputed by us, and returned to us."""


class News(StrEnum):
    """What a PSP tells. Most of it is a status; the rest corrects what was told before."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    FAILED = "failed"
    SUCCEEDED = "succeeded"
    """The whole amount was captured, as it was asked for."""
    ARRIVED = "arrived"
    """Money came, by transfer or in a coin: as much as it is, in one piece of several maybe."""
    CAPTURE_FAILED = "capture_failed"
    """The capture we were told of did not go through after all."""
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    """The card would not take a refund; the money is back with us."""
    CHARGED_BACK = "charged_back"
    CHARGEBACK_WON = "chargeback_won"
    CHARGED_BACK_AGAIN = "charged_back_again"
    """The card issuer did not accept that we won, and took the money a second time."""
    DISPUTED = "disputed"
    """A dispute got on, and no money moved by it; see `disputes.states.Stage`."""


class PayoutNews(StrEnum):
    """What a PSP tells of money that leaves. None is spelt like a `News`: JSON tells them apart."""

    SENT = "payout_sent"
    """The PSP has it, and has not paid it yet."""
    PAID = "payout_paid"
    FAILED = "payout_failed"
    """Never paid. A later PAID still wins."""
    RETURNED = "payout_returned"
    """It is back with us, whatever was told before: paid and sent back, or failed after all."""


RANKS: dict[str, int] = {
    PaymentStatus.CREATED: 0,
    News.PENDING: 10,
    News.AUTHORISED: 20,
    # A failure may be followed by a success (the client tries another card on the same page),
    # never the other way round, so it ranks below.
    News.FAILED: 30,
    News.SUCCEEDED: 40,
    News.ARRIVED: 40,
    News.CAPTURE_FAILED: 45,
    News.REFUNDED: 50,
    News.REFUND_FAILED: 55,
    News.DISPUTED: 57,
    News.CHARGED_BACK: 60,
    News.CHARGEBACK_WON: 70,
    News.CHARGED_BACK_AGAIN: 80,
}
"""In what order news makes sense. Statuses before the capture are called like the news of them."""

OPEN = frozenset({PaymentStatus.CREATED, PaymentStatus.PENDING, PaymentStatus.AUTHORISED})
"""The PSP has more to say."""

WHOLE = frozenset({News.PENDING, News.AUTHORISED, News.FAILED, News.SUCCEEDED, News.CAPTURE_FAILED})
"""News of the payment as such, over its whole amount; the rest may speak of a part."""


class Method(StrEnum):
    """How a client pays in."""

    CARD = "card"
    IDEAL = "ideal"
    BANK_TRANSFER = "bank_transfer"
    PAYPAL = "paypal"
    CRYPTO = "crypto"


class Network(StrEnum):
    """A coin on the network it is sent over: the same coin sent over another one is lost."""

    BTC = "btc"
    ETH = "eth"
    LTC = "ltc"
    TRX = "trx"
    USDC_ERC20 = "usdcerc20"
    USDT_ERC20 = "usdterc20"
    USDT_TRC20 = "usdttrc20"


class AttemptOutcome(StrEnum):
    """What became of asking one PSP for one payment."""

    ASKED = "asked"
    """Not answered yet."""
    OPENED = "opened"
    """The payment page is open; the client has it."""
    REFUSED = "refused"
    """The PSP said no to opening one."""
    UNANSWERED = "unanswered"
    """The PSP did not answer, or was broken, each time."""
    SKIPPED = "skipped"
    """Not asked: it was switched off, or its breaker opened, before its turn."""
    PAID = "paid"
    DECLINED = "declined"
    """The client's bank said no. Another card on the same page may still pay."""
    ABANDONED = "abandoned"
    """The client left the page without paying. It says nothing of the PSP."""


class BreakerState(StrEnum):
    """The automatic switch of one method at one PSP."""

    CLOSED = "closed"
    """Payments pass."""
    OPEN = "open"
    """Too much failed: nothing passes."""
    HALF_OPEN = "half_open"
    """One payment at a time tries whether the PSP is back."""


ANSWERED = frozenset(set(AttemptOutcome) - {AttemptOutcome.ASKED, AttemptOutcome.SKIPPED})
"""The PSP was asked, and did something or was given up."""
FAULTS = frozenset({AttemptOutcome.REFUSED, AttemptOutcome.UNANSWERED})
"""What speaks against the PSP itself: its breaker counts them."""
DECIDED = FAULTS | {AttemptOutcome.PAID, AttemptOutcome.DECLINED}
"""What success rates are computed over."""
