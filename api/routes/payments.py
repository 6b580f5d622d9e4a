"""Payments as staff see them."""

from typing import Annotated

from fastapi import Query

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.lists import After, Limit
from api.schemas.money import AgreeForm, PaymentOut
from api.web.listing import part
from operational.access.matrix import Permission
from operational.payments import agreeing, queries
from operational.payments.states import PaymentStatus

router = Doors("/api/payments", tag="payments")


@router.get("", dependencies=[needs(Permission.PAYMENTS_READ)])
def payments(
    session: SessionDep,
    status: PaymentStatus | None = None,
    text: Annotated[str, Query(max_length=200)] = "",
    after: After = None,
    limit: Limit = 100,
) -> list[PaymentOut]:
    """The newest first, of one reference, ours or the PSP's, or status if said."""
    wanted = queries.matching(queries.Sought(text, status=status))
    found = part(session, wanted, by="requested_at", after=after, rows_max=limit)
    return [PaymentOut.model_validate(payment) for payment in found]


@router.post("/{reference}/agree", dependencies=[needs(Permission.MESSAGES_REPLAY)])
def agree(
    reference: str, form: AgreeForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> PaymentOut:
    """Let a piece be larger than twice what was asked for; then replay its parked callback."""
    payment = agreeing.agree(
        session, reference, form.money, reason=form.reason, actor=actor, now=now
    )
    return PaymentOut.model_validate(payment)
