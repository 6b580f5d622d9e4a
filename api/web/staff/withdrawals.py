"""Withdrawals: the worklist, one with its story and the sentence for its client; destinations."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.routes.withdrawals import VERDICTS
from api.schemas.review import DecisionForm
from api.schemas.withdrawals import DestinationVerdictForm
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page, see_other
from operational.access.matrix import Permission
from operational.clients import queries as clients
from operational.payments.withdrawals import deciding, queries, words
from operational.payments.withdrawals.states import DestinationStatus, WithdrawalStatus
from operational.review import queries as review
from operational.rules import queries as rules

router = Pages("/staff/withdrawals")
places = Pages("/staff/destinations")

PAYMENTS = needs(Permission.PAYMENTS_READ)
DESTINATIONS = needs(Permission.DESTINATIONS_APPROVE)


@router.get("", dependencies=[PAYMENTS])
def worklist(
    request: Request,
    session: SessionDep,
    status: WithdrawalStatus | None = None,
    text: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    found = listed(request, session, queries.matching(text, status), by="requested_at")
    ids = {one.client_id for one in found.rows}
    return page(
        request,
        "staff/withdrawals.html",
        withdrawals=found,
        wanted=status,
        text=text,
        counts=queries.counts(session),
        statuses=list(WithdrawalStatus),
        clients={client.id: client for client in session.scalars(clients.by_ids(ids))},
    )


@router.get("/{reference}", dependencies=[PAYMENTS])
def withdrawal(request: Request, reference: str, session: SessionDep) -> Response:
    """One withdrawal: what the client may be told, why it stopped, its payouts and what PSPs told."""
    found = queries.withdrawal(session, reference)
    payouts = session.scalars(queries.payouts_of(found.id)).all()
    decision = rules.get(session, found.decision_id)
    cases = session.scalars(review.cases_about("withdrawal", found.id)).all()
    return page(
        request,
        "staff/withdrawal.html",
        withdrawal=found,
        client=clients.get(session, found.client_id),
        told=words.sentence(found, queries.legs_of(session, found.id)),
        reasons=decision.outcome["reasons"],
        why=decision.outcome["reason"],
        cases=cases,
        votes=session.scalars(queries.votes_of(found.id)).all(),
        payouts=payouts,
        events=session.scalars(queries.events_of([payout.id for payout in payouts])).all(),
        by_id={payout.id: payout for payout in payouts},
    )


@router.post("/cases/{case_id}", dependencies=[needs(Permission.WITHDRAWALS_DECIDE)])
def decide(
    case_id: UUID,
    form: Annotated[DecisionForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    case = deciding.decide_case(
        session,
        case_id,
        verdict=form.verdict,
        note=form.note,
        evidence_id=form.evidence_id,
        actor=actor,
        now=now,
    )
    return see_other("/staff/review", "case_consented" if case.status == "open" else "case_decided")


@places.get("", dependencies=[DESTINATIONS])
def destination_list(
    request: Request, session: SessionDep, status: DestinationStatus | None = None
) -> Response:
    found = listed(request, session, queries.destinations(status), by="added_at")
    ids = {one.client_id for one in found.rows}
    return page(
        request,
        "staff/destinations.html",
        destinations=found,
        wanted=status,
        statuses=list(DestinationStatus),
        clients={client.id: client for client in session.scalars(clients.by_ids(ids))},
    )


@places.post("/{destination_id}", dependencies=[DESTINATIONS])
def judge(
    destination_id: UUID,
    form: Annotated[DestinationVerdictForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    VERDICTS[form.verdict](session, destination_id, note=form.note, actor=actor, now=now)
    return see_other("/staff/destinations", "destination_judged")
