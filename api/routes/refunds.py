"""Deposits given back by staff, under four eyes."""

from uuid import UUID

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.adjustments import VerdictForm
from api.schemas.refunds import RefundForm, RefundOut
from operational.access import queries as access
from operational.access.matrix import Permission
from operational.payments import refunds

router = Doors("/api", tag="refunds")


@router.get("/refunds", dependencies=[needs(Permission.REFUNDS_APPROVE)])
def waiting(session: SessionDep) -> list[RefundOut]:
    """What waits for a second person."""
    return [RefundOut.of(one) for one in session.scalars(access.waiting_approvals(refunds.KIND))]


@router.post(
    "/payments/{reference}/refunds",
    status_code=202,
    dependencies=[needs(Permission.REFUNDS_ASK)],
)
def ask(
    reference: str, form: RefundForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> RefundOut:
    """Ask for a deposit to be given back; another person must agree."""
    asked = refunds.ask(session, reference, form.money, reason=form.reason, actor=actor, now=now)
    return RefundOut.of(asked)


@router.post("/refunds/{approval_id}/decision", dependencies=[needs(Permission.REFUNDS_APPROVE)])
def decide(
    approval_id: UUID, form: VerdictForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> RefundOut:
    """Agree or refuse as the second person."""
    is_agreed = form.verdict == "agree"
    decided = refunds.decide(
        session, approval_id, agree=is_agreed, shown=form.shown, actor=actor, now=now
    )
    return RefundOut.of(decided)
