"""Partners over the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from operational.partners.forms import PartnerForm


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


class NewPartnerForm(PartnerForm):
    """A partner, and who stands above it."""

    parent_id: UUID | None = None

    def partner(self) -> PartnerForm:
        return PartnerForm.model_validate(
            {name: getattr(self, name) for name in PartnerForm.model_fields}
        )
