"""Versions of decision tables, and decisions."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Note = Annotated[str, Field(min_length=5, max_length=500)]


class VersionOut(BaseModel):
    """One version of one table."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    name: str
    version: int
    note: str
    status: str
    made_by: str
    published_by: str | None
    published_at: datetime | None


class VersionDetailOut(VersionOut):
    """The same with its content."""

    content: dict[str, Any]


class DecisionOut(BaseModel):
    """One automatic decision with its facts, outcome and trace."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    table_version_id: UUID
    subject_kind: str
    subject_id: str
    facts: dict[str, Any]
    outcome: dict[str, Any]
    trace: dict[str, Any]
    decided_at: datetime


class DraftForm(BaseModel):
    """The next version of a table, as JSON Decision Model content, and why it changes."""

    model_config = ConfigDict(extra="forbid")

    content: dict[str, Any]
    note: Note


class DraftPageForm(BaseModel):
    """The same from a page, where the content is text."""

    model_config = ConfigDict(extra="forbid")

    content: Annotated[str, Field(max_length=60_000)]
    note: Note


class ReplayForm(BaseModel):
    """On which days' decisions a version is tried; both days belong to it (UTC)."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
    until: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]

    def span(self) -> dict[str, datetime]:
        """The same as moments, as `replays.ask` takes them."""
        ends = self.until + timedelta(days=1)
        return {
            "since": datetime.combine(self.since, time.min, UTC),
            "until": datetime.combine(ends, time.min, UTC),
        }


class ReplayOut(BaseModel):
    """How far a version came in trying the decisions of a span of time."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    table_version_id: UUID
    since: datetime
    until: datetime
    status: str
    total_count: int
    done_count: int
    asked_at: datetime
    ended_at: datetime | None


class WithdrawForm(BaseModel):
    """Why a draft is given up."""

    model_config = ConfigDict(extra="forbid")

    reason: Note


class PublishForm(BaseModel):
    """Nothing but the wish; a form a browser can send."""

    model_config = ConfigDict(extra="forbid")

    is_sure: bool = True
