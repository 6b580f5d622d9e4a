"""Decision tables: versions, publication by a second person, and the trace of a decision."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request, Response
from sqlalchemy.orm import Session

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.schemas.rules import DraftPageForm, PublishForm, ReplayForm, WithdrawForm
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page, see_other
from operational.access import queries as access
from operational.access.matrix import Permission
from operational.kit.errors import InvalidInput
from operational.payments.withdrawals import meaning
from operational.rules import queries, replays
from operational.rules import service as rules
from operational.rules import tables as shipped
from operational.rules.states import ReplayStatus

router = Pages("/staff/rules")

RECENT = 200
"""Decisions a draft is tried on."""


@router.get("", dependencies=[needs(Permission.RULES_READ)])
def tables(request: Request, session: SessionDep) -> Response:
    versions = session.scalars(queries.versions()).all()
    return page(request, "staff/rules.html", versions=versions, names=makers(session, versions))


@router.get("/{version_id}", dependencies=[needs(Permission.RULES_READ)])
def version(
    request: Request, version_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """One version as a table, and what it would have decided otherwise."""
    found = queries.version(session, version_id)
    recent = session.scalars(queries.recent_decisions(found.name, RECENT)).all()
    tried = replays.attempt(found, recent)
    is_shown = rules.may_read(found.name, actor)
    return page(
        request,
        "staff/rule.html",
        version=found,
        names=makers(session, [found]),
        nodes=decision_tables(found.content),
        text=json.dumps(found.content, indent=2, ensure_ascii=False),
        tried=tried,
        replays=session.scalars(queries.replays(version_id).limit(5)).all(),
        year=last_year(now.date()),
        is_shown=is_shown,
        different=tried.different[:10] if is_shown else [],
        recent=recent[:20] if is_shown else [],
    )


@router.post("/{version_id}", dependencies=[needs(Permission.RULES_EDIT)])
def draft(
    version_id: UUID,
    form: Annotated[DraftPageForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    """Write the next version, beginning from this one."""
    name = queries.version(session, version_id).name
    made = rules.draft(session, name, parsed(form.content), note=form.note, actor=actor, now=now)
    return see_other(f"/staff/rules/{made.id}", "rule_drafted")


@router.post("/{version_id}/publish", dependencies=[needs(Permission.RULES_PUBLISH)])
def publish(
    version_id: UUID,
    _: Annotated[PublishForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    rules.publish(session, version_id, actor=actor, now=now)
    return see_other(f"/staff/rules/{version_id}", "rule_published")


@router.post("/{version_id}/withdraw", dependencies=[needs(Permission.RULES_EDIT)])
def withdraw(
    version_id: UUID,
    form: Annotated[WithdrawForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    rules.withdraw(session, version_id, reason=form.reason, actor=actor, now=now)
    return see_other(f"/staff/rules/{version_id}", "rule_withdrawn")


@router.post("/{version_id}/replays", dependencies=[needs(Permission.RULES_EDIT)])
def replay(
    version_id: UUID,
    form: Annotated[ReplayForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    """Try this version on the days from `since` to `until`, both included."""
    asked = replays.ask(session, version_id, **form.span(), actor=actor, now=now)
    return see_other(f"/staff/rules/replays/{asked.id}", "replay_asked")


@router.get("/replays/{replay_id}", dependencies=[needs(Permission.RULES_READ)])
def replayed(request: Request, replay_id: UUID, session: SessionDep, actor: ActorDep) -> Response:
    """How far a replay came, and every decision it would have made otherwise."""
    found = queries.replay(session, replay_id)
    version = queries.version(session, found.table_version_id)
    decisions = None
    if rules.may_read(version.name, actor):
        decisions = listed(
            request, session, queries.different_decisions(replay_id), by="decided_at"
        )
    ids = [decision.id for decision in decisions.rows] if decisions else []
    is_running = found.status == ReplayStatus.RUNNING
    # The page asks again every two seconds; adding up a year would keep the database busy.
    has_meaning = version.name == shipped.WITHDRAWAL and not is_running
    return page(
        request,
        "staff/replay.html",
        replay=found,
        last_day=found.until - timedelta(days=1),
        version=version,
        moving=is_running,
        meaning=meaning.of(session, replay_id) if has_meaning else None,
        different_count=queries.different_count(session, replay_id),
        decisions=decisions,
        differences=queries.differences(session, replay_id, ids),
    )


@router.post("/replays/{replay_id}/stop", dependencies=[needs(Permission.RULES_EDIT)])
def stop(replay_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    replays.stop(session, replay_id, actor=actor, now=now)
    return see_other(f"/staff/rules/replays/{replay_id}", "replay_stopped")


@router.get("/decisions/{decision_id}", dependencies=[needs(Permission.RULES_READ)])
def decision(request: Request, decision_id: UUID, session: SessionDep, actor: ActorDep) -> Response:
    """Why the hub decided as it did."""
    found = rules.read_decision(session, decision_id, actor=actor)
    return page(
        request,
        "staff/decision.html",
        decision=found,
        version=queries.version(session, found.table_version_id),
        trace=json.dumps(found.trace, indent=2, ensure_ascii=False),
    )


def last_year(today: date) -> tuple[date, date]:
    """The 365 days until today."""
    return today - timedelta(days=364), today


def makers(session: Session, versions: Sequence[Any]) -> dict[str, str]:
    """Who wrote and who published these versions, by name."""
    ids = {version.made_by for version in versions} | {version.published_by for version in versions}
    return access.names(session, ids - {None})


def decision_tables(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes of a version that are tables, to be drawn."""
    return [node for node in content["nodes"] if node["type"] == "decisionTableNode"]


def parsed(text: str) -> dict[str, Any]:
    """Raises `InvalidInput` for what is no JSON object."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"This is no JSON: {error}.", field="content") from error
    if not isinstance(found, dict):
        raise InvalidInput("A table is a JSON object.", field="content")
    return found
