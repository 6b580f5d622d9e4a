"""The verbs of commission plans: draft a version, publish it as a second person, find the one in force."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.errors import SecondPersonNeeded
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.partners import queries, rules
from operational.partners.errors import MoveInPast, PlanInvalid, PlanNotFound, PlanPublished
from operational.partners.models import PlanVersion
from operational.partners.rules import Rate


def add_plan_version(
    session: Session,
    name: str,
    rates: Sequence[Rate],
    *,
    duration_seconds_min: int = 0,
    valid_from: datetime,
    actor: Actor,
    now: datetime,
) -> PlanVersion:
    """Draft the next version of a plan. It pays nobody until another person publishes it.

    Args:
        session: the transaction.
        name: the plan.
        rates: per lot, by symbol or by group of symbols; a symbol of its own goes first.
        duration_seconds_min: positions held shorter earn nothing.
        valid_from: deals executed from then on.
        actor: who drafts it.
        now: when.

    Raises:
        Forbidden: without `partners.manage`.
        PlanInvalid: names the rate at fault.
    """
    access.require(actor, Permission.PARTNERS_MANAGE)
    faults = rules.rate_faults(rates)
    if duration_seconds_min < 0:
        faults.append("A duration is not negative.")
    if faults:
        raise PlanInvalid(" ".join(faults), field="rates")
    last = session.scalar(queries.plan_versions(name).limit(1))

    version = PlanVersion(
        name=name,
        version=last.version + 1 if last else 1,
        rates=[_row(rate) for rate in rates],
        duration_seconds_min=duration_seconds_min,
        valid_from=valid_from,
        made_by=actor.id,
    )
    session.add(version)
    session.flush()

    audit.record(
        session, Tag.PLAN_DRAFT, subject=version.id, actor=actor, now=now, after=_seen(version)
    )
    return version


def publish_plan(session: Session, version_id: UUID, *, actor: Actor, now: datetime) -> PlanVersion:
    """Let a version pay, as another person than its maker. Deals before `valid_from` keep theirs.

    Raises:
        Forbidden: without `partners.publish_plan`.
        PlanNotFound, SecondPersonNeeded, PlanPublished.
        MoveInPast: its time has begun; a plan is not changed behind a partner's back.
    """
    access.require(actor, Permission.PARTNERS_PUBLISH_PLAN)
    version = session.get(PlanVersion, version_id, with_for_update=True)
    if version is None:
        raise PlanNotFound(f"plan version {version_id} does not exist")
    if version.published_by is not None:
        raise PlanPublished(f"{version.name} version {version.version} is published")
    if version.made_by == actor.id:
        raise SecondPersonNeeded("Who wrote a plan may not publish it.")
    if version.valid_from < now:
        raise MoveInPast("A plan pays from its publication on, not from before.")

    version.published_by = actor.id
    version.published_at = now

    audit.record(
        session, Tag.PLAN_PUBLISH, subject=version.id, actor=actor, now=now, after=_seen(version)
    )
    return version


def plan_in_force(session: Session, name: str, at: datetime) -> PlanVersion | None:
    """The version that pays a deal executed at `at`."""
    return session.scalar(queries.plan_in_force(name, at))


def _row(rate: Rate) -> dict[str, Any]:
    return {key: value for key, value in asdict(rate).items() if value is not None}


def _seen(version: PlanVersion) -> dict[str, Any]:
    return {
        "plan": version.name,
        "version": version.version,
        "rates": version.rates,
        "duration_seconds_min": version.duration_seconds_min,
        "valid_from": version.valid_from.isoformat(),
    }
