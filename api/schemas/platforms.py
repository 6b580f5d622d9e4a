"""Trading accounts and transfers over the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, computed_field

from api.schemas.money import amount_text


class AccountOut(BaseModel):
    """One trading account: what we want, what the platform shows."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    reference: str
    client_id: UUID
    platform: str
    server: str
    login: int | None
    group_name: str
    currency: str
    leverage: int
    desired_status: str
    observed_status: str
    observed_balance_minor: int | None = Field(exclude=True)
    observed_at: datetime | None
    block_reason: str | None
    differs_since: datetime | None
    requested_at: datetime

    @computed_field(examples=["250.00"])
    def observed_balance(self) -> str | None:
        """As text, like every amount: JSON numbers are floats in many programs."""
        minor = self.observed_balance_minor
        return None if minor is None else amount_text(minor, self.currency)


class BlockForm(BaseModel):
    """What is wanted of an account, and why."""

    model_config = ConfigDict(extra="forbid")

    wanted: Literal["block", "unblock"]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class ReasonForm(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=500)]
