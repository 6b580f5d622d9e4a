"""Cases, what was shown of them, and decisions."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class CaseOut(BaseModel):
    """One case in the queue."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    reference: str
    kind: str
    client_id: UUID
    reasons: list[dict[str, Any]]
    status: str
    version: int
    opened_at: datetime
    decided_at: datetime | None
    decided_by_name: str | None
    decision_note: str | None


class EvidenceOut(BaseModel):
    """What this reader was shown of a case. The decision quotes `id`."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    case_id: UUID
    case_version: int
    payload: dict[str, Any]
    served_at: datetime


class DecisionForm(BaseModel):
    """A verdict, why, and on what."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["approved", "refused"]
    note: Annotated[str, Field(max_length=2000)]
    evidence_id: UUID
