"""The verbs of decision tables: draft, publish, withdraw, decide."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.errors import SecondPersonNeeded
from operational.access.matrix import Permission, permissions
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden
from operational.rules import engine, queries, tables
from operational.rules.errors import TableNotFound, VersionMoved
from operational.rules.models import Decision, TableVersion
from operational.rules.states import TRANSITIONS, VersionStatus

_LOCK_TABLE = text("select pg_advisory_xact_lock(4, hashtext(:name))")


def draft(
    session: Session, name: str, content: dict[str, Any], *, note: str, actor: Actor, now: datetime
) -> TableVersion:
    """Write the next version of a table. It decides nothing until another person publishes it.

    Raises:
        TableInvalid: the content is no steady decision table.
    """
    access.require(actor, Permission.RULES_EDIT)

    engine.check(content)
    # Two drafts at once would take one number; the unique constraint refuses the second.
    last = session.scalar(select(func.max(TableVersion.version)).where(TableVersion.name == name))

    version = TableVersion(
        name=name,
        version=(last or 0) + 1,
        content=content,
        content_sha256=engine.sha256(content),
        note=note,
        status=VersionStatus.DRAFT,
        made_by=actor.id,
    )
    session.add(version)
    session.flush()

    audit.record(
        session,
        Tag.RULE_DRAFT,
        subject=version.id,
        actor=actor,
        now=now,
        reason=note,
        after=_seen(version),
    )
    return version


def publish(session: Session, version_id: UUID, *, actor: Actor, now: datetime) -> TableVersion:
    """Put a draft in force, as another person than its maker; the version before it retires.

    Raises:
        TableNotFound, SecondPersonNeeded, VersionMoved.
    """
    access.require(actor, Permission.RULES_PUBLISH)
    version = _locked(session, version_id)
    # Two publications of one table wait for each other, else both would retire the same version.
    session.execute(_LOCK_TABLE, {"name": version.name})
    before = session.scalar(queries.in_force(version.name).with_for_update())

    if version.made_by == actor.id:
        raise SecondPersonNeeded("Who wrote a version may not put it in force.")

    if before is not None:
        _move(before, VersionStatus.RETIRED)
        # The index allows one version in force, so the old one must leave first.
        session.flush()
    _move(version, VersionStatus.PUBLISHED)
    version.published_by = actor.id
    version.published_at = now

    audit.record(
        session,
        Tag.RULE_PUBLISH,
        subject=version.id,
        actor=actor,
        now=now,
        before=_seen(before) if before else None,
        after=_seen(version),
    )
    return version


def withdraw(
    session: Session, version_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> TableVersion:
    """Give up a draft. A version in force leaves only when another takes its place.

    Raises:
        TableNotFound, VersionMoved.
    """
    access.require(actor, Permission.RULES_EDIT)
    access.check_reason(reason)
    version = _locked(session, version_id)
    if version.status != VersionStatus.DRAFT:
        raise VersionMoved(f"{version.name}@{version.version} is {version.status}, and no draft")

    before = _seen(version)
    _move(version, VersionStatus.RETIRED)

    audit.record(
        session,
        Tag.RULE_RETIRE,
        subject=version.id,
        actor=actor,
        now=now,
        reason=reason,
        before=before,
        after=_seen(version),
    )
    return version


def decide(
    session: Session,
    table: str,
    facts: Mapping[str, Any],
    *,
    subject: tuple[str, str],
    now: datetime,
) -> Decision:
    """Let the version in force decide, and keep all of it: facts, outcome, trace, version.

    Args:
        session: an open transaction.
        table: the table's name.
        facts: what is known; whole numbers, text, truth values, lists and objects of these.
        subject: kind and id of what is decided on.
        now: when.

    Raises:
        TableNotFound: no version is in force.
        FactsInvalid, NoRowApplies, TableInvalid: see `engine.evaluate`.
    """
    version = _in_force(session, table)

    found = engine.evaluate(version.content, facts)

    kind, id_ = subject
    decision = Decision(
        table_version_id=version.id,
        subject_kind=kind,
        subject_id=id_,
        facts=dict(facts),
        outcome=found.outcome,
        trace={"table": version.name, "version": version.version, **found.trace},
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    return decision


def would_decide(session: Session, table: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome the version in force would come to, where nothing follows from it: not kept.

    Raises:
        TableNotFound, FactsInvalid, NoRowApplies, TableInvalid: see `decide`.
    """
    return engine.prepare(_in_force(session, table).content).outcome(facts)


def _in_force(session: Session, table: str) -> TableVersion:
    version = session.scalar(queries.in_force(table))
    if version is None:
        raise TableNotFound(f"no version of table {table!r} is in force")
    return version


def install_defaults(session: Session, now: datetime) -> list[TableVersion]:
    """Publish the shipped tables as the hub's own two hands: those that are new, and newer ones.

    A table somebody has edited stays theirs; one that nobody has follows the hub.
    """
    maker, checker = Actor.system("rules"), Actor.system("setup")
    installed = []
    for name in tables.NAMES:
        last = session.scalar(queries.versions(name).limit(1))
        content = tables.shipped(name)
        is_ours = last is None or last.made_by == maker.id
        if is_ours and (last is None or last.content_sha256 != engine.sha256(content)):
            version = draft(
                session, name, content, note="Shipped with the hub.", actor=maker, now=now
            )
            installed.append(publish(session, version.id, actor=checker, now=now))
    return installed


def read_decision(session: Session, decision_id: UUID, *, actor: Actor) -> Decision:
    """One decision with its facts and trace.

    Raises:
        Forbidden: without `rules.read`, or what else its table asks for.
        DecisionNotFound.
    """
    access.require(actor, Permission.RULES_READ)
    decision = queries.decision(session, decision_id)
    table = queries.version(session, decision.table_version_id).name
    if not may_read(table, actor):
        raise Forbidden(f"This needs the permission {tables.READ_WITH[table]}.")
    return decision


def may_read(table: str, actor: Actor) -> bool:
    """Whether this table's decisions are for the actor to read, who may read decisions at all."""
    needed = tables.READ_WITH.get(table)
    return needed is None or needed in permissions(actor.roles)


def named(session: Session, decision: Decision) -> str:
    """The table and version that made a decision, as the audit writes it: ``kyc@3``."""
    version = session.get_one(TableVersion, decision.table_version_id)
    return f"{version.name}@{version.version}"


def _locked(session: Session, version_id: UUID) -> TableVersion:
    version = session.get(TableVersion, version_id, with_for_update=True)
    if version is None:
        raise TableNotFound(f"table version {version_id} does not exist")
    return version


def _move(version: TableVersion, status: VersionStatus) -> None:
    if status not in TRANSITIONS[VersionStatus(version.status)]:
        raise VersionMoved(
            f"{version.name}@{version.version} is {version.status}, it cannot become {status}"
        )
    version.status = status


def _seen(version: TableVersion) -> dict[str, Any]:
    return {
        "table": version.name,
        "version": version.version,
        "status": str(version.status),
        "content_sha256": version.content_sha256.hex(),
    }
