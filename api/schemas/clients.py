"""Clients, as staff and they themselves see them."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


DateOrMask = Annotated[str, BeforeValidator(_text)]
"""YYYY-MM-DD, or a mask for who may not see it."""


class ClientOut(BaseModel):
    """One client. Personal fields are masked for who may not see them."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    reference: str
    user_id: UUID
    email: str
    first_name: str
    last_name: str
    birth_date: DateOrMask | None
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


class InvitedOut(BaseModel):
    """A client whom staff registered, and the link to hand over. It is told this once."""

    id: UUID
    link: str


class RegisteredOut(BaseModel):
    """What a new client is told."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    reference: str
    stage: str
