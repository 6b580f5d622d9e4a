"""Parked messages over the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints


class MessageOut(BaseModel):
    """One message that stopped, or goes on again."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    status: str
    attempts: int
    error: str | None
    created_at: datetime


class CloseForm(BaseModel):
    """Why nothing follows from it."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class AssignForm(CloseForm):
    """Whose a transfer is, and how that was found out."""

    client: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    """The client's reference, such as ``C-7K3MQ0TR``."""


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
