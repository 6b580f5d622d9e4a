"""The verbs of adjustments: ask for one, agree or refuse, put one right, let it expire."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from operational.access import four_eyes
from operational.access import service as access
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import service as clients
from operational.kit import ids
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden, InvalidInput
from operational.kit.money import Money
from operational.payments import rules
from operational.payments.adjustments import booking, errors, queries
from operational.payments.adjustments.models import Adjustment
from operational.payments.adjustments.states import HOUSES, AdjustmentStatus, ReasonCode
from operational.rules import service as decisions
from operational.rules import tables

KIND = "adjustment"
"""Of these requests among all that wait for a second person."""
LIFE = timedelta(days=3)
DAY = timedelta(days=1)
WORKER = Actor.system("adjustments")

AGREES: dict[str, Permission] = {
    "finance": Permission.ADJUSTMENTS_APPROVE,
    "management": Permission.ADJUSTMENTS_APPROVE_LARGE,
}
"""Who may agree, by the outcome of the decision table."""

# Ten small ones asked for at once must not each be the first of the day.
_LOCK_ASKER = text("select pg_advisory_xact_lock(5, hashtext(:asker))")


def ask(
    session: Session,
    client_id: UUID,
    amount: Money,
    *,
    reason_code: ReasonCode,
    note: str,
    actor: Actor,
    now: datetime,
) -> Adjustment:
    """Ask for money to be given to a client, or taken if the amount is negative.

    Raises:
        Forbidden: without `adjustments.ask`, or for oneself.
        ClientNotFound.
        InvalidInput, WrongDirection: nothing to move, no reason, or not in this direction.
        AdjustmentOverLimit: more than two persons may move by hand.
        InsufficientFunds, NotThatMuchDebt: it is not there to be taken, or written off.
    """
    access.require(actor, Permission.ADJUSTMENTS_ASK)
    _check_direction(amount, reason_code)
    return _ask(session, client_id, amount, reason_code, note, actor=actor, now=now)


def ask_reversal(
    session: Session, reference: str, *, note: str, actor: Actor, now: datetime
) -> Adjustment:
    """Ask for a posted adjustment to be undone, whole.

    Raises:
        Forbidden, AdjustmentNotFound, InvalidInput, AdjustmentOverLimit: see `ask`.
        NotReversible: not posted, a reversal itself, or reversed already.
    """
    access.require(actor, Permission.ADJUSTMENTS_ASK)
    found = _locked(session, reference)
    is_reversed = session.scalar(queries.reversal_of(found.id)) is not None
    if found.status != AdjustmentStatus.POSTED or found.reverses_id is not None or is_reversed:
        raise errors.NotReversible(f"{found.reference} is {found.status}, or reversed already.")
    amount = -Money(found.amount_minor, found.currency)
    code = ReasonCode(found.reason_code)
    return _ask(session, found.client_id, amount, code, note, reverses=found, actor=actor, now=now)


def decide(
    session: Session, reference: str, *, agree: bool, shown: str, actor: Actor, now: datetime
) -> Adjustment:
    """Agree or refuse as the second person; agreeing posts exactly what was asked for.

    Args:
        session: the transaction.
        reference: of the adjustment.
        agree: or refuse.
        shown: the hash of what the second person was shown.
        actor: the second person.
        now: when.

    Raises:
        Forbidden: without the permission that its size needs, or one's own wallet.
        AdjustmentNotFound, SecondPersonNeeded, AlreadyDecided, ApprovalExpired, Stale.
        InsufficientFunds, NotThatMuchDebt: see `booking.post`.
    """
    access.require(actor, Permission.ADJUSTMENTS_APPROVE)
    found = _locked(session, reference)
    access.require(actor, AGREES[found.agrees])
    _check_not_own(session, found.client_id, actor)
    approval = four_eyes.waiting(session, found.approval_id, KIND, actor=actor)
    four_eyes.settle(session, approval, agree=agree, actor=actor, now=now, shown=shown)
    assert approval.payload == _agreed(found), "the adjustment is not what was asked for"

    found.status = AdjustmentStatus.POSTED if agree else AdjustmentStatus.REFUSED
    found.decided_by = UUID(actor.id)
    found.decided_by_name = actor.name
    found.decided_at = now
    session.flush()
    if agree:
        booking.post(session, found, actor=actor, now=now)
    else:
        booking.free(session, found)

    audit.record(
        session,
        Tag.ADJUSTMENT_POST if agree else Tag.ADJUSTMENT_REFUSE,
        subject=found.id,
        actor=actor,
        now=now,
        before={"status": AdjustmentStatus.WAITING},
        after=approval.payload | {"payload_sha256": approval.payload_sha256.hex()},
    )
    return found


def expire(session: Session, *, now: datetime) -> int:
    """Give up what nobody decided in time, and free what was held for it; return how many."""
    late = session.scalars(queries.late(now - LIFE).with_for_update(skip_locked=True)).all()
    for found in late:
        four_eyes.expire(session, found.approval_id, now=now)
        found.status = AdjustmentStatus.EXPIRED
        found.decided_at = now
        session.flush()
        booking.free(session, found)
        audit.record(session, Tag.ADJUSTMENT_EXPIRE, subject=found.id, actor=WORKER, now=now)
    return len(late)


def shown(adjustment: Adjustment) -> str:
    """The hash a second person quotes: of exactly what was asked for."""
    return four_eyes.digest(_agreed(adjustment)).hex()


def _ask(
    session: Session,
    client_id: UUID,
    amount: Money,
    reason_code: ReasonCode,
    note: str,
    *,
    reverses: Adjustment | None = None,
    actor: Actor,
    now: datetime,
) -> Adjustment:
    # The client's row is locked, so adjustments of one client at once count each other.
    _check_not_own(session, client_id, actor)
    session.execute(_LOCK_ASKER, {"asker": actor.id})
    adjustment = Adjustment(
        id=ids.uuid7(),
        reference=ids.reference("J"),
        client_id=client_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        amount_usd=rules.coarse_usd(amount),
        reason_code=reason_code,
        note=note.strip(),
        reverses_id=reverses and reverses.id,
        status=AdjustmentStatus.WAITING,
        asked_by=UUID(actor.id),
        asked_by_name=actor.name,
        asked_at=now,
    )
    _route(session, adjustment, now=now)
    approval = four_eyes.ask(
        session,
        KIND,
        adjustment.id,
        _agreed(adjustment),
        reason=adjustment.note,
        actor=actor,
        now=now,
        life=LIFE,
    )
    adjustment.approval_id = approval.id
    session.add(adjustment)
    session.flush()
    booking.hold(session, adjustment)

    audit.record(
        session,
        Tag.ADJUSTMENT_ASK,
        subject=adjustment.id,
        actor=actor,
        now=now,
        reason=adjustment.note,
        after=_agreed(adjustment),
        decision_id=adjustment.decision_id,
    )
    return adjustment


def _route(session: Session, adjustment: Adjustment, *, now: datetime) -> None:
    """Ask the table who must agree, counting what went before it today.

    Raises:
        AdjustmentOverLimit: nobody may.
    """
    since, worth = now - DAY, adjustment.amount_usd
    decision = decisions.decide(
        session,
        tables.ADJUSTMENTS,
        {
            "reason_code": adjustment.reason_code,
            "amount_usd": worth,
            "client_day_usd": worth + queries.client_usd(session, adjustment.client_id, since),
            "asker_day_usd": worth + queries.asker_usd(session, adjustment.asked_by, since),
        },
        subject=("adjustment", str(adjustment.id)),
        now=now,
    )
    if decision.outcome["agrees"] not in AGREES:
        raise errors.AdjustmentOverLimit(decision.outcome["reason"])
    adjustment.agrees = decision.outcome["agrees"]
    adjustment.decision_id = decision.id


def _check_direction(amount: Money, reason_code: ReasonCode) -> None:
    if amount.minor == 0:
        raise InvalidInput("There is nothing to move.", field="amount")
    sign = 1 if amount.minor > 0 else -1
    if sign not in HOUSES[reason_code].signs:
        words = "gives" if sign < 0 else "takes"
        raise errors.WrongDirection(f"This reason only {words}.", field="reason_code")


def _check_not_own(session: Session, client_id: UUID, actor: Actor) -> None:
    """Lock the client, who must be somebody else than the actor."""
    if str(clients.locked(session, client_id).user_id) == actor.id:
        raise Forbidden("Nobody adjusts their own wallet.")


def _locked(session: Session, reference: str) -> Adjustment:
    found = session.scalar(queries.by_reference(reference).with_for_update())
    if found is None:
        raise errors.AdjustmentNotFound(f"There is no adjustment {reference}.")
    return found


def _agreed(adjustment: Adjustment) -> dict[str, Any]:
    """Everything two persons agree on."""
    return {
        "adjustment": adjustment.reference,
        "client_id": str(adjustment.client_id),
        "amount": str(Money(adjustment.amount_minor, adjustment.currency)),
        "reason_code": str(adjustment.reason_code),
        "house": HOUSES[ReasonCode(adjustment.reason_code)].name,
        "note": adjustment.note,
        "agrees": adjustment.agrees,
        "reverses_id": adjustment.reverses_id and str(adjustment.reverses_id),
    }
