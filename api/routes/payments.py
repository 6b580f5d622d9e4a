"""Payments as staff see them."""

from typing import Annotated

from fastapi import Query

from api.deps import SessionDep, needs
from api.door import Doors
from api.schemas.money import PaymentOut
from operational.access.matrix import Permission
from operational.payments import queries
from operational.payments.states import PaymentStatus

router = Doors("/api/payments", tag="payments")


@router.get("", dependencies=[needs(Permission.PAYMENTS_READ)])
def payments(
    session: SessionDep,
    status: PaymentStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> list[PaymentOut]:
    """The newest first."""
    found = session.scalars(queries.newest(status=status, limit=limit))
    return [PaymentOut.model_validate(payment) for payment in found]
