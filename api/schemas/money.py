"""Deposits, transfers and wallets over the wire.

Amounts are text: JSON numbers are floats in many programs.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, computed_field

from api.schemas.room import Currency, MoneyForm
from operational.kit.money import Money
from operational.payments.limits import Offer
from operational.payments.states import Method


class AmountOut(BaseModel):
    """A row's minor units, shown as an exact decimal of major units."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    amount_minor: int = Field(exclude=True)
    currency: str

    @computed_field(examples=["250.00"])
    def amount(self) -> str:
        return amount_text(self.amount_minor, self.currency)


class PaymentOut(AmountOut):
    """One deposit."""

    reference: str
    client_id: UUID
    method: str
    psp: str
    status: str
    arrived_minor: int | None = Field(exclude=True)
    redirect_url: str | None
    failure_reason: str | None
    requested_at: datetime
    succeeded_at: datetime | None

    @computed_field(examples=["249.10"])
    def arrived(self) -> str | None:
        """What was credited, which need not be what was asked for; null: nothing was."""
        minor = self.arrived_minor
        return None if minor is None else amount_text(minor, self.currency)


class TransferOut(AmountOut):
    """One transfer; a negative amount came back from the platform."""

    id: UUID
    reference: str
    trading_account_id: UUID
    status: str
    refusal: str | None
    requested_at: datetime
    done_at: datetime | None


class WalletOut(BaseModel):
    """A client's wallet in one currency: what may be spent, and what is on its way."""

    currency: str
    available: str
    held: str

    @classmethod
    def of(cls, currency: str, posted: int, held: int) -> "WalletOut":
        return cls(
            currency=currency,
            available=amount_text(posted - held, currency),
            held=amount_text(held, currency),
        )


class DepositForm(MoneyForm):
    """A deposit a client wants to make."""

    method: Method = Method.CARD


class OfferOut(BaseModel):
    """One way to pay in, and how much: amounts are text."""

    method: str
    low: str
    high: str
    day: str
    month: str
    currency: str

    @classmethod
    def of(cls, offer: Offer) -> "OfferOut":
        low, high, day, month = (
            amount_text(limit.minor, limit.currency)
            for limit in (offer.low, offer.high, offer.day, offer.month)
        )
        currency = offer.low.currency
        return cls(method=offer.method, low=low, high=high, day=day, month=month, currency=currency)


class AgreeForm(MoneyForm):
    """How large a piece of a deposit may be, and why."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class TransferForm(MoneyForm):
    """Money between one's wallet and one's trading account."""

    direction: Literal["in", "out"] = "in"

    @property
    def signed(self) -> Money:
        """Positive towards the platform."""
        return self.money if self.direction == "in" else -self.money


class AccountForm(BaseModel):
    """What a new trading account shall be like."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency
    leverage: Annotated[int, Field(ge=1, le=1000)]


def amount_text(minor: int, currency: str) -> str:
    return str(Money(minor, currency)).partition(" ")[0]


class EntryOut(AmountOut):
    """One entry of a wallet, with the business event it belongs to."""

    id: int
    journal_id: int
    kind: str
    op_key: str
    balance_after: str | None
    effective_at: datetime
    recorded_at: datetime
    reverses: int | None

    @classmethod
    def of(cls, entry: Any, journal: Any) -> "EntryOut":
        after = entry.balance_after
        return cls(
            id=entry.id,
            amount_minor=entry.amount,
            currency=entry.currency,
            journal_id=journal.id,
            kind=journal.kind,
            op_key=journal.op_key,
            balance_after=None if after is None else amount_text(after, entry.currency),
            effective_at=journal.effective_at,
            recorded_at=journal.recorded_at,
            reverses=journal.reverses,
        )
