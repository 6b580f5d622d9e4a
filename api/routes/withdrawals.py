"""Withdrawals and destinations as staff see and decide them."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.routes.own_withdrawals import told
from api.schemas.lists import After, Limit
from api.schemas.review import CaseOut, DecisionForm
from api.schemas.withdrawals import (
    DestinationVerdictForm,
    StaffDestinationOut,
    StaffWithdrawalOut,
    WithdrawalOut,
)
from api.web.listing import part
from operational.access.matrix import Permission
from operational.payments.withdrawals import deciding, destinations, queries
from operational.payments.withdrawals.states import DestinationStatus, WithdrawalStatus

router = Doors("/api/withdrawals", tag="withdrawals")
places = Doors("/api/destinations", tag="withdrawals")

VERDICTS = {
    "approve": destinations.approve,
    "refuse": destinations.refuse,
    "suspend": destinations.suspend,
}


@router.get("", dependencies=[needs(Permission.PAYMENTS_READ)])
def withdrawals(
    session: SessionDep,
    status: WithdrawalStatus | None = None,
    text: Annotated[str, Query(max_length=200)] = "",
    after: After = None,
    limit: Limit = 100,
) -> list[StaffWithdrawalOut]:
    """The newest first, of one reference (its own, a payout's or a PSP's) or status if said."""
    wanted = queries.matching(text, status)
    found = part(session, wanted, by="requested_at", after=after, rows_max=limit)
    return [StaffWithdrawalOut.model_validate(one) for one in found]


@router.get("/{reference}", dependencies=[needs(Permission.PAYMENTS_READ)])
def withdrawal(reference: str, session: SessionDep) -> WithdrawalOut:
    """One withdrawal, with the sentence that may be told to its client."""
    return told(session, queries.withdrawal(session, reference))


@router.post("/cases/{case_id}/decision", dependencies=[needs(Permission.WITHDRAWALS_DECIDE)])
def decide(
    case_id: UUID, form: DecisionForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> CaseOut:
    """Let a stopped withdrawal go, or refuse it. Above the limit of a day two people must agree."""
    case = deciding.decide_case(
        session,
        case_id,
        verdict=form.verdict,
        note=form.note,
        evidence_id=form.evidence_id,
        actor=actor,
        now=now,
    )
    return CaseOut.model_validate(case)


@places.get("", dependencies=[needs(Permission.DESTINATIONS_APPROVE)])
def all_destinations(
    session: SessionDep,
    status: DestinationStatus | None = None,
    after: After = None,
    limit: Limit = 100,
) -> list[StaffDestinationOut]:
    """Where clients want their money, the newest first."""
    found = part(session, queries.destinations(status), by="added_at", after=after, rows_max=limit)
    return [StaffDestinationOut.model_validate(one) for one in found]


@places.post("/{destination_id}/decision", dependencies=[needs(Permission.DESTINATIONS_APPROVE)])
def judge(
    destination_id: UUID,
    form: DestinationVerdictForm,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> StaffDestinationOut:
    verb = VERDICTS[form.verdict]
    found = verb(session, destination_id, note=form.note, actor=actor, now=now)
    return StaffDestinationOut.model_validate(found)
