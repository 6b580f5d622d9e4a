"""What a dispute is, given everything we were told about it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from operational.payments.disputes.states import OPEN, RANKS, Stage


@dataclass(frozen=True, slots=True)
class Told:
    """One thing the provider told of a dispute; what it did not say is None."""

    stage: Stage
    amount_minor: int
    occurred_at: datetime
    key: str
    """Of the message: decides between two of one rank and time."""
    reason: str | None = None
    network_reason: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a dispute stands."""

    stage: Stage
    amount_minor: int
    reason: str | None
    network_reason: str | None
    due_at: datetime | None
    """Until when the bank must hear from us."""
    opened_at: datetime
    staged_at: datetime
    """Since when it is in this stage."""

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN


def judge(told: Collection[Told]) -> Standing:
    """Decide on the set of things told, so that neither order nor repetition can matter.

    The stage is the highest told, since it was first told. Everything else is as the latest message
    of the highest stage that says it has it.
    """
    ordered = sorted(told, key=lambda one: (RANKS[one.stage], one.occurred_at, one.key))
    highest = ordered[-1].stage
    latest_first = ordered[::-1]
    return Standing(
        stage=highest,
        amount_minor=ordered[-1].amount_minor,
        reason=next((one.reason for one in latest_first if one.reason), None),
        network_reason=next(
            (one.network_reason for one in latest_first if one.network_reason), None
        ),
        due_at=next((one.due_at for one in latest_first if one.due_at), None),
        opened_at=min(one.occurred_at for one in told),
        staged_at=min(one.occurred_at for one in told if one.stage is highest),
    )
