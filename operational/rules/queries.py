"""Named reads of tables and decisions."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from operational.rules.errors import DecisionNotFound, TableNotFound
from operational.rules.models import Decision, TableVersion
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


def recent_decisions(name: str, limit: int = 1000) -> Select[Decision]:
    """The newest decisions of one table, by any of its versions: what a draft is replayed on."""
    return (
        select(Decision)
        .join(TableVersion, TableVersion.id == Decision.table_version_id)
        .where(TableVersion.name == name)
        .order_by(Decision.decided_at.desc(), Decision.id.desc())
        .limit(limit)
    )
