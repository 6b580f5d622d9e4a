"""Trying a version on decisions already made, with the facts they were made on.

A span of time is tried piece by piece, each piece in a transaction of its own that also notes how
far it came: whoever is killed, another goes on there. Only what would be otherwise is kept. What it
means in money is the business of the domain whose decisions they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, tuple_
from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import DomainError, InvalidInput
from operational.rules import engine, queries
from operational.rules.errors import ReplayNotFound
from operational.rules.models import Decision, Replay, ReplayDifference, TableVersion
from operational.rules.states import ReplayStatus

PIECE = 2_000
"""Decisions tried in one transaction; about half a second."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A decision that another version would have made otherwise, or could not have made."""

    decision_id: UUID
    was: dict[str, Any]
    would_be: dict[str, Any] | None
    refusal: str | None = None


@dataclass(slots=True)
class Tried:
    """What one version makes of decisions already made."""

    same: list[UUID] = field(default_factory=list)
    different: list[Difference] = field(default_factory=list)


def attempt(version: TableVersion, decisions: Iterable[Decision]) -> Tried:
    """Decide the stored facts again by `version`, without storing anything.

    With a decision's own version everything is the same; with a draft, the difference is what
    publishing it would have changed.
    """
    tried = Tried()
    table = engine.prepare(version.content)
    for decision in decisions:
        try:
            outcome = table.outcome(decision.facts)
        except DomainError as refusal:
            tried.different.append(Difference(decision.id, decision.outcome, None, str(refusal)))
            continue
        if outcome == decision.outcome:
            tried.same.append(decision.id)
        else:
            tried.different.append(Difference(decision.id, decision.outcome, outcome))
    return tried


def ask(
    session: Session,
    version_id: UUID,
    *,
    since: datetime,
    until: datetime,
    actor: Actor,
    now: datetime,
) -> Replay:
    """Ask for a version to be tried on a span of decisions. The worker does it.

    Raises:
        Forbidden: without `rules.edit`.
        TableNotFound.
        InvalidInput: the span ends before it begins.
    """
    access.require(actor, Permission.RULES_EDIT)
    version = queries.version(session, version_id)
    if since >= until:
        raise InvalidInput("The span ends before it begins.", field="until")
    replay = Replay(
        table_version_id=version.id,
        since=since,
        until=until,
        status=ReplayStatus.RUNNING,
        total_count=_count(session, version.name, since, until),
        done_count=0,
        asked_by=actor.id,
        asked_at=now,
    )
    session.add(replay)
    session.flush()

    audit.record(
        session,
        Tag.RULE_REPLAY,
        subject=version.id,
        actor=actor,
        now=now,
        after={"replay": str(replay.id), "since": since.isoformat(), "until": until.isoformat()},
    )
    return replay


def stop(session: Session, replay_id: UUID, *, actor: Actor, now: datetime) -> Replay:
    """Let it rest where it is. One that has ended stays as it is.

    Raises:
        Forbidden, ReplayNotFound.
    """
    access.require(actor, Permission.RULES_EDIT)
    replay = session.get(Replay, replay_id, with_for_update=True)
    if replay is None:
        raise ReplayNotFound(f"replay {replay_id} does not exist")
    if replay.status == ReplayStatus.RUNNING:
        replay.status = ReplayStatus.STOPPED
        replay.ended_at = now
        audit.record(
            session,
            Tag.RULE_REPLAY_STOP,
            subject=replay.table_version_id,
            actor=actor,
            now=now,
            after={"replay": str(replay.id), "done": replay.done_count},
        )
    return replay


def advance(session: Session, now: datetime, *, piece: int = PIECE) -> bool:
    """Try the next piece of the replay that has waited longest. False if nothing waits.

    Two workers take two replays, and never the same piece.
    """
    replay = session.scalar(
        select(Replay)
        .where(Replay.status == ReplayStatus.RUNNING)
        .order_by(Replay.asked_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if replay is None:
        return False
    version = session.get_one(TableVersion, replay.table_version_id)
    decisions = _next(session, replay, version.name, piece)
    _keep(session, replay, attempt(version, decisions))
    replay.done_count += len(decisions)
    if decisions:
        replay.last_decided_at = decisions[-1].decided_at
        replay.last_decision_id = decisions[-1].id
    if len(decisions) < piece:
        replay.status = ReplayStatus.DONE
        replay.ended_at = now
    return True


def _next(session: Session, replay: Replay, name: str, piece: int) -> list[Decision]:
    """The decisions after the last one tried, in the order they were made."""
    found = queries.decisions_between(name, replay.since, replay.until)
    if replay.last_decision_id is not None:
        last = (replay.last_decided_at, replay.last_decision_id)
        found = found.where(tuple_(Decision.decided_at, Decision.id) > last)
    return list(session.scalars(found.order_by(Decision.decided_at, Decision.id).limit(piece)))


def _keep(session: Session, replay: Replay, tried: Tried) -> None:
    rows = [
        {
            "replay_id": replay.id,
            "decision_id": one.decision_id,
            "would_be": one.would_be,
            "refusal": one.refusal,
        }
        for one in tried.different
    ]
    if rows:
        session.execute(insert(ReplayDifference), rows)


def _count(session: Session, name: str, since: datetime, until: datetime) -> int:
    found = queries.decisions_between(name, since, until).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0
