"""Disputes: the list by deadline, and one with its story, its evidence and our answer."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.routes.disputes import give, pdf
from api.schemas.disputes import AnswerForm
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page, see_other
from operational.access.matrix import Permission
from operational.clients import queries as clients
from operational.payments import queries as payments
from operational.payments.disputes import queries, service
from operational.payments.disputes import ratios as monitoring
from operational.payments.disputes.states import ANSWERABLE, Stage
from operational.platforms.connect import connect

router = Pages("/staff/disputes")

TOP_BPS = 300
"""Of the chart: twice the last limit; a bar that goes beyond is cut."""

READS, ANSWERS = needs(Permission.DISPUTES_READ), needs(Permission.DISPUTES_ANSWER)


@router.get("", dependencies=[READS])
def dispute_list(
    request: Request, session: SessionDep, now: NowDep, stage: Stage | None = None
) -> Response:
    found = listed(request, session, queries.matching(stage), by="opened_at")
    waiting = session.scalars(queries.unanswered().order_by(queries.by_deadline()).limit(100)).all()
    rows = [*waiting, *found.rows]
    return page(
        request,
        "staff/disputes.html",
        disputes=found,
        waiting=waiting,
        wanted=stage,
        stages=list(Stage),
        now=now,
        clients={
            one.id: one for one in session.scalars(clients.by_ids({row.client_id for row in rows}))
        },
    )


@router.get("/ratios", dependencies=[READS])
def ratios(request: Request, session: SessionDep, now: NowDep) -> Response:
    """How near each provider's disputes come to what card schemes tolerate."""
    found = monitoring.ratios(session, now)
    months = sorted({one.month for one in found})
    return page(
        request,
        "staff/dispute_ratios.html",
        ratios=found,
        months=months,
        psps=sorted({one.psp for one in found}),
        by_place={(one.psp, one.month): one for one in found},
        top_bps=TOP_BPS,
    )


@router.get("/{reference}", dependencies=[READS])
def dispute(request: Request, reference: str, session: SessionDep, now: NowDep) -> Response:
    found = queries.get(session, reference)
    is_open = found.answer_status in {None, "refused"}
    return page(
        request,
        "staff/dispute.html",
        dispute=found,
        client=clients.get(session, found.client_id),
        payment=payments.get(session, found.payment_id),
        told=queries.story(session, found),
        packs=session.scalars(queries.packs_of(found.id)).all(),
        history=queries.history(session, found.client_id),
        may_answer=found.stage in ANSWERABLE and is_open,
        now=now,
    )


@router.post("/{reference}/packs", dependencies=[ANSWERS])
def make_pack(
    reference: str, session: SessionDep, actor: ActorDep, hub: HubDep, now: NowDep
) -> Response:
    platform = partial(connect, hub.settings)
    service.make_pack(session, reference, platform=platform, actor=actor, now=now)
    return see_other(f"/staff/disputes/{reference}", "pack_made")


@router.get("/{reference}/packs/{pack_id}", dependencies=[ANSWERS])
def pack(
    reference: str, pack_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    return pdf(session, reference, pack_id, actor=actor, now=now)


@router.post("/{reference}/answer", dependencies=[ANSWERS])
def answer(
    reference: str,
    form: Annotated[AnswerForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    give(session, reference, form, actor=actor, now=now)
    return see_other(f"/staff/disputes/{reference}", "dispute_answered")
