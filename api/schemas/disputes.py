"""Disputes over the wire."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.schemas.money import AmountOut

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=500)]


class DisputeOut(AmountOut):
    """One dispute: where it stands, until when the bank waits, what we answered."""

    reference: str
    payment_id: UUID
    client_id: UUID
    psp: str
    psp_dispute_id: str
    stage: str
    reason: str | None
    network_reason: str | None
    due_at: datetime | None
    opened_at: datetime
    ended_at: datetime | None
    answer: str | None
    answer_status: str | None
    answer_refusal: str | None


class PackOut(BaseModel):
    """An evidence pack that was made."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    sha256: str
    made_at: datetime
    made_by_name: str


class RatioOut(BaseModel):
    """One provider's month against what card schemes tolerate."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    psp: str
    month: date
    sale_count: int
    dispute_count: int
    ratio_bps: int | None = Field(description="Disputes per 10,000 sales, rounded up.")
    level: str
    reason: str


class AnswerForm(BaseModel):
    """What the provider shall be told."""

    model_config = ConfigDict(extra="forbid")

    answer: Literal["evidence", "accepted", "by_hand"]
    pack_id: UUID | None = Field(None, description="Of `evidence`: what the bank gets.")
    note: Why | None = Field(None, description="Of the others: why, or what was handed in.")
