"""The tale as it is told: acts that wait for their time, and what later acts must know."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

from operational.access.matrix import Role
from operational.kit.actor import Actor
from sandbox.story.cast import Person
from sandbox.story.stage import Stage

Act = Callable[[], None]

VISITOR = Actor(id="anonymous", name="anonymous", roles=frozenset())


@dataclass(slots=True)
class Account:
    """A trading account of the story, once it has money on it."""

    person: Person
    account_id: UUID
    login: int
    funded_at: datetime
    funds: float
    """What was paid in, roughly, in dollars: it bounds the lots."""
    is_blocked: bool = False


@dataclass
class Tale:
    """One telling: the stage, the span of time, and everybody met so far."""

    stage: Stage
    start: datetime
    end: datetime
    staff: dict[Role, Actor] = field(default_factory=dict)
    codes: list[tuple[datetime, str]] = field(default_factory=list)
    """Referral codes of partners, and since when they are known."""
    partners: dict[int, UUID] = field(default_factory=dict)
    """Who has joined by now, by number."""
    accounts: dict[str, Account] = field(default_factory=dict)
    _agenda: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def at(self, when: datetime, act: Act) -> None:
        """Put an act on the agenda; what lies after the end is never told."""
        heapq.heappush(self._agenda, (when, next(self._numbers), act))

    def after(self, wait: timedelta, act: Act) -> None:
        """Likewise, counted from now."""
        self.at(self.now + wait, act)

    def tell(self, on_day: Callable[[int], None]) -> None:
        """Do every act at its time, in order, until the end; say when a day begins."""
        day = -1
        while self._agenda and self._agenda[0][0] <= self.end:
            when, _, act = heapq.heappop(self._agenda)
            self.stage.clock.now = max(when, self.now)
            if (self.now - self.start).days > day:
                day = (self.now - self.start).days
                on_day(day)
            act()
        self.stage.clock.now = self.end

    @property
    def now(self) -> datetime:
        return self.stage.clock.now


def herself(person: Person, user_id: str) -> Actor:
    """The client, signed in."""
    name = f"{person.first_name} {person.last_name}"
    return Actor(id=user_id, name=name, roles=frozenset({Role.CLIENT.value}), ip=person.ip)


def minutes(dice: Random, mean: float) -> timedelta:
    """A wait that is mostly short and now and then long."""
    return timedelta(minutes=dice.expovariate(1 / mean) + 0.2)


def office_hours(when: datetime, dice: Random) -> datetime:
    """The next moment somebody at a desk may get to it: weekdays, 8 to 17 UTC."""
    wait = when + timedelta(minutes=dice.uniform(10, 300))
    while wait.weekday() >= 5 or not 8 <= wait.hour < 17:  # noqa: PLR2004 - Saturday; eight to five
        wait += timedelta(minutes=dice.uniform(30, 240))
    return wait
