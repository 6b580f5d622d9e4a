"""The three ways a command to the outside can end, one of which is not knowing."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    """The other side did it; `facts` are what it said."""

    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side understood, did nothing, and never will."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody knows whether it happened. Look it up before any retry."""

    reason: str


Outcome = Done | Refused | Unanswered
