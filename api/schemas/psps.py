"""PSPs over the wire: how each does, and the switch."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class SwitchOffForm(BaseModel):
    """What is kept from payments, and why."""

    model_config = ConfigDict(extra="forbid")

    psp: Annotated[str, Field(max_length=50)]
    method: Annotated[str, Field(max_length=50, description="One method, or `any`.")] = "any"
    reason: Reason


class SwitchOnForm(BaseModel):
    """Why payments may go there again."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class SwitchOut(BaseModel):
    """One switching-off, and its end."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    psp: str
    method: str
    reason: str
    off_at: datetime
    on_at: datetime | None


class TallyOut(BaseModel):
    """Attempts of one span of time; a success rate where any was decided."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    asked: int
    decided: int
    paid: int
    faults: int
    success_percent: int | None


class PerformanceOut(BaseModel):
    """One method at one PSP, over 15 minutes, an hour and a day."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    psp: str
    method: str
    tallies: dict[str, TallyOut]
    seconds_to_pay: int | None
    breaker: str
