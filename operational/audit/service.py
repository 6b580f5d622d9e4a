"""The one door to the audit log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.audit.leaf import DOCUMENTS, FIELDS, canonical, leaf, plain
from operational.audit.personal import PersonalDetails
from operational.audit.tags import Tag
from operational.kit import ids
from operational.kit.actor import Actor

# By the driver, in the very texts that are hashed: half the time of the ORM's way.
_INSERT = f"""
insert into audit.event ({", ".join(FIELDS)}, leaf)
values ({", ".join(f"%({name})s" for name in FIELDS)}, %(leaf)s)
"""  # noqa: S608 - column names of our own

OUTSIDERS = frozenset({"client", "partner"})
"""Roles of people who may one day be erased: their name and address are personal."""


def record(
    session: Session,
    verb: Tag,
    *,
    subject: UUID | str | None,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    before: Any = None,
    after: Any = None,
    rule_version: str | None = None,
    decision_id: UUID | None = None,
    evidence_id: UUID | None = None,
    personal: Mapping[str, Any] | None = None,
    person: UUID | None = None,
) -> UUID:
    """Write who did what, in the transaction of the change: one INSERT, no lock. Return its id.

    Args:
        session: a rollback takes the record with it.
        verb: what was done; it also names the kind of subject.
        subject: the id of what it was done to, or nothing if it never existed.
        actor: who did it.
        now: when.
        reason: why, in the actor's words or as a stable code.
        before: the facts that changed, as they were: JSON without floats, without personal details.
        after: the same facts, as they are now.
        rule_version: the decision table that decided, such as ``kyc@3``.
        decision_id: the stored decision whose trace explains it.
        evidence_id: what the decider had been shown.
        personal: names, addresses, numbers of a person. Kept apart, so that they can be erased.
        person: the user id of that person; left out, the acting client or partner.

    Raises:
        TypeError: a float, or a value without a text form, in `before`, `after` or `personal`.
        ValueError: `personal` without a person.
    """
    apart = _apart(actor, personal, person)
    event_id = ids.uuid7()
    event: dict[str, Any] = {
        "id": event_id,
        "at": now,
        **_who(actor, is_outsider=_outsider(actor, person) is not None),
        "verb": verb.value,
        "subject_kind": verb.subject_kind,
        "subject_id": None if subject is None else str(subject),
        "reason": reason,
        "before": before,
        "after": after,
        "rule_version": rule_version,
        "decision_id": decision_id,
        "evidence_id": evidence_id,
        "pii_commitment": apart.commitment if apart else None,
    }
    _insert(session, plain(event))
    if apart is not None:
        apart.store(session, event_id)
    return event_id


def _apart(
    actor: Actor, personal: Mapping[str, Any] | None, person: UUID | None
) -> PersonalDetails | None:
    """What is personal here: what the verb says is, and an outsider's own name and address."""
    outsider = _outsider(actor, person)
    if outsider is not None:
        personal = {**(personal or {}), "actor_name": actor.name, "actor_ip": actor.ip}
    return PersonalDetails(plain(personal), person or outsider) if personal else None


def _who(actor: Actor, *, is_outsider: bool) -> dict[str, Any]:
    return {
        "actor_id": actor.id,
        "actor_name": None if is_outsider else actor.name,
        "role": "+".join(sorted(actor.roles)),
        "session_id": actor.session_id,
        "ip": None if is_outsider else actor.ip,
        "request_id": actor.request_id,
    }


def _insert(session: Session, event: dict[str, Any]) -> None:
    documents = {name: canonical(event[name]) for name in DOCUMENTS if event[name] is not None}
    row = event | documents | {"leaf": leaf(event)}
    session.connection().exec_driver_sql(_INSERT, row)


def _outsider(actor: Actor, person: UUID | None) -> UUID | None:
    """Whose the actor's own name and address are, if they are personal: not those of staff.

    Somebody without a role, who registers, is the person the record is about.
    """
    if not actor.roles:
        return person
    return None if OUTSIDERS.isdisjoint(actor.roles) else UUID(actor.id)
