"""Audit records over the wire; personal details stay where they can be erased."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class EventOut(BaseModel):
    """One thing somebody did."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    at: datetime
    actor_id: str
    actor_name: str | None
    role: str
    verb: str
    subject_kind: str
    subject_id: str | None
    reason: str | None
    before: Any
    after: Any
    ip: str | None
    session_id: UUID | None
    rule_version: str | None
    decision_id: UUID | None
    evidence_id: UUID | None
    request_id: str | None
