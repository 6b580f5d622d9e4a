"""Decision tables: versions, drafts, publication by a second person, traces."""

from uuid import UUID

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.rules import (
    DecisionOut,
    DraftForm,
    ReplayForm,
    ReplayOut,
    VersionDetailOut,
    VersionOut,
    WithdrawForm,
)
from operational.access.matrix import Permission
from operational.rules import queries, replays
from operational.rules import service as rules

router = Doors("/api/rules", tag="rules")


@router.get("/versions", dependencies=[needs(Permission.RULES_READ)])
def versions(session: SessionDep) -> list[VersionOut]:
    return [VersionOut.model_validate(version) for version in session.scalars(queries.versions())]


@router.get("/versions/{version_id}", dependencies=[needs(Permission.RULES_READ)])
def version(version_id: UUID, session: SessionDep) -> VersionDetailOut:
    return VersionDetailOut.model_validate(queries.version(session, version_id))


@router.post("/tables/{name}/drafts", status_code=201, dependencies=[needs(Permission.RULES_EDIT)])
def draft(
    name: str, form: DraftForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> VersionOut:
    """The next version of a table that exists; it decides nothing until another person publishes it."""
    found = queries.table(session, name)
    made = rules.draft(session, found, form.content, note=form.note, actor=actor, now=now)
    return VersionOut.model_validate(made)


@router.post("/versions/{version_id}/publish", dependencies=[needs(Permission.RULES_PUBLISH)])
def publish(version_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep) -> VersionOut:
    """Put a draft in force, as another person than its maker."""
    return VersionOut.model_validate(rules.publish(session, version_id, actor=actor, now=now))


@router.post("/versions/{version_id}/withdraw", dependencies=[needs(Permission.RULES_EDIT)])
def withdraw(
    version_id: UUID, form: WithdrawForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> VersionOut:
    """Give up a draft."""
    found = rules.withdraw(session, version_id, reason=form.reason, actor=actor, now=now)
    return VersionOut.model_validate(found)


@router.post(
    "/versions/{version_id}/replays", status_code=201, dependencies=[needs(Permission.RULES_EDIT)]
)
def replay(
    version_id: UUID, form: ReplayForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> ReplayOut:
    """Try a version on the decisions of these days; the worker does it, piece by piece."""
    return ReplayOut.model_validate(
        replays.ask(session, version_id, **form.span(), actor=actor, now=now)
    )


@router.get("/replays/{replay_id}", dependencies=[needs(Permission.RULES_READ)])
def replayed(replay_id: UUID, session: SessionDep) -> ReplayOut:
    """How far it came."""
    return ReplayOut.model_validate(queries.replay(session, replay_id))


@router.post("/replays/{replay_id}/stop", dependencies=[needs(Permission.RULES_EDIT)])
def stop(replay_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep) -> ReplayOut:
    """Let it rest where it is."""
    return ReplayOut.model_validate(replays.stop(session, replay_id, actor=actor, now=now))


@router.get("/decisions/{decision_id}", dependencies=[needs(Permission.RULES_READ)])
def decision(decision_id: UUID, session: SessionDep, actor: ActorDep) -> DecisionOut:
    """Why the hub decided as it did."""
    return DecisionOut.model_validate(rules.read_decision(session, decision_id, actor=actor))
