"""Manual adjustments: the list with the form to ask, and one to agree to."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response
from sqlalchemy.orm import Session

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.once import OnceDep
from api.schemas.adjustments import AdjustmentPageForm, ReversalPageForm, VerdictForm
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page, see_other
from operational.access.matrix import Permission, permissions
from operational.clients import queries as clients
from operational.kit.errors import InvalidInput
from operational.payments.adjustments import queries, service
from operational.payments.adjustments.states import AdjustmentStatus, ReasonCode
from operational.rules import queries as decisions

router = Pages("/staff/adjustments")

READS = needs(Permission.ADJUSTMENTS_READ)
ASKS = needs(Permission.ADJUSTMENTS_ASK)


@router.get("", dependencies=[READS])
def adjustment_list(
    request: Request,
    session: SessionDep,
    status: AdjustmentStatus | None = None,
    client: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    found = listed(request, session, queries.matching(status), by="asked_at")
    return page(
        request,
        "staff/adjustments.html",
        adjustments=found,
        wanted=status,
        statuses=list(AdjustmentStatus),
        client=client,
        reasons=[(code.value, code.value.replace("_", " ")) for code in ReasonCode],
        clients={
            one.id: one
            for one in session.scalars(clients.by_ids({row.client_id for row in found.rows}))
        },
    )


@router.post("", dependencies=[ASKS])
def ask(
    form: Annotated[AdjustmentPageForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    client_id = _client_id(session, form.client)

    def work() -> str:
        asked = service.ask(
            session,
            client_id,
            form.signed,
            reason_code=form.reason_code,
            note=form.note,
            actor=actor,
            now=now,
        )
        return f"/staff/adjustments/{asked.reference}?done=asked"

    return once.page(form.once, work)


@router.get("/{reference}", dependencies=[READS])
def adjustment(
    request: Request, reference: str, session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    found = queries.get(session, reference)
    return page(
        request,
        "staff/adjustment.html",
        adjustment=found,
        client=clients.get(session, found.client_id),
        undoes=queries.undone(session, found),
        undone_by=session.scalar(queries.reversal_of(found.id)),
        agrees_because=decisions.get(session, found.decision_id).outcome["reason"],
        shown=service.shown(found),
        expires_at=found.asked_at + service.LIFE,
        is_late=found.asked_at + service.LIFE <= now,
        may_agree=service.AGREES[found.agrees] in permissions(actor.roles)
        and str(found.asked_by) != actor.id,
    )


@router.post("/{reference}/reversal", dependencies=[ASKS])
def ask_reversal(
    reference: str,
    form: Annotated[ReversalPageForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    def work() -> str:
        asked = service.ask_reversal(session, reference, note=form.note, actor=actor, now=now)
        return f"/staff/adjustments/{asked.reference}?done=asked"

    return once.page(form.once, work)


@router.post("/{reference}/decision", dependencies=[needs(Permission.ADJUSTMENTS_APPROVE)])
def decide(
    reference: str,
    form: Annotated[VerdictForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    is_agreed = form.verdict == "agree"
    service.decide(session, reference, agree=is_agreed, shown=form.shown, actor=actor, now=now)
    return see_other(f"/staff/adjustments/{reference}", "agreed" if is_agreed else "declined")


def _client_id(session: Session, reference: str) -> UUID:
    client = session.scalar(clients.by_reference(reference.strip()))
    if client is None:
        raise InvalidInput(f"There is no client {reference}.", field="client")
    return client.id
