"""How a break ends. What ends it without proof from outside needs a second person."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from operational.access import four_eyes
from operational.access import service as access
from operational.access.matrix import Permission
from operational.access.models import Approval
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import Conflict, InvalidInput
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.ledger.service import Leg
from operational.reconciliation import queries, rules
from operational.reconciliation.errors import (
    BreakChanged,
    BreakClosed,
    LinesDiffer,
    LineTaken,
    NothingToPost,
)
from operational.reconciliation.history import KIND, Proposal, keep, move, tell
from operational.reconciliation.intake import AMOUNTS
from operational.reconciliation.models import BreakItem, MatchedLine, Resolution
from operational.reconciliation.states import ENDS, FOUR_EYES, LIVE, Action, BreakStatus, Reason

LINK_CHARACTERS_MAX = 500
_LINKS = ("https://", "/staff/")

_TAGS = {
    Action.MATCH: Tag.BREAK_MATCH,
    Action.FORCE_MATCH: Tag.BREAK_MATCH,
    Action.ADJUST: Tag.BREAK_ADJUST,
    Action.WRITE_OFF: Tag.BREAK_WRITE_OFF,
    Action.VOID: Tag.BREAK_VOID,
}


def match(
    session: Session, break_id: UUID, proposal: Proposal, *, actor: Actor, now: datetime
) -> BreakItem:
    """Close a break with the lines that are its other side. They must add up to the last unit.

    Raises:
        Forbidden: without `reconciliation.resolve`.
        InvalidInput: no reason given, or a link that leads nowhere.
        LineUnknown, LineTaken.
        LinesDiffer: they do not add up; a second person may agree to a match by force.
        BreakNotFound, BreakClosed.
    """
    assert proposal.action is Action.MATCH, "everything else waits for a second person"
    access.require(actor, Permission.RECONCILIATION_RESOLVE)
    _check(proposal)
    item = _live(session, break_id)
    lines = rules.chosen(item.details, proposal.lines)
    if not rules.is_whole(lines, item.currency, item.expected_minor):
        raise LinesDiffer("These lines do not add up to what is expected.", field="lines")

    four_eyes.withdraw(session, KIND, item.id, actor=actor, now=now)
    return _end(session, item, proposal, made_by=actor.id, actor=actor, now=now)


def ask(
    session: Session, break_id: UUID, proposal: Proposal, *, actor: Actor, now: datetime
) -> Approval:
    """Ask a second person to end a break: by force, an adjustment, a loss, or as void.

    Raises:
        Forbidden: without `reconciliation.resolve`; of a loss, `reconciliation.write_off`.
        InvalidInput: no reason given, or a link that leads nowhere.
        LineUnknown, NothingToPost: it could not be carried out.
        Conflict: something about this break waits already.
        BreakNotFound, BreakClosed.
    """
    assert proposal.action in FOUR_EYES, "one person is enough for the others"
    access.require(actor, Permission.RECONCILIATION_RESOLVE)
    if proposal.action is Action.WRITE_OFF:
        access.require(actor, Permission.RECONCILIATION_WRITE_OFF)
    _check(proposal)
    item = _live(session, break_id)
    if four_eyes.waits(session, KIND, item.id):
        raise Conflict("Something about this break waits for a second person already.")
    _check_possible(item, proposal)

    payload = {**asdict(proposal), "lines": list(proposal.lines), "break": item.reference}
    payload |= {name: getattr(item, name) for name in AMOUNTS}
    approval = four_eyes.ask(
        session, KIND, item.id, payload, reason=proposal.note, actor=actor, now=now
    )
    facts = {"action": proposal.action, "reason_code": proposal.reason_code}
    tell(session, item, "ask", actor, now, note=proposal.note, facts=facts)
    return approval


def decide(
    session: Session, approval_id: UUID, *, agree: bool, actor: Actor, now: datetime
) -> Approval:
    """Agree or refuse as the second person; agreeing carries out exactly what was stored.

    Raises:
        Forbidden: without `reconciliation.agree`.
        NotFound: there is no such request.
        SecondPersonNeeded: the maker decides.
        AlreadyDecided: somebody was faster, or the break changed meanwhile.
        BreakChanged, BreakClosed, LineUnknown, LineTaken: it can no longer be carried out.
    """
    access.require(actor, Permission.RECONCILIATION_AGREE)
    item = queries.locked(session, four_eyes.subject_of(session, approval_id, KIND))
    approval = four_eyes.waiting(session, approval_id, KIND, actor=actor)
    payload = approval.payload

    four_eyes.settle(session, approval, agree=agree, actor=actor, now=now)
    if not agree:
        tell(session, item, "decline", actor, now, facts={"action": payload["action"]})
        return approval

    if any(payload[name] != getattr(item, name) for name in AMOUNTS):
        raise BreakChanged("The break is no longer what was asked about. Ask anew.")
    _end(
        session,
        item,
        _proposal(payload),
        made_by=str(approval.maker_id),
        approval_id=approval.id,
        actor=actor,
        now=now,
    )
    return approval


def _end(
    session: Session,
    item: BreakItem,
    proposal: Proposal,
    *,
    made_by: str,
    actor: Actor,
    now: datetime,
    approval_id: UUID | None = None,
) -> BreakItem:
    """Close the break, post the difference if it is one to post, and keep what was decided."""
    before = item.status
    move(item, ENDS[proposal.action], now)
    named = rules.account_of(proposal.action, proposal.account)
    journal = None
    if named is not None:
        journal = _post(session, item, proposal, named, actor=actor, now=now)
    lines = rules.chosen(item.details, proposal.lines) if proposal.lines else []
    amount = sum(line.amount_minor for line in lines) if lines else item.difference_minor
    resolution = keep(
        session,
        item,
        proposal,
        amount_minor=amount,
        account=named.name if named else None,
        journal_id=journal,
        approval_id=approval_id,
        made_by=made_by,
        agreed_by=actor.id if approval_id else None,
        now=now,
    )
    _keep_lines(session, item, resolution, lines)

    facts = {"action": proposal.action, "reason_code": proposal.reason_code}
    tell(session, item, proposal.action, actor, now, note=proposal.note, facts=facts)
    audit.record(
        session,
        _TAGS[proposal.action],
        subject=item.id,
        actor=actor,
        now=now,
        reason=proposal.note,
        before={"status": before},
        after={"status": item.status, "made_by": made_by, "journal": journal, **facts},
    )
    return item


def _post(
    session: Session,
    item: BreakItem,
    proposal: Proposal,
    named: rules.NamedAccount,
    *,
    actor: Actor,
    now: datetime,
) -> int:
    """One journal: off the control account that still holds the difference, onto the named one."""
    control = rules.control_of(item.leg, item.counterpart, item.details)
    off = Money(control.owed(item.difference_minor), item.currency)
    return ledger.post(
        session,
        f"recon:{item.id}:{proposal.action}",
        kind=f"break_{proposal.action}",
        legs=[
            Leg(ledger.control_account(session, control.name, control.kind, item.currency), off),
            Leg(ledger.control_account(session, named.name, named.kind, item.currency), -off),
        ],
        effective_at=now,
        actor=actor,
        meta={"break": item.reference, "reason": proposal.reason_code},
    )


def _keep_lines(
    session: Session, item: BreakItem, resolution: Resolution, lines: list[rules.Line]
) -> None:
    try:
        with session.begin_nested():
            for line in lines:
                kept = MatchedLine(
                    resolution_id=resolution.id,
                    break_key=item.break_key,
                    leg=item.leg,
                    **asdict(line),
                )
                session.add(kept)
            session.flush()
    except IntegrityError:
        raise LineTaken("One of these lines was matched by hand before.", field="lines") from None


def _live(session: Session, break_id: UUID) -> BreakItem:
    item = queries.locked(session, break_id)
    if BreakStatus(item.status) not in LIVE:
        raise BreakClosed(f"Break {item.reference} is closed.")
    return item


def _check(proposal: Proposal) -> None:
    """Raises `InvalidInput` for a proposal without a reason, or with a link that leads nowhere."""
    access.check_reason(proposal.note)
    link = proposal.evidence_link
    if link and (not link.startswith(_LINKS) or len(link) > LINK_CHARACTERS_MAX):
        raise InvalidInput("Give a link that begins with https://.", field="evidence_link")
    if not link and proposal.action in FOUR_EYES:
        raise InvalidInput("Say where the proof is.", field="evidence_link")


def _check_possible(item: BreakItem, proposal: Proposal) -> None:
    """Nobody is asked to agree to what would fail."""
    if proposal.action is Action.FORCE_MATCH:
        rules.chosen(item.details, proposal.lines)
    if rules.account_of(proposal.action, proposal.account):
        rules.control_of(item.leg, item.counterpart, item.details)
        if item.difference_minor == 0:
            raise NothingToPost("There is no difference to book: match it, or say it is void.")


def _proposal(payload: dict[str, Any]) -> Proposal:
    return Proposal(
        Action(payload["action"]),
        Reason(payload["reason_code"]),
        payload["note"],
        payload["evidence_link"],
        payload["account"],
        tuple(payload["lines"]),
    )
