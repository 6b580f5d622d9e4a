"""Four eyes on anything: what one person asks for is stored whole, and decided by another.

Whoever calls this checks the permission of both, and carries out exactly the payload.
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from operational.access.errors import AlreadyDecided, ApprovalExpired, SecondPersonNeeded
from operational.access.models import Approval
from operational.access.service import check_reason
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import Conflict, NotFound, Stale


def ask(
    session: Session,
    kind: str,
    subject_id: UUID,
    payload: dict[str, Any],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    life: timedelta | None = None,
) -> Approval:
    """Store what shall be done, for another person to agree to while its `life` lasts.

    Raises:
        InvalidInput: no reason given.
        Conflict: the same is waiting already.
    """
    check_reason(reason)

    approval = Approval(
        kind=kind,
        subject_id=str(subject_id),
        payload=payload,
        payload_sha256=digest(payload),
        maker_id=UUID(actor.id),
        reason=reason,
        expires_at=now + life if life else None,
    )
    try:
        with session.begin_nested():
            session.add(approval)
            session.flush()
    except IntegrityError:
        raise Conflict("This change is already waiting for a second person.") from None

    audit.record(
        session,
        Tag.APPROVAL_REQUEST,
        subject=approval.id,
        actor=actor,
        now=now,
        reason=reason,
        after=payload,
    )
    return approval


def subject_of(session: Session, approval_id: UUID, kind: str) -> UUID:
    """What a request is about, for the caller to lock before the request itself.

    Raises:
        NotFound: there is no such request.
    """
    subject = session.scalar(
        select(Approval.subject_id).where(Approval.id == approval_id, Approval.kind == kind)
    )
    if subject is None:
        raise NotFound("There is no such request.")
    return UUID(subject)


def subjects(session: Session, kind: str) -> set[str]:
    """Everything that something waits about, of one kind."""
    waiting = select(Approval.subject_id).where(Approval.kind == kind, Approval.status == "waiting")
    return set(session.scalars(waiting))


def waits(session: Session, kind: str, subject_id: UUID) -> bool:
    """Whether anything about this subject waits for a second person."""
    return bool(
        session.scalar(
            select(Approval.id)
            .where(Approval.kind == kind, Approval.subject_id == str(subject_id))
            .where(Approval.status == "waiting")
            .limit(1)
        )
    )


def waiting(session: Session, approval_id: UUID, kind: str, *, actor: Actor) -> Approval:
    """The request, locked, for this actor to decide on.

    Raises:
        NotFound: there is no such request.
        SecondPersonNeeded: the maker decides.
        AlreadyDecided: somebody was faster.
    """
    approval = session.get(Approval, approval_id, with_for_update=True)
    if approval is None or approval.kind != kind:
        raise NotFound("There is no such request.")
    if str(approval.maker_id) == actor.id:
        raise SecondPersonNeeded("Whoever asked cannot agree.")
    if approval.status != "waiting":
        raise AlreadyDecided("Somebody has decided this before.")
    return approval


def settle(
    session: Session,
    approval: Approval,
    *,
    agree: bool,
    actor: Actor,
    now: datetime,
    shown: str | None = None,
) -> None:
    """Write down the second person's answer.

    Args:
        session: the transaction.
        approval: from `waiting`.
        agree: or refuse.
        actor: the second person.
        now: when.
        shown: the hash of what they were shown, where a screen shows it.

    Raises:
        ApprovalExpired: it waited too long.
        Stale: another thing was shown than what is stored.
    """
    assert digest(approval.payload) == approval.payload_sha256, "the stored change was altered"
    if approval.expires_at is not None and approval.expires_at <= now:
        raise ApprovalExpired("This waited too long. It must be asked for again.")
    if shown is not None and shown != approval.payload_sha256.hex():
        raise Stale("This is not what you were shown. Look again.")
    approval.status = "approved" if agree else "refused"
    approval.checker_id = UUID(actor.id)
    approval.decided_at = now

    verb = Tag.APPROVAL_GRANT if agree else Tag.APPROVAL_REFUSE
    audit.record(session, verb, subject=approval.id, actor=actor, now=now, after=approval.payload)


def expire(session: Session, approval_id: UUID, *, now: datetime) -> None:
    """Nobody decided in time; from now on nobody can."""
    approval = session.get_one(Approval, approval_id, with_for_update=True)
    approval.status = "expired"
    approval.decided_at = now


def withdraw(session: Session, kind: str, subject_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Nothing that waits about this subject may be agreed to any more: it changed meanwhile."""
    found = session.scalars(
        select(Approval)
        .where(Approval.kind == kind, Approval.subject_id == str(subject_id))
        .where(Approval.status == "waiting")
        .with_for_update()
    )
    for approval in found:
        approval.status = "refused"
        approval.decided_at = now
        audit.record(
            session,
            Tag.APPROVAL_REFUSE,
            subject=approval.id,
            actor=actor,
            now=now,
            reason="what was asked about has changed",
            after=approval.payload,
        )


def digest(payload: dict[str, Any]) -> bytes:
    """SHA-256 of what two persons agree on."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).digest()
