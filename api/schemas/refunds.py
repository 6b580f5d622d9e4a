"""Refunds by staff over the wire."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from api.schemas.room import MoneyForm


class RefundForm(MoneyForm):
    """How much of a deposit shall be given back, and why."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=500)]


class RefundOut(BaseModel):
    """A refund that waits for, or had, its second person."""

    id: UUID
    payment: str
    amount: str
    reason: str
    status: str
    shown: str

    @classmethod
    def of(cls, approval: Any) -> "RefundOut":
        return cls(
            id=approval.id,
            payment=approval.payload["payment"],
            amount=approval.payload["amount"],
            reason=approval.reason,
            status=approval.status,
            shown=approval.payload_sha256.hex(),
        )
