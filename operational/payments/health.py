"""Which PSP may be sent payments: what a person switched off, and what a breaker keeps away.

All of it is in the database, so that every worker and every request sees the same. A breaker's row
is locked while its answers are counted: two failures at once cannot both be the fourth of five.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import ids
from operational.kit.actor import Actor
from operational.kit.errors import InvalidInput
from operational.payments import errors
from operational.payments.models import Attempt, Breaker, PspSwitch
from operational.payments.psp.connect import PROVIDERS
from operational.payments.states import ANSWERED, FAULTS, BreakerState, Method
from operational.rules import service as decisions
from operational.rules import tables

ANY = "any"
"""Of a switch: every method of the PSP."""
WINDOW = timedelta(minutes=15)
"""Answers older than this say nothing of now."""
PROBE_LIFE = timedelta(minutes=5)
"""A probe that was not answered by then is lost, and another one may try."""
WORKER = Actor.system("breaker")

_TAGS = {
    BreakerState.OPEN: Tag.BREAKER_OPEN,
    BreakerState.HALF_OPEN: Tag.BREAKER_TRY,
    BreakerState.CLOSED: Tag.BREAKER_CLOSE,
}


class Health(StrEnum):
    """How routing sees one method at one PSP."""

    CLOSED = "closed"
    """Nothing is against it."""
    OFF = "off"
    """A person switched it off."""
    OPEN = "open"
    """Its breaker keeps payments away."""
    PROBE = "probe"
    """One payment may try whether it is back, and this one is first to ask."""


def of(session: Session, psps: Collection[str], method: str, *, now: datetime) -> dict[str, Health]:
    """How each PSP stands for one method.

    Where a PSP may be probed, its breaker stays locked until the transaction ends: `claim` it or
    not, nobody else can meanwhile.
    """
    found = dict.fromkeys(psps, Health.CLOSED)
    barred = breakers_open().where(Breaker.psp.in_(psps), Breaker.method == method)
    for breaker in session.scalars(barred.order_by(Breaker.psp)):
        may_try = _may_try(session, breaker, now)
        found[breaker.psp] = Health.PROBE if may_try else Health.OPEN
    return found | _switched_off(session, psps, method)


def seen(
    session: Session, psps: Collection[str], method: str, *, now: datetime
) -> dict[str, Health]:
    """The same to somebody who asks for nothing: what might be probed counts as what may be."""
    found = dict.fromkeys(psps, Health.CLOSED)
    for breaker in session.scalars(
        breakers_open().where(Breaker.psp.in_(psps), Breaker.method == method)
    ):
        is_away = breaker.retry_at is not None and breaker.retry_at > now
        found[breaker.psp] = Health.OPEN if is_away else Health.PROBE
    return found | _switched_off(session, psps, method)


def claim(session: Session, payment_id: UUID, psp: str, method: str, *, now: datetime) -> None:
    """Let this payment be the one that tries."""
    breaker = session.scalars(_of(psp, method).with_for_update()).one()
    breaker.probe_payment_id = payment_id
    breaker.probe_until = now + PROBE_LIFE


def bar(session: Session, payment_id: UUID, psp: str, method: str) -> str | None:
    """Why this payment may not go there now, in a few words; None if it may."""
    switch = session.scalar(_off([psp], method).limit(1))
    if switch is not None:
        return f"switched off: {switch.reason}"
    breaker = session.scalar(_of(psp, method))
    if breaker is None or breaker.state == BreakerState.CLOSED:
        return None
    is_probe = breaker.state == BreakerState.HALF_OPEN and breaker.probe_payment_id == payment_id
    return None if is_probe else f"breaker {breaker.state.replace('_', ' ')}"


def weigh(session: Session, attempt: Attempt, *, now: datetime) -> None:
    """Let the table judge the PSP after an answer that may move its breaker."""
    if not attempt.is_probe and attempt.outcome not in FAULTS:
        return
    breaker = _locked(session, attempt.psp, attempt.method, now)
    if breaker.probe_payment_id == attempt.payment_id:
        breaker.probe_payment_id = breaker.probe_until = None
    _decide(session, breaker, now)


def switch_off(
    session: Session, psp: str, method: str, *, reason: str, actor: Actor, now: datetime
) -> PspSwitch:
    """Keep payments of one method, or of `ANY`, from a PSP until somebody switches it on.

    Raises:
        Forbidden: without `psps.switch`.
        InvalidInput: there is no such PSP or method.
        AlreadySwitched: it is off.
    """
    access.require(actor, Permission.PSPS_SWITCH)
    access.check_reason(reason)
    if psp not in PROVIDERS:
        raise InvalidInput(f"There is no PSP {psp}.", field="psp")
    if method not in {ANY, *Method}:
        raise InvalidInput(f"There is no method {method}.", field="method")

    switch = PspSwitch(psp=psp, method=method, reason=reason, off_by=actor.id, off_at=now)
    try:
        with session.begin_nested():
            session.add(switch)
            session.flush()
    except IntegrityError:
        raise errors.AlreadySwitched("This is switched off already.") from None

    audit.record(
        session,
        Tag.PSP_SWITCH_OFF,
        subject=switch.id,
        actor=actor,
        now=now,
        reason=reason,
        after={"psp": psp, "method": method},
    )
    return switch


def switch_on(
    session: Session, switch_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> PspSwitch:
    """Let payments go there again.

    Raises:
        Forbidden: without `psps.switch`.
        SwitchNotFound, AlreadySwitched.
    """
    access.require(actor, Permission.PSPS_SWITCH)
    access.check_reason(reason)
    switch = session.get(PspSwitch, switch_id, with_for_update=True)
    if switch is None:
        raise errors.SwitchNotFound(f"There is no switch {switch_id}.")
    if switch.on_at is not None:
        raise errors.AlreadySwitched("This is switched on already.")

    switch.on_by, switch.on_at, switch.on_reason = actor.id, now, reason

    audit.record(
        session,
        Tag.PSP_SWITCH_ON,
        subject=switch.id,
        actor=actor,
        now=now,
        reason=reason,
        before={"psp": switch.psp, "method": switch.method, "off_at": switch.off_at},
    )
    return switch


def switches_off() -> Select[PspSwitch]:
    """What a person has switched off and not on again; in no order."""
    return select(PspSwitch).where(PspSwitch.on_at.is_(None))


def breakers_open() -> Select[Breaker]:
    """Breakers that keep payments away; in no order."""
    return select(Breaker).where(Breaker.state != BreakerState.CLOSED)


def _switched_off(session: Session, psps: Collection[str], method: str) -> dict[str, Health]:
    names = session.scalars(_off(psps, method).with_only_columns(PspSwitch.psp))
    return dict.fromkeys(names, Health.OFF)


def _off(psps: Collection[str], method: str) -> Select[PspSwitch]:
    return switches_off().where(PspSwitch.psp.in_(psps), PspSwitch.method.in_([method, ANY]))


def _of(psp: str, method: str) -> Select[Breaker]:
    return select(Breaker).where(Breaker.psp == psp, Breaker.method == method)


def _locked(session: Session, psp: str, method: str, now: datetime) -> Breaker:
    made = insert(Breaker).values(id=ids.uuid7(), psp=psp, method=method, since=now)
    session.execute(made.on_conflict_do_nothing())
    return session.scalars(_of(psp, method).with_for_update()).one()


def _may_try(session: Session, breaker: Breaker, now: datetime) -> bool:
    """Whether a payment may probe, and no other request is about to say so."""
    wanted = _of(breaker.psp, breaker.method).with_for_update(skip_locked=True)
    locked = session.scalar(wanted)
    if locked is None:
        return False
    if locked.state == BreakerState.OPEN and locked.retry_at and locked.retry_at <= now:
        _decide(session, locked, now)
    if locked.state != BreakerState.HALF_OPEN:
        return False
    return locked.probe_until is None or locked.probe_until <= now


def _decide(session: Session, breaker: Breaker, now: datetime) -> None:
    """Ask the table, and move the breaker where it says. Only a move is kept."""
    facts = _facts(session, breaker, now)
    becomes = decisions.would_decide(session, tables.PSP_BREAKER, facts)["becomes"]
    if becomes != breaker.state:
        _move(session, breaker, facts, now)


def _move(session: Session, breaker: Breaker, facts: dict[str, str | int], now: datetime) -> None:
    subject = ("breaker", str(breaker.id))
    decision = decisions.decide(session, tables.PSP_BREAKER, facts, subject=subject, now=now)
    before = breaker.state
    state = BreakerState(decision.outcome["becomes"])
    breaker.state, breaker.since, breaker.retry_at = state, now, None
    breaker.probe_payment_id = breaker.probe_until = None
    if state is BreakerState.OPEN:
        breaker.openings += 1
        breaker.retry_at = now + timedelta(minutes=decision.outcome["wait_minutes"])
    elif state is BreakerState.CLOSED:
        breaker.openings = 0

    audit.record(
        session,
        _TAGS[state],
        subject=breaker.id,
        actor=WORKER,
        now=now,
        reason=decision.outcome["reason"],
        before={"psp": breaker.psp, "method": breaker.method, "state": before},
        after={**facts, "state": state},
        rule_version=decisions.named(session, decision),
        decision_id=decision.id,
    )


def _facts(session: Session, breaker: Breaker, now: datetime) -> dict[str, str | int]:
    """What the table looks at. Attempts from before the last move count no more."""
    # Probes count however long they take: the breaker of a quiet PSP must close some day.
    is_trying = breaker.state == BreakerState.HALF_OPEN
    since = breaker.since if is_trying else max(now - WINDOW, breaker.since)
    is_fault = Attempt.outcome.in_(FAULTS)
    answered, faults, passed, failed = session.execute(
        select(
            _count(~Attempt.is_probe),
            _count(~Attempt.is_probe & is_fault),
            _count(Attempt.is_probe & ~is_fault),
            _count(Attempt.is_probe & is_fault),
        )
        .where(Attempt.psp == breaker.psp, Attempt.method == breaker.method)
        .where(Attempt.outcome.in_(ANSWERED))
        .where(Attempt.answered_at >= since)
    ).one()
    is_due = breaker.retry_at is not None and breaker.retry_at <= now
    return {
        "state": breaker.state,
        "is_due": "yes" if is_due else "no",
        "answered_count": answered,
        "fault_percent": 100 * faults // max(answered, 1),
        "probes_passed_count": passed,
        "probes_failed_count": failed,
        "openings_count": breaker.openings,
    }


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)
