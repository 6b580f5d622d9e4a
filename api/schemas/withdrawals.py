"""Withdrawals, their payouts and destinations over the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.money import AmountOut, amount_text
from api.schemas.room import MoneyForm, OncePerPage
from operational.payments.withdrawals import words
from operational.payments.withdrawals.service import Available

Text = Annotated[str, Field(max_length=120)]


class WithdrawalForm(MoneyForm):
    """What leaves the wallet, and where the part goes that no deposit takes back."""

    destination_id: UUID | None = None


class WithdrawalPageForm(MoneyForm):
    """The same, as the page sends it; no destination is an empty field there."""

    destination_id: Annotated[str, Field(max_length=36, pattern=r"^([0-9a-f-]{36})?$")] = ""
    once: OncePerPage

    @property
    def target(self) -> UUID | None:
        return UUID(self.destination_id) if self.destination_id else None


class AvailableOut(BaseModel):
    """What may be taken out of one wallet."""

    currency: str
    wallet: str
    debt: str
    """Owed to us; kept back."""
    withdrawable: str

    @classmethod
    def of(cls, found: Available) -> "AvailableOut":
        currency = found.wallet.currency
        return cls(
            currency=currency,
            wallet=amount_text(found.wallet.minor, currency),
            debt=amount_text(found.debt.minor, currency),
            withdrawable=amount_text(found.withdrawable.minor, currency),
        )


class PayoutOut(AmountOut):
    """One leg of a withdrawal."""

    reference: str
    method: str
    status: str
    planned_at: datetime
    paid_at: datetime | None


class WithdrawalOut(AmountOut):
    """One withdrawal, in words for the client it is of."""

    reference: str
    status: str
    told: str
    """Where it is and what happens next, in a sentence for the client."""
    requested_at: datetime
    ended_at: datetime | None
    payouts: list[PayoutOut]

    @classmethod
    def of(cls, withdrawal: Any, legs: Sequence[Any]) -> "WithdrawalOut":
        return cls(
            amount_minor=withdrawal.amount_minor,
            currency=withdrawal.currency,
            reference=withdrawal.reference,
            status=withdrawal.status,
            told=words.sentence(withdrawal, legs),
            requested_at=withdrawal.requested_at,
            ended_at=withdrawal.ended_at,
            payouts=[PayoutOut.model_validate(leg) for leg in legs],
        )


class StaffWithdrawalOut(AmountOut):
    """One withdrawal in the list of all."""

    reference: str
    client_id: UUID
    status: str
    decision_id: UUID
    requested_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None


class DestinationForm(BaseModel):
    """An account of one's own elsewhere; which details it takes depends on the method."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["bank_transfer", "crypto", "paypal"] = "bank_transfer"
    holder_name: Annotated[str, Field(min_length=2, max_length=120)]
    iban: Text = ""
    bic: Text = ""
    address: Text = ""
    network: Text = ""
    email: Text = ""

    @property
    def details(self) -> dict[str, str]:
        return self.model_dump(include={"iban", "bic", "address", "network", "email"})


class DestinationOut(BaseModel):
    """One destination, its details hidden but for both ends."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    method: str
    label: str
    holder_name: str
    status: str
    added_at: datetime
    usable_from: datetime | None


class StaffDestinationOut(DestinationOut):
    """The same for those who approve it."""

    client_id: UUID
    holder_match_percent: int
    decided_at: datetime | None
    decision_note: str | None


class DestinationVerdictForm(BaseModel):
    """What a person says of a destination, and why."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["approve", "refuse", "suspend"]
    note: Annotated[str, Field(max_length=2000)]
