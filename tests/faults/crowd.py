"""Eight clients that ask again and again until they are told: providers, and people with money."""

import json
import queue
import random
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from operational.kit.clock import utc_now
from tests.faults.savers import Saver
from tests.faults.stage import Asked, Person, Stage
from tests.payments.deposits import event, stripe_headers

CLIENTS = 8
ASK_AGAIN = frozenset({409, 500, 502, 503})
"""In progress, or no answer at all: the same request with the same key is sent again."""
FINAL = ("insufficient_funds", "withdrawal_decided")
MORE_THAN_ANYBODY_HAS = "500000.00"
RETURNS = ("refund.created", "charge.dispute.created")


@dataclass(frozen=True)
class Callback:
    """The provider tells of one deposit."""

    asked: Asked


@dataclass(frozen=True)
class Return:
    """The provider tells of money taken back, perhaps before it tells of the deposit."""

    asked: Asked
    kind: str


@dataclass(frozen=True)
class Deposit:
    """A person asks for a deposit, under a key."""

    person: Person
    key: str
    amount: str


@dataclass(frozen=True)
class Transfer:
    """A person moves money to the platform, under a key."""

    person: Person
    key: str
    amount: str


@dataclass(frozen=True)
class Withdraw:
    """A saver asks for money, under a key, and takes it back where it waits for a person."""

    person: Saver
    key: str
    amount: str


Operation = Callback | Return | Deposit | Transfer | Withdraw


def operations(
    stage: Stage,
    dice: random.Random,
    *,
    total: int,
    deposits: int,
    transfers: int,
    refused: int = 0,
    returns: int = 0,
    withdrawals: int = 0,
) -> list[Operation]:
    """What will be asked, in which order: callbacks up to four times, one request in ten twice."""
    wishes: list[Operation] = []
    for number in range(deposits):
        amount = f"{dice.randint(10, 30)}.{number % 100:02d}"
        wishes.append(Deposit(dice.choice(stage.people), f"deposit-{number}", amount))
    for number in range(transfers):
        amount = f"{dice.randint(1, 20)}.{number % 100:02d}"
        wishes.append(Transfer(dice.choice(stage.people), f"transfer-{number}", amount))
    wishes += [
        Transfer(dice.choice(stage.people), f"refused-{number}", MORE_THAN_ANYBODY_HAS)
        for number in range(refused)
    ]
    for number in range(withdrawals):
        saver = stage.savers[number % len(stage.savers)]
        wishes.append(Withdraw(saver, f"withdrawal-{number}", f"{dice.randint(10, 30)}.00"))
    wishes += dice.sample(wishes, len(wishes) // 10)
    callbacks = [Callback(asked) for asked in stage.asked]
    repeated = [one for one in callbacks for _ in range(3)]
    taken_back = [
        Return(asked, dice.choice(RETURNS)) for asked in dice.sample(stage.asked, returns)
    ]
    missing = total - len(wishes) - len(callbacks) - len(taken_back)
    told: list[Operation] = (
        callbacks + taken_back + dice.sample(repeated, min(max(missing, 0), len(repeated)))
    )
    dice.shuffle(wishes)
    dice.shuffle(told)
    # Wishes come early, so that what is in doubt is looked up while the rest goes on.
    found: list[Operation] = []
    while wishes or told:
        share = 0.5 if wishes else 0
        found.append(wishes.pop() if wishes and (dice.random() < share or not told) else told.pop())
    return found


@dataclass
class Crowd:
    """Carries out operations in parallel, as many as are allowed; remembers every answer."""

    stage: Stage
    left: "queue.SimpleQueue[Operation]" = field(default_factory=queue.SimpleQueue)
    acknowledged: set[Asked] = field(default_factory=set)
    taken_back: dict[Asked, str] = field(default_factory=dict)
    answers: dict[tuple[Person | Saver, str], set[tuple[int, bytes]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    cancelled: set[str] = field(default_factory=set)
    done_count: int = 0
    calls: int = 0
    _allowed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self, wanted: Sequence[Operation]) -> None:
        for operation in wanted:
            self.left.put(operation)
        self._threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def allow(self, count: int) -> None:
        """Let that many more operations begin."""
        self._allowed.release(count)

    @property
    def is_busy(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        with httpx.Client(base_url=self.stage.settings.api_url, timeout=10) as door:
            while True:
                try:
                    operation = self.left.get_nowait()
                except queue.Empty:
                    return
                self._allowed.acquire()
                self._do(door, operation)
                self.done_count += 1

    def _do(self, door: httpx.Client, operation: Operation) -> None:
        match operation:
            case Callback(asked):
                self._until_answered(door, **self._callback(asked))
                self.acknowledged.add(asked)
            case Return(asked, kind):
                self._until_answered(door, **self._callback(asked, kind, "ret"))
                self.taken_back[asked] = kind
            case Deposit(person, key, amount):
                form = {"amount": amount, "currency": "USD", "method": "card"}
                self._ask(door, "/api/me/deposits", person, key, form)
            case Transfer(person, key, amount):
                path = f"/api/me/trading-accounts/{person.account_id}/transfers"
                self._ask(door, path, person, key, {"amount": amount, "currency": "USD"})
            case Withdraw(person, key, amount):
                form = {"amount": amount, "currency": "USD"}
                told = self._ask(door, "/api/me/withdrawals", person, key, form).json()
                if told["status"] == "review":
                    self._cancel(door, person, told["reference"])

    def _cancel(self, door: httpx.Client, person: Saver, reference: str) -> None:
        """Needs no key: a second time it is told that it was cancelled."""
        path = f"/api/me/withdrawals/{reference}/cancel"
        self._until_answered(door, url=path, headers={"Authorization": f"Bearer {person.token}"})
        self.cancelled.add(reference)

    def _ask(
        self, door: httpx.Client, path: str, person: Person | Saver, key: str, form: dict[str, Any]
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {person.token}", "Idempotency-Key": key}
        answer = self._until_answered(door, url=path, json=form, headers=headers)
        self.answers[person, key].add((answer.status_code, answer.content))
        return answer

    def _callback(
        self, asked: Asked, kind: str = "payment_intent.succeeded", prefix: str = "evt"
    ) -> dict[str, Any]:
        told = event(asked, kind, id=f"{prefix}_{asked.reference}")
        body = json.dumps(told).encode()
        headers = stripe_headers(body, utc_now(), self.stage.stripe_secret)
        return {"url": "/callbacks/stripe", "content": body, "headers": headers}

    def _until_answered(self, door: httpx.Client, **request: Any) -> httpx.Response:
        """Ask again after a broken line or a 5xx, as providers and careful clients do."""
        pause = threading.Event()
        while True:
            self.calls += 1
            try:
                answer = door.post(**request)
            except httpx.HTTPError:
                pause.wait(0.02)
                continue
            if any(code in answer.text for code in FINAL):
                return answer
            if answer.status_code not in ASK_AGAIN:
                assert answer.is_success, f"{answer.status_code} {answer.text}"
                return answer
            pause.wait(0.02)
