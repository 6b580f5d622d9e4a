"""Why money is moved by hand, against which account, and where that stands."""

from dataclasses import dataclass
from enum import StrEnum


class ReasonCode(StrEnum):
    GOODWILL = "goodwill"
    """A gift after something went wrong."""
    CORRECTION = "correction"
    """Something was booked wrong, by us or by a provider."""
    FEE = "fee"
    """A fee the client owes, such as for an inactive account."""
    FEE_REFUND = "fee_refund"
    """A fee given back."""
    DEBT_WRITE_OFF = "debt_write_off"
    """What a client owes after a chargeback or a negative balance, and will not pay."""


@dataclass(frozen=True, slots=True)
class House:
    """One of our own accounts as the other side."""

    name: str
    kind: str
    signs: frozenset[int]
    """1 where the client may be credited, -1 where debited."""


HOUSES: dict[ReasonCode, House] = {
    ReasonCode.GOODWILL: House("house:goodwill", "expense", frozenset({1})),
    ReasonCode.CORRECTION: House("house:corrections", "expense", frozenset({1, -1})),
    ReasonCode.FEE: House("house:fees", "income", frozenset({-1})),
    ReasonCode.FEE_REFUND: House("house:fees", "income", frozenset({1})),
    ReasonCode.DEBT_WRITE_OFF: House("house:write_offs", "expense", frozenset({1})),
}


class AdjustmentStatus(StrEnum):
    WAITING = "waiting"
    """For a second person."""
    POSTED = "posted"
    REFUSED = "refused"
    EXPIRED = "expired"
    """Nobody decided in time."""
