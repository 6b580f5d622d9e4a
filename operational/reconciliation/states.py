"""What a break is about, where it stands, and how it may end."""

from datetime import datetime
from enum import StrEnum


class Leg(StrEnum):
    """Which two sides were compared."""

    PSP_LINE = "psp_line"
    """A payment of ours and a line of the PSP's report."""
    BANK_LINE = "bank_line"
    """A PSP's batch and a line of a bank statement."""
    PLATFORM_DEAL = "platform_deal"
    """A transfer of ours and a balance deal on the platform."""
    CLIENT_MONEY = "client_money"
    """What clients are owed and what is held for them."""


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class BreakStatus(StrEnum):
    OPEN = "open"
    """Found, and nobody's yet."""
    ASSIGNED = "assigned"
    """Somebody's."""
    INVESTIGATING = "investigating"
    """Its owner has begun."""
    WAITING = "waiting"
    """Nothing to do before a day."""
    RESOLVED_MATCHED = "resolved_matched"
    """The other side came, or a person found it."""
    RESOLVED_ADJUSTMENT = "resolved_adjustment"
    """The difference was booked where it belongs."""
    WRITTEN_OFF = "written_off"
    """The difference was booked as a loss."""
    VOID = "void"
    """There was nothing to expect in the first place."""


S = BreakStatus
_ENDS = frozenset({S.RESOLVED_MATCHED, S.RESOLVED_ADJUSTMENT, S.WRITTEN_OFF, S.VOID})

TRANSITIONS: dict[BreakStatus, frozenset[BreakStatus]] = {
    S.OPEN: frozenset({S.ASSIGNED, S.WAITING}) | _ENDS,
    S.ASSIGNED: frozenset({S.ASSIGNED, S.INVESTIGATING, S.WAITING}) | _ENDS,
    S.INVESTIGATING: frozenset({S.ASSIGNED, S.WAITING}) | _ENDS,
    S.WAITING: frozenset({S.OPEN, S.ASSIGNED, S.WAITING}) | _ENDS,
    **dict.fromkeys(_ENDS, frozenset()),
}

LIVE = frozenset(S) - _ENDS
"""Still to be dealt with."""


class Action(StrEnum):
    """What a person decides about a break."""

    MATCH = "match"
    """These lines are its other side, to the last unit."""
    FORCE_MATCH = "force_match"
    """These lines are its other side although they differ. Four eyes."""
    ADJUST = "adjust"
    """Book the difference to the account it belongs to. Four eyes."""
    WRITE_OFF = "write_off"
    """Book the difference as a loss. Four eyes."""
    VOID = "void"
    """There is nothing to resolve. Four eyes."""
    WAIT = "wait"
    """It will come by a day."""


ENDS: dict[Action, BreakStatus] = {
    Action.MATCH: S.RESOLVED_MATCHED,
    Action.FORCE_MATCH: S.RESOLVED_MATCHED,
    Action.ADJUST: S.RESOLVED_ADJUSTMENT,
    Action.WRITE_OFF: S.WRITTEN_OFF,
    Action.VOID: S.VOID,
}
FOUR_EYES = frozenset(ENDS) - {Action.MATCH}


class Reason(StrEnum):
    """Why, as it is counted."""

    FEE = "fee"
    """The provider kept another fee than agreed."""
    FX = "fx"
    """Another rate than ours."""
    ROUNDING = "rounding"
    RESERVE = "reserve"
    """The provider keeps it for a while."""
    TIMING = "timing"
    """Booked on another day."""
    REFERENCE = "reference"
    """A wrong or missing reference."""
    SPLIT = "split"
    """Paid in parts, or together with others."""
    DUPLICATE = "duplicate"
    PROVIDER_ERROR = "provider_error"
    OUR_ERROR = "our_error"
    UNCOLLECTABLE = "uncollectable"
    """Nobody will pay it any more."""
    TEST = "test"
    """No client's money: a test."""


class ReportStatus(StrEnum):
    """Where a version of a daily report stands."""

    ASKED = "asked"
    """The figures are being worked out."""
    PREPARED = "prepared"
    """Waits for a signature."""
    SIGNED = "signed"
    REFUSED = "refused"


AGES: tuple[tuple[str, int | None], ...] = (
    ("0-1", 1),
    ("2-3", 3),
    ("4-7", 7),
    ("8-30", 30),
    (">30", None),
)
"""Age buckets and the last full day in each."""


def age_days(due_at: datetime, now: datetime) -> int:
    """Full days since the other side should have come."""
    return max((now - due_at).days, 0)


def bucket(days: int) -> str:
    """The age bucket of so many days."""
    return next(name for name, last in AGES if last is None or days <= last)
