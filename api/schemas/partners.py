"""Partners over the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from operational.partners.forms import PartnerForm
from operational.partners.rules import RATES_MAX, Rate


class PartnerOut(BaseModel):
    """One partner."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    reference: str
    name: str
    code: str
    country: str
    currency: str
    plan_name: str
    is_active: bool
    joined_at: datetime


class JoinedOut(PartnerOut):
    """A new partner, and once: the link by which they take up their account."""

    link: str


class LinkOut(BaseModel):
    """The link by which an account is taken up, told this once."""

    link: str


class PlanVersionOut(BaseModel):
    """One version of a commission plan."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    name: str
    version: int
    rates: list[dict[str, Any]]
    duration_seconds_min: int
    valid_from: datetime
    made_by: str
    published_by: str | None
    published_at: datetime | None


class RateForm(BaseModel):
    """What one lot of a symbol, or of a group of symbols, pays."""

    model_config = ConfigDict(extra="forbid")

    per_lot: Annotated[str, Field(max_length=20)]
    currency: Annotated[str, Field(max_length=5)]
    symbol: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    symbol_group: Annotated[str, Field(min_length=1, max_length=40)] | None = None

    def rate(self) -> Rate:
        name = self.symbol or self.symbol_group or ""
        return Rate(name.lower(), self.per_lot, self.currency, self.symbol, self.symbol_group)


class PlanForm(BaseModel):
    """The next version of a plan."""

    model_config = ConfigDict(extra="forbid")

    rates: Annotated[list[RateForm], Field(max_length=RATES_MAX)]
    duration_seconds_min: Annotated[int, Field(ge=0, le=86_400)] = 0
    valid_from: AwareDatetime


class PlanPageForm(BaseModel):
    """The same from a page: a rate a line, the moment in UTC."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=60)]
    rates: Annotated[str, Field(max_length=40_000)]
    duration_seconds_min: Annotated[int, Field(ge=0, le=86_400)] = 0
    valid_from: datetime


class NewPartnerForm(PartnerForm):
    """A partner, and who stands above it."""

    parent_id: Annotated[UUID | None, BeforeValidator(lambda found: found or None)] = None

    def partner(self) -> PartnerForm:
        return PartnerForm.model_validate(
            {name: getattr(self, name) for name in PartnerForm.model_fields}
        )
