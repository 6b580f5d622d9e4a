"""The verbs of work on a break: take it, begin, write down, wait. How it ends is in `resolving`."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import queries as people
from operational.access import service as access
from operational.access.matrix import Permission, permissions
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import InvalidInput
from operational.reconciliation import queries
from operational.reconciliation.history import Proposal, keep, move, tell
from operational.reconciliation.models import BreakItem
from operational.reconciliation.states import Action, BreakStatus, Reason

WAIT_MAX = timedelta(days=45)
"""Nothing waits longer without somebody looking at it again."""


def assign(
    session: Session, break_id: UUID, owner_id: UUID, *, actor: Actor, now: datetime
) -> BreakItem:
    """Make somebody the owner, oneself or a colleague; taken over from anybody else.

    Raises:
        Forbidden: without `reconciliation.resolve`.
        InvalidInput: the new owner may not work on breaks.
        BreakNotFound, BreakClosed.
    """
    access.require(actor, Permission.RECONCILIATION_RESOLVE)
    item = queries.locked(session, break_id)
    owner = people.user(session, owner_id)
    roles = people.roles_of(session, owner.id)
    if not owner.is_active or Permission.RECONCILIATION_RESOLVE not in permissions(roles):
        raise InvalidInput(f"{owner.name} may not work on breaks.", field="owner")

    before = item.owner_id
    move(item, BreakStatus.ASSIGNED, now)
    item.owner_id = owner.id

    tell(session, item, "assign", actor, now, facts={"owner": str(owner.id)})
    audit.record(
        session,
        Tag.BREAK_ASSIGN,
        subject=item.id,
        actor=actor,
        now=now,
        before={"owner": str(before) if before else None},
        after={"owner": str(owner.id)},
    )
    return item


def investigate(session: Session, break_id: UUID, *, actor: Actor, now: datetime) -> BreakItem:
    """Say that the owner has begun.

    Raises:
        Forbidden: without `reconciliation.resolve`.
        BreakNotFound, BreakClosed, BreakMoved.
    """
    access.require(actor, Permission.RECONCILIATION_RESOLVE)
    item = queries.locked(session, break_id)

    before = item.status
    move(item, BreakStatus.INVESTIGATING, now)

    tell(session, item, "investigate", actor, now)
    audit.record(
        session,
        Tag.BREAK_INVESTIGATE,
        subject=item.id,
        actor=actor,
        now=now,
        before={"status": before},
        after={"status": item.status},
    )
    return item


def note(session: Session, break_id: UUID, text: str, *, actor: Actor, now: datetime) -> BreakItem:
    """Write down what was found out; also after the end, for those who look later.

    Raises:
        Forbidden: without `reconciliation.resolve`.
        InvalidInput: nothing said.
        BreakNotFound.
    """
    access.require(actor, Permission.RECONCILIATION_RESOLVE)
    access.check_reason(text)
    item = queries.locked(session, break_id)

    tell(session, item, "note", actor, now, note=text)
    audit.record(session, Tag.BREAK_NOTE, subject=item.id, actor=actor, now=now, reason=text)
    return item


def wait(
    session: Session,
    break_id: UUID,
    until: datetime,
    reason_code: Reason,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> BreakItem:
    """Leave a break until a day. It stays among the open ones, and its deadline stays.

    Raises:
        Forbidden: without `reconciliation.resolve`.
        InvalidInput: no reason, or a day that is past or too far.
        BreakNotFound, BreakClosed, BreakMoved.
    """
    access.require(actor, Permission.RECONCILIATION_RESOLVE)
    access.check_reason(reason)
    if not now < until <= now + WAIT_MAX:
        raise InvalidInput(f"Choose a day within {WAIT_MAX.days} days.", field="until")
    item = queries.locked(session, break_id)

    before = item.status
    move(item, BreakStatus.WAITING, now)
    item.wait_until = until
    proposal = Proposal(Action.WAIT, reason_code, reason)
    keep(session, item, proposal, amount_minor=0, made_by=actor.id, now=now)

    facts = {"until": until.isoformat(), "reason_code": reason_code}
    tell(session, item, "wait", actor, now, note=reason, facts=facts)
    audit.record(
        session,
        Tag.BREAK_WAIT,
        subject=item.id,
        actor=actor,
        now=now,
        reason=reason,
        before={"status": before},
        after={"status": item.status, **facts},
    )
    return item
