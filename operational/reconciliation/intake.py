"""What the lake found becomes breaks with an owner and a deadline: one verb, which may be repeated."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import four_eyes
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import ids
from operational.kit.actor import Actor
from operational.reconciliation import queries
from operational.reconciliation.history import KIND, move, tell
from operational.reconciliation.models import BreakItem
from operational.reconciliation.states import BreakStatus
from operational.rules import service as rules
from operational.rules import tables

LAKE = Actor.system("reconciliation")


@dataclass(frozen=True, slots=True)
class Found:
    """One break as the lake sees it now."""

    break_key: str
    leg: str
    kind: str
    counterpart: str
    our_reference: str | None
    external_reference: str | None
    currency: str
    expected_minor: int | None
    actual_minor: int | None
    difference_minor: int
    severity: str
    details: dict[str, Any]
    occurred_at: datetime
    due_at: datetime


@dataclass(slots=True)
class Taken:
    """What taking over one snapshot's findings changed."""

    opened: int = 0
    changed: int = 0
    closed: int = 0
    resumed: int = 0


FACTS = tuple(field.name for field in fields(Found) if field.name != "break_key")
AMOUNTS = ("currency", "expected_minor", "actual_minor", "difference_minor")


def take(
    session: Session, found: Sequence[Found], *, as_of: datetime, snapshot: int, now: datetime
) -> Taken:
    """Open what is new, bring up to date what is known, close what is gone.

    What a person closed stays closed while its amounts are the same, for the lake learns of it
    later; with other amounts it is a new break. Taking the same again, or something older, changes
    nothing.

    Args:
        session: an open transaction, in which all of it happens or nothing.
        found: every break there is in the snapshot.
        as_of: the moment the snapshot shows.
        snapshot: the published snapshot that was read.
        now: when.

    Raises:
        TableNotFound: no table of deadlines is in force.
    """
    intake, taken = queries.intake(session), Taken()
    if as_of < intake.as_of:
        return taken

    here = {each.break_key: each for each in found}
    known = {item.break_key: item for item in session.scalars(queries.live().with_for_update())}
    closed = queries.last_closed(session, here.keys() - known.keys())
    # Of thousands of breaks few wait for agreement; whoever asks now waits for the lock on a break.
    asked = four_eyes.subjects(session, KIND)
    deadlines: dict[tuple[str, str, str], tuple[UUID, timedelta]] = {}
    fresh: list[tuple[BreakItem, BreakItem | None]] = []

    for key, each in here.items():
        if key in known:
            taken.changed += _update(session, known[key], each, asked, now)
        elif not _is_settled(closed.get(key), each):
            before = closed[key][0] if key in closed else None
            fresh.append((_open(session, each, before, deadlines, now), before))
    for key, item in known.items():
        if key not in here:
            _close(session, item, asked, now)
            taken.closed += 1
        else:
            taken.resumed += _resume(session, item, now)

    # All new breaks in one statement, and their histories after them.
    session.flush()
    for item, before in fresh:
        _announce(session, item, before, now)
    taken.opened = len(fresh)
    intake.as_of, intake.snapshot = as_of, snapshot
    session.flush()
    return taken


def _is_settled(last: tuple[BreakItem, bool] | None, found: Found) -> bool:
    """A person has decided on exactly this."""
    if last is None:
        return False
    item, is_decided = last
    return is_decided and all(getattr(item, name) == getattr(found, name) for name in AMOUNTS)


def _open(
    session: Session,
    found: Found,
    before: BreakItem | None,
    deadlines: dict[tuple[str, str, str], tuple[UUID, timedelta]],
    now: datetime,
) -> BreakItem:
    item_id = ids.uuid7()
    sort = (found.leg, found.kind, found.severity)
    if sort not in deadlines:
        deadlines[sort] = _deadline(session, sort, item_id, now)
    decision_id, span = deadlines[sort]
    item = BreakItem(
        id=item_id,
        reference=ids.reference("B"),
        **asdict(found),
        found_at=now,
        status=BreakStatus.OPEN,
        deadline_at=now + span,
        decision_id=decision_id,
        follows_id=before.id if before else None,
    )
    session.add(item)
    return item


def _announce(session: Session, item: BreakItem, before: BreakItem | None, now: datetime) -> None:
    follows = {"follows": before.reference} if before else {}
    tell(session, item, "open", LAKE, now, facts=follows)
    audit.record(
        session,
        Tag.BREAK_OPEN,
        subject=item.id,
        actor=LAKE,
        now=now,
        decision_id=item.decision_id,
        after={"break": item.break_key, **_amounts(item), **follows},
    )


def _deadline(
    session: Session, sort: tuple[str, str, str], item_id: UUID, now: datetime
) -> tuple[UUID, timedelta]:
    """By the table in force; one decision for all breaks of a sort that are found together."""
    facts = dict(zip(("leg", "kind", "severity"), sort, strict=True))
    decision = rules.decide(
        session, tables.BREAK_DEADLINE, facts, subject=("break", str(item_id)), now=now
    )
    return decision.id, timedelta(hours=int(decision.outcome["hours"]))


def _update(
    session: Session, item: BreakItem, found: Found, asked: set[str], now: datetime
) -> bool:
    """Whether anything is no longer as it was. Other amounts undo what waits for agreement."""
    changed = [name for name in FACTS if getattr(item, name) != getattr(found, name)]
    if not changed:
        return False
    before = _amounts(item)
    for name in changed:
        setattr(item, name, getattr(found, name))
    if str(item.id) in asked and not {*AMOUNTS}.isdisjoint(changed):
        four_eyes.withdraw(session, KIND, item.id, actor=LAKE, now=now)

    tell(session, item, "change", LAKE, now, facts={"changed": changed, "before": before})
    audit.record(
        session,
        Tag.BREAK_CHANGE,
        subject=item.id,
        actor=LAKE,
        now=now,
        before=before,
        after={**_amounts(found), "changed": changed},
    )
    return True


def _close(session: Session, item: BreakItem, asked: set[str], now: datetime) -> None:
    """The other side came, or what was wrong was put right where it was wrong."""
    if str(item.id) in asked:
        four_eyes.withdraw(session, KIND, item.id, actor=LAKE, now=now)
    before = item.status
    move(item, BreakStatus.RESOLVED_MATCHED, now)

    tell(session, item, "match", LAKE, now, note="The break is no longer found.")
    audit.record(
        session,
        Tag.BREAK_MATCH,
        subject=item.id,
        actor=LAKE,
        now=now,
        reason="no longer found",
        before={"status": before},
        after={"status": item.status},
    )


def _resume(session: Session, item: BreakItem, now: datetime) -> bool:
    """The day that was waited for has come, and the break is still there."""
    if item.wait_until is None or item.wait_until > now:
        return False
    move(item, BreakStatus.ASSIGNED if item.owner_id else BreakStatus.OPEN, now)

    tell(session, item, "resume", LAKE, now, note="The wait is over.")
    audit.record(
        session,
        Tag.BREAK_RESUME,
        subject=item.id,
        actor=LAKE,
        now=now,
        before={"status": BreakStatus.WAITING},
        after={"status": item.status},
    )
    return True


def _amounts(of: BreakItem | Found) -> dict[str, Any]:
    return {name: getattr(of, name) for name in AMOUNTS}
