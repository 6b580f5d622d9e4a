"""Manual adjustments over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.schemas.money import AmountOut
from api.schemas.room import MoneyForm, OncePerPage
from operational.kit.money import Money
from operational.payments.adjustments import service
from operational.payments.adjustments.states import ReasonCode

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=500)]


class AdjustmentOut(AmountOut):
    """One adjustment; a negative amount is taken from the client."""

    reference: str
    client_id: UUID
    reason_code: str
    note: str
    agrees: str
    status: str
    asked_by_name: str
    asked_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    reverses_id: UUID | None
    shown: str = Field(description="Quote it when you decide: the hash of what you agree to.")

    @classmethod
    def of(cls, adjustment: Any) -> "AdjustmentOut":
        fields = {name: getattr(adjustment, name) for name in cls.model_fields if name != "shown"}
        return cls(**fields, shown=service.shown(adjustment))


class AdjustmentForm(MoneyForm):
    """What to give to a client, or to take."""

    direction: Literal["give", "take"]
    reason_code: ReasonCode
    note: Note

    @property
    def signed(self) -> Money:
        """Positive towards the client."""
        return self.money if self.direction == "give" else -self.money


class AdjustmentApiForm(AdjustmentForm):
    client_id: UUID


class AdjustmentPageForm(AdjustmentForm):
    client: Annotated[str, Field(min_length=3, max_length=20)]
    """The client's reference, as people write it."""
    once: OncePerPage


class ReversalForm(BaseModel):
    """Why an adjustment was a mistake."""

    model_config = ConfigDict(extra="forbid")

    note: Note


class ReversalPageForm(ReversalForm):
    once: OncePerPage


class VerdictForm(BaseModel):
    """The second person's word on exactly what they were shown."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["agree", "refuse"]
    shown: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
