"""Named reads of tables and decisions."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, defer

from operational.rules.errors import DecisionNotFound, ReplayNotFound, TableNotFound
from operational.rules.models import Decision, Replay, ReplayDifference, TableVersion
from operational.rules.states import VersionStatus


def get(session: Session, decision_id: UUID) -> Decision:
    """One decision; decisions are never deleted."""
    return session.get_one(Decision, decision_id)


def version(session: Session, version_id: UUID) -> TableVersion:
    """The version with this id.

    Raises:
        TableNotFound.
    """
    found = session.get(TableVersion, version_id)
    if found is None:
        raise TableNotFound(f"table version {version_id} does not exist")
    return found


def table(session: Session, name: str) -> str:
    """The name, if there is such a table.

    Raises:
        TableNotFound.
    """
    if session.scalar(versions(name).limit(1)) is None:
        raise TableNotFound(f"there is no table {name}")
    return name


def decision(session: Session, decision_id: UUID) -> Decision:
    """The decision somebody asks for by its id.

    Raises:
        DecisionNotFound.
    """
    found = session.get(Decision, decision_id)
    if found is None:
        raise DecisionNotFound(f"decision {decision_id} does not exist")
    return found


def in_force(name: str) -> Select[TableVersion]:
    """The version that decides now; at most one."""
    return select(TableVersion).where(
        TableVersion.name == name, TableVersion.status == VersionStatus.PUBLISHED
    )


def versions(name: str | None = None) -> Select[TableVersion]:
    """Every version, of one table or of all, newest first."""
    found = select(TableVersion).order_by(TableVersion.name, TableVersion.version.desc())
    return found if name is None else found.where(TableVersion.name == name)


def drafts() -> Select[TableVersion]:
    """Versions that wait for a second person, of every table."""
    return versions().where(TableVersion.status == VersionStatus.DRAFT)


def decisions(subject: tuple[str, str]) -> Select[Decision]:
    """Every automatic decision on one subject, newest first."""
    kind, id_ = subject
    return (
        select(Decision)
        .where(Decision.subject_kind == kind, Decision.subject_id == id_)
        .order_by(Decision.decided_at.desc(), Decision.id.desc())
    )


def decisions_between(name: str, since: datetime, until: datetime) -> Select[Decision]:
    """The decisions of one table in a span of time, by any of its versions; in no order."""
    versions_of = select(TableVersion.id).where(TableVersion.name == name)
    return (
        select(Decision)
        .where(Decision.table_version_id.in_(versions_of))
        .where(Decision.decided_at >= since, Decision.decided_at < until)
        # A trace is as large as all the rest, and a replay has no use for it.
        .options(defer(Decision.trace))
    )


def replays(version_id: UUID) -> Select[Replay]:
    """How often a version was tried on the past, newest first."""
    return (
        select(Replay)
        .where(Replay.table_version_id == version_id)
        .order_by(Replay.asked_at.desc(), Replay.id.desc())
    )


def replay(session: Session, replay_id: UUID) -> Replay:
    """One replay.

    Raises:
        ReplayNotFound.
    """
    found = session.get(Replay, replay_id)
    if found is None:
        raise ReplayNotFound(f"replay {replay_id} does not exist")
    return found


def different_decisions(replay_id: UUID) -> Select[Decision]:
    """The decisions a replay found otherwise, as they were made; in no order."""
    return (
        select(Decision)
        .join(ReplayDifference, ReplayDifference.decision_id == Decision.id)
        .where(ReplayDifference.replay_id == replay_id)
        .options(defer(Decision.trace))
    )


def differences(
    session: Session, replay_id: UUID, decision_ids: Collection[UUID]
) -> dict[UUID, ReplayDifference]:
    """What a replay makes of these decisions, by decision."""
    found = select(ReplayDifference).where(
        ReplayDifference.replay_id == replay_id, ReplayDifference.decision_id.in_(decision_ids)
    )
    return {one.decision_id: one for one in session.scalars(found)}


def different_count(session: Session, replay_id: UUID) -> int:
    """How many decisions a replay found otherwise by now."""
    found = select(func.count()).where(ReplayDifference.replay_id == replay_id)
    return session.scalar(found) or 0


def recent_decisions(name: str, limit: int = 1000) -> Select[Decision]:
    """The newest decisions of one table, by any of its versions: what a draft is replayed on."""
    return (
        select(Decision)
        .join(TableVersion, TableVersion.id == Decision.table_version_id)
        .where(TableVersion.name == name)
        .order_by(Decision.decided_at.desc(), Decision.id.desc())
        .limit(limit)
    )


def decisions_on(kind: str, subject_ids: Collection[str], limit: int) -> Select[Decision]:
    """The newest decisions on several subjects of one kind."""
    return (
        select(Decision)
        .where(Decision.subject_kind == kind, Decision.subject_id.in_(subject_ids))
        .order_by(Decision.decided_at.desc(), Decision.id.desc())
        .limit(limit)
    )
