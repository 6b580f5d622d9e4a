"""Clients, as staff and they themselves see them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class ClientOut(BaseModel):
    """One client."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    reference: str
    user_id: UUID
    email: str
    first_name: str
    last_name: str
    birth_date: date | None
    country: str
    language: str
    phone: str | None
    stage: str
    source: str
    campaign: dict[str, Any]
    referral_code: str | None
    queue: str
    routing_reason: str
    registered_at: datetime
    verified_at: datetime | None


class RegisteredOut(BaseModel):
    """What a new client is told."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    reference: str
    stage: str
