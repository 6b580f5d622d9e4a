"""One booking on an account of ours, and what its texts say it is. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from pydantic import TypeAdapter

from operational.kit.money import Money
from operational.payments.psp import PspEvent
from operational.payments.states import News, PayoutNews

SOURCE = "bank"
"""Of the messages these lines come as, and the name of the PSP they are news from."""

_REFERENCE = re.compile(r"(?<![A-Z0-9])([DP])[-\s]?([0-9A-HJ-NP-TV-Z]{8})(?![A-Z0-9])")
"""Our references, as people type them and banks print them: without the dash, in small letters."""


@dataclass(frozen=True, slots=True)
class Line:
    """One booking, or one payment of a booking that holds several."""

    line_id: str
    """The same in every file that tells of it."""
    account: str
    amount_minor: int
    """Signed: what came in is positive."""
    currency: str
    booked_on: date
    party: str | None
    """Who paid us, or was paid."""
    party_account: str | None
    told: str
    """All its texts."""
    return_reason: str | None

    @property
    def amount(self) -> Money:
        return Money(abs(self.amount_minor), self.currency)


LINE = TypeAdapter(Line)


class Kind(StrEnum):
    DEPOSIT = "deposit"
    """Came in, and quotes one deposit of ours."""
    UNKNOWN = "unknown"
    """Came in, and nobody can tell what for."""
    SETTLEMENT = "settlement"
    """Came in from a provider; reconciliation matches it."""
    PAYOUT = "payout"
    """Went out as one payout of ours."""
    RETURN = "return"
    """Came back from one payout of ours."""
    OTHER = "other"
    """Went out for anything else, such as the bank's own charge."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line is, and which of our references says so."""

    kind: Kind
    reference: str | None = None


def read(line: Line, providers: frozenset[str]) -> Reading:
    """Decide by direction, return code and the references among the texts.

    Args:
        line: the booking.
        providers: the first words, in capitals, of those who pay us what they settled.
    """
    named = references(line.told)
    deposits = sorted(one for one in named if one.startswith("D"))
    payouts = sorted(one for one in named if one.startswith("P"))
    if line.amount_minor < 0:
        is_ours = len(payouts) == 1
        return Reading(Kind.PAYOUT, payouts[0]) if is_ours else Reading(Kind.OTHER)
    if len(payouts) == 1 and not deposits:
        return Reading(Kind.RETURN, payouts[0])
    if len(deposits) == 1 and not payouts and not line.return_reason:
        return Reading(Kind.DEPOSIT, deposits[0])
    first_word = (line.party or "").upper().split()[:1]
    if not named and providers.issuperset(first_word) and first_word:
        return Reading(Kind.SETTLEMENT)
    return Reading(Kind.UNKNOWN)


def references(text: str) -> frozenset[str]:
    """Every reference of ours in a text, as we write it."""
    return frozenset(f"{kind}-{rest}" for kind, rest in _REFERENCE.findall(text.upper()))


def event_of(
    line: Line, news: News | PayoutNews, reference: str | None, *, is_live: bool
) -> PspEvent:
    """The line as news of a deposit or a payout.

    A payout is one operation, whether the status report or the statement tells that it left.
    """
    is_paid = news is PayoutNews.PAID and reference
    operation = reference if is_paid and reference else line.line_id
    of_payout = isinstance(news, PayoutNews) and reference
    return PspEvent(
        external_id=line.line_id,
        news=news,
        operation_id=operation,
        psp_payment_id=reference if of_payout and reference else line.line_id,
        reference=reference,
        amount=line.amount,
        occurred_at=datetime.combine(line.booked_on, time(), UTC),
        is_live=is_live,
        details={"reason": line.return_reason} if line.return_reason else {},
    )
