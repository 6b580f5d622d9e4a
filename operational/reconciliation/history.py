"""How a break moves, and what each move and each decision leaves behind."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from operational.kit.actor import Actor
from operational.reconciliation.errors import BreakClosed, BreakMoved
from operational.reconciliation.models import BreakEvent, BreakItem, Resolution
from operational.reconciliation.states import LIVE, TRANSITIONS, Action, BreakStatus, Reason

KIND = "break"
"""What approvals about breaks are called among those of other domains."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """How a break shall end, and why."""

    action: Action
    reason_code: Reason
    note: str
    evidence_link: str | None = None
    account: str | None = None
    """The named account of an adjustment."""
    lines: tuple[str, ...] = ()
    """The candidates of a match."""


def move(item: BreakItem, status: BreakStatus, now: datetime) -> None:
    """Bring a break there.

    Raises:
        BreakClosed: it has ended.
        BreakMoved: there is no way from where it stands.
    """
    before = BreakStatus(item.status)
    if before not in LIVE:
        raise BreakClosed(f"Break {item.reference} is closed.")
    if status not in TRANSITIONS[before]:
        raise BreakMoved(f"Break {item.reference} is {before}, it cannot become {status}.")
    item.status = status
    if status is not BreakStatus.WAITING:
        item.wait_until = None
    if status not in LIVE:
        item.closed_at = now


def tell(
    session: Session,
    item: BreakItem,
    verb: str,
    actor: Actor,
    now: datetime,
    *,
    note: str | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Add a line to a break's history."""
    session.add(
        BreakEvent(
            break_id=item.id, verb=verb, actor_id=actor.id, note=note, facts=facts or {}, at=now
        )
    )


def keep(
    session: Session,
    item: BreakItem,
    proposal: Proposal,
    *,
    amount_minor: int,
    made_by: str,
    now: datetime,
    **more: Any,
) -> Resolution:
    """Write down what was decided, and on which amounts."""
    resolution = Resolution(
        break_id=item.id,
        break_key=item.break_key,
        action=proposal.action,
        reason_code=proposal.reason_code,
        note=proposal.note,
        evidence_link=proposal.evidence_link,
        currency=item.currency,
        expected_minor=item.expected_minor,
        actual_minor=item.actual_minor,
        amount_minor=amount_minor,
        wait_until=item.wait_until,
        made_by=made_by,
        at=now,
        **more,
    )
    session.add(resolution)
    session.flush()
    return resolution
