"""Documents and checks over the wire; never the bytes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from operational.kyc import files

# The file, and the form around it: boundaries, the zone's text, names.
UPLOAD_BYTES_MAX = files.BYTES_MAX + 64 * 1024


class DocumentOut(BaseModel):
    """One document handed in."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    kind: str
    file_name: str
    media_type: str
    size_bytes: int
    expires_on: date | None
    uploaded_at: datetime


class ToldCheckOut(BaseModel):
    """What a run of the checks came to, in words for the client it is about."""

    outcome: str
    reasons: list[str]
    checked_at: datetime


class CheckOut(BaseModel):
    """What a run of the checks came to, for who may open the identity file."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    outcome: str
    reasons: list[dict[str, Any]]
    checked_at: datetime
