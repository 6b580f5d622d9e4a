"""A small brokerage in memory, under one clock and one pair of dice, that must never lose a cent.

What happens next is the earliest thing on one queue, so a seed tells one story, to the last step. The
model is a dict of ints: what each client must have, by what really happened at provider and platform.
"""

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any

from operational.kit.money import Money
from operational.messaging.answers import Done, Refused
from operational.messaging.attempt import BACK_OFF_SECONDS, TRIES_MAX
from operational.messaging.outbox import Carrier
from operational.payments import rules
from operational.payments.psp import PspEvent
from operational.platforms.carrying import MoveMoney
from tests.properties.hub import REFUSALS, Command, Hub, Judge
from tests.properties.outside import Platform, Provider
from tests.properties.weather import CALM, Weather

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
CLIENTS = 8
SEND_AGAIN_SECONDS = 900
CLOSING_STEPS_MAX = 20_000
WORLD_STEPS = 2_000
"""Then another mix of faults is drawn, for a new world."""


class World:
    """Clients, provider, platform, network and hub."""

    def __init__(
        self,
        seed: str,
        *,
        judge: Judge = rules.judge,
        carrier: Callable[[Platform], Carrier] = MoveMoney,
    ) -> None:
        self.dice = Random(seed)
        self.weather = Weather.drawn(self.dice)
        self.seconds, self.steps = 0, 0
        self.log = hashlib.sha256()
        self.seen: set[str] = set()
        ids, self._order = count(1), count()
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self.provider = Provider(self.dice, ids)
        self.platform = Platform(self.dice, ids, self.later, self.weather)
        self.hub = Hub(ids, self.provider, carrier(self.platform), judge)
        self.is_closing = False
        self.ended: dict[str, tuple[Command, type]] = {}
        """Transfers, and what their clients were told."""

    @property
    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.seconds)

    def later(self, seconds: int, do: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.seconds + seconds, next(self._order), do))

    def run(self, steps: int) -> None:
        """So many steps under faults; then calm, until nothing is left to happen; then the reckoning."""
        self.later(0, self.somebody_wants_something)
        while self.steps < steps:
            self._step()
        self.weather = self.platform.weather = CALM
        self.is_closing = True
        while self._queue:
            self._step()
            assert self.steps < steps + CLOSING_STEPS_MAX, "it never ends"
        self.reckon()

    def _step(self) -> None:
        self.seconds, _, do = heapq.heappop(self._queue)
        self.steps += 1
        do()

    def note(self, *words: object) -> None:
        self.log.update(f"{self.seconds} {words}\n".encode())

    def strikes(self, share: float) -> bool:
        return self.dice.random() < share

    def somebody_wants_something(self) -> None:
        if self.is_closing:
            return
        self.later(self.dice.randint(1, 3_600), self.somebody_wants_something)
        client = self.dice.randrange(CLIENTS)
        if self.strikes(0.5):
            self.pay_in(client, self.dice.choice((5, 10, 300, 50_000, 50_001)) * 100 + client)
        else:
            self.transfer(client, self.dice.randint(1, 40_000) * self.dice.choice((1, -1)))

    def pay_in(self, client: int, minor: int) -> None:
        deposit = self.hub.request_deposit(client, Money(minor, "USD"), self.now)
        self.note("asks to pay in", client, minor, deposit is not None)
        if deposit is not None:
            self.provider.take(deposit.reference, client, minor)
            self.later(self.dice.randint(1, 600), lambda: self.something_happens(deposit.reference))

    def something_happens(self, reference: str) -> None:
        """To a payment, at the provider."""
        payment = self.provider.payments[reference]
        event = None if self.is_closing else self.provider.act(payment, self.now)
        if event is None:
            return
        self.note("happens", reference, event.news, event.amount.minor)
        self.tell(event)
        if self.strikes(self.weather.false):
            self.tell(self.provider.lie(payment, self.now), is_true=False)
        wait = self.dice.choice((60, 3_600, 86_400))
        self.later(wait, lambda: self.something_happens(reference))

    def tell(self, event: PspEvent, *, is_true: bool = True) -> None:
        """Over a network that loses, doubles and delays; a provider that is not heard tells again."""
        told = [event]
        if self.strikes(self.weather.doubled):
            # Once more as it was, and once as it is told to who asks.
            told += [event, replace(event, external_id=f"poll:{event.external_id}")]
        for one in told:
            delay = self.dice.randint(1, 3_600) if self.strikes(self.weather.delayed) else 1
            self.later(delay, partial(self.hear, one, is_true=is_true))

    def hear(self, event: PspEvent, *, is_true: bool) -> None:
        if self.strikes(self.weather.lost):
            self.later(SEND_AGAIN_SECONDS, lambda: self.hear(event, is_true=is_true))
        else:
            self.apply(event, is_true=is_true)

    def apply(self, event: PspEvent, *, is_true: bool, tries: int = 1) -> None:
        """As the inbox does: what may become possible is tried again, eight times."""
        before = len(self.hub.ledger.journals)
        heard = self.hub.hear(event)
        if heard in REFUSALS:
            assert len(self.hub.ledger.journals) == before
        if heard == "TooMuch" and tries < TRIES_MAX:
            again = partial(self.apply, event, is_true=is_true, tries=tries + 1)
            self.later(BACK_OFF_SECONDS[tries - 1], again)
        else:
            assert is_true == (heard not in REFUSALS), f"{heard}: {event}"
        self.note("applies", event.external_id, event.news, heard)
        self.seen.add(f"heard: {heard}")
        self.check_payment(event.reference)

    def check_payment(self, reference: str) -> None:
        """Whatever was heard so far: nothing is in the books that did not happen."""
        payment, deposit = self.provider.payments[reference], self.hub.deposits[reference]
        verdict = self.hub.judge(reference, deposit.amount_minor, deposit.told)
        moved = [one.amount_minor for one in verdict.movements]
        happened = [amount for *_, amount in payment.moved]
        for amount in moved:
            happened.remove(amount)

    def transfer(self, client: int, minor: int) -> None:
        command = self.hub.request_transfer(client, minor, self.now)
        self.note("asks for a transfer", client, minor, command is not None)
        if command is not None:
            self.later(1, lambda: self.carry(command))

    def carry(self, command: Command) -> None:
        wait, is_killed = command.wait_seconds, self.strikes(self.weather.killed)
        outcome = self.hub.carry(command, self.now, is_killed=is_killed)
        self.note("carries", command.reference, command.attempts, outcome)
        self.seen.add(f"carried: {type(outcome).__name__}")
        booked = self.platform.deals.get(command.reference, [])
        assert len(booked) <= 1, f"{command.reference} was booked twice"
        match outcome:
            case Done():
                assert booked == [command.payload["amount_minor"]]
            case Refused():
                assert booked == []
            case _:
                self.later(wait, lambda: self.carry(command))
                return
        assert command.reference not in self.ended
        self.ended[command.reference] = command, type(outcome)

    def reckon(self) -> None:
        """All is told and done: each client has what really happened, and nothing is held."""
        model: dict[int, int] = defaultdict(int)
        for payment in self.provider.payments.values():
            model[payment.client] += payment.net
        for command, _ in self.ended.values():
            model[command.client] -= sum(self.platform.deals.get(command.reference, []))
        ledger = self.hub.ledger
        for client in range(CLIENTS):
            has = ledger.posted[f"wallet:{client}"] + ledger.posted[f"debt:{client}"]
            assert has == model[client], f"client {client}"
        assert not any(ledger.held.values())
        assert sum(ledger.posted.values()) == 0
        assert self.platform.deals.keys() <= self.ended.keys()


@dataclass
class Story:
    """What the worlds of one seed went through."""

    hash: str
    seen: set[str]


def simulate(seed: str, steps: int, **parts: Any) -> Story:
    """Worlds one after the other, until so many steps are done."""
    log, seen, done = hashlib.sha256(), set(), 0
    for number in count():
        if done >= steps:
            break
        world = World(f"{seed} {number}", **parts)
        world.run(WORLD_STEPS)
        log.update(world.log.digest())
        seen |= world.seen
        done += world.steps
    return Story(log.hexdigest(), seen)
