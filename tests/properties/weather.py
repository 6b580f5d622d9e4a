"""How badly the outside behaves in one run: each fault is on or off, and as strong as the dice say."""

from dataclasses import dataclass, fields
from random import Random
from typing import Self


@dataclass(frozen=True, slots=True)
class Weather:
    """Shares of messages or calls that a fault meets."""

    lost: float = 0
    """A callback is not heard; the provider sends it again later."""
    doubled: float = 0
    delayed: float = 0
    """By up to an hour, so that what was told later comes first."""
    false: float = 0
    """A signed callback that cannot be true."""
    silent: float = 0
    """A call is not answered and did nothing."""
    unheard: float = 0
    """A call did its work, and the answer is lost."""
    slow: float = 0
    """A call is not answered and does its work seconds later."""
    refused: float = 0
    killed: float = 0
    """The worker dies after the answer and before it is written down."""

    @classmethod
    def drawn(cls, dice: Random) -> Self:
        """A swarm draws another mix for each run, for some faults hide others."""
        names = [one.name for one in fields(cls)]
        return cls(**{name: dice.choice((0, 0.02, 0.1, 0.4)) for name in names})


CALM = Weather()
