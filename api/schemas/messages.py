"""Parked messages over the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class MessageOut(BaseModel):
    """One message that stopped, or goes on again."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    status: str
    attempts: int
    error: str | None
    created_at: datetime


class CallbackOut(MessageOut):
    """One callback."""

    source: str
    external_id: str


class CommandOut(MessageOut):
    """One command to the outside."""

    topic: str
    aggregate: str
    payload: dict[str, Any]
    deadline_at: datetime
