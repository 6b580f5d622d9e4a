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
    evidence_id: UUID | None
    """What its decider was shown."""


class EvidenceOut(BaseModel):
    """What this reader was shown of a case. The decision quotes `id`."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    case_id: UUID
    case_version: int
    payload: dict[str, Any]
    served_at: datetime


class StoredEvidenceOut(EvidenceOut):
    """The same read back later, by whoever may see cases."""

    viewer_id: UUID
    roles: list[str]
    payload_sha256: str

    @classmethod
    def of(cls, evidence: Any, shown: dict[str, Any]) -> "StoredEvidenceOut":
        return cls(
            id=evidence.id,
            case_id=evidence.case_id,
            case_version=evidence.case_version,
            payload=shown,
            served_at=evidence.served_at,
            viewer_id=evidence.viewer_id,
            roles=evidence.roles,
            payload_sha256=evidence.payload_sha256.hex(),
        )


class DecisionForm(BaseModel):
    """A verdict, why, and on what."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["approved", "refused"]
    note: Annotated[str, Field(max_length=2000)]
    evidence_id: UUID
