"""Breaks: see them, work on them, end them; the second person's say."""

from datetime import UTC, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.lists import After, Limit
from api.schemas.reconciliation import (
    AskForm,
    BreakApprovalOut,
    BreakEventOut,
    BreakOut,
    MatchForm,
    NoteForm,
    OwnerForm,
    VerdictForm,
    WaitForm,
    WholeBreakOut,
)
from api.web.listing import part
from operational.access import queries as access
from operational.access.matrix import Permission
from operational.reconciliation import queries, resolving, service
from operational.reconciliation.history import KIND
from operational.reconciliation.queries import Filters
from operational.reconciliation.states import BreakStatus, Leg

router = Doors("/api/breaks", tag="breaks")

READS = needs(Permission.RECONCILIATION_READ)
RESOLVES = needs(Permission.RECONCILIATION_RESOLVE)

Text = Annotated[str, Query(max_length=200)]


@router.get("", dependencies=[READS])
def breaks(
    session: SessionDep,
    now: NowDep,
    *,
    status: BreakStatus | Literal["live", "all"] = "live",
    leg: Leg | None = None,
    kind: Text = "",
    counterpart: Text = "",
    text: Text = "",
    after: After = None,
    limit: Limit = 100,
) -> list[BreakOut]:
    """Those due first come first."""
    wanted = Filters(status, leg or "", kind, counterpart, text=text)
    found = queries.matching(wanted, now)
    rows = part(session, found, by="due_at", is_rising=True, after=after, rows_max=limit)
    return [BreakOut.model_validate(item) for item in rows]


@router.get("/approvals", dependencies=[READS])
def waiting(session: SessionDep) -> list[BreakApprovalOut]:
    """What waits for a second person."""
    found = session.scalars(access.waiting_approvals(KIND))
    return [BreakApprovalOut.model_validate(approval) for approval in found]


@router.post("/approvals/{approval_id}", dependencies=[needs(Permission.RECONCILIATION_AGREE)])
def decide(
    approval_id: UUID, form: VerdictForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> BreakApprovalOut:
    """Agree or refuse as the second person; agreeing does exactly what was asked."""
    decided = resolving.decide(
        session, approval_id, agree=form.verdict == "agree", actor=actor, now=now
    )
    return BreakApprovalOut.model_validate(decided)


@router.get("/{break_id}", dependencies=[READS])
def one(break_id: UUID, session: SessionDep) -> WholeBreakOut:
    """Both sides, candidates and history."""
    item = queries.get(session, break_id)
    events = [
        BreakEventOut.model_validate(event) for event in session.scalars(queries.events_of(item.id))
    ]
    shown = BreakOut.model_validate(item)
    facts = {name: getattr(shown, name) for name in BreakOut.model_fields}
    return WholeBreakOut(**facts, details=item.details, history=events)


@router.post("/{break_id}/owner", dependencies=[RESOLVES])
def assign(
    break_id: UUID, form: OwnerForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> BreakOut:
    item = service.assign(session, break_id, form.owner, actor=actor, now=now)
    return BreakOut.model_validate(item)


@router.post("/{break_id}/investigation", dependencies=[RESOLVES])
def investigate(break_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep) -> BreakOut:
    """Say that the owner has begun."""
    return BreakOut.model_validate(service.investigate(session, break_id, actor=actor, now=now))


@router.post("/{break_id}/notes", dependencies=[RESOLVES])
def note(
    break_id: UUID, form: NoteForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> BreakOut:
    """Write down what was found out."""
    item = service.note(session, break_id, form.note, actor=actor, now=now)
    return BreakOut.model_validate(item)


@router.post("/{break_id}/wait", dependencies=[RESOLVES])
def wait(
    break_id: UUID, form: WaitForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> BreakOut:
    """Leave it until the beginning of a day (UTC)."""
    until = datetime.combine(form.until, time(), UTC)
    item = service.wait(
        session, break_id, until, form.reason_code, reason=form.note, actor=actor, now=now
    )
    return BreakOut.model_validate(item)


@router.post("/{break_id}/match", dependencies=[RESOLVES])
def match(
    break_id: UUID, form: MatchForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> BreakOut:
    """End it with the lines that are its other side, to the last unit."""
    item = resolving.match(session, break_id, form.proposal(), actor=actor, now=now)
    return BreakOut.model_validate(item)


@router.post("/{break_id}/requests", dependencies=[RESOLVES])
def ask(
    break_id: UUID, form: AskForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> BreakApprovalOut:
    """Ask a second person to end it: by force, by adjustment, as a loss, or as void."""
    approval = resolving.ask(session, break_id, form.proposal(), actor=actor, now=now)
    return BreakApprovalOut.model_validate(approval)
