"""The hub's money core without its database: the rules are the product's, the books are dicts of ints."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from operational.kit.money import Money
from operational.messaging import outbox
from operational.messaging.answers import Done, Outcome, Refused
from operational.messaging.outbox import BACK_OFF_SECONDS_MAX, Carrier
from operational.payments import errors, limits, rules, service
from operational.payments.limits import DepositFacts, Offer
from operational.payments.psp import PspEvent
from operational.payments.rules import Impossible, Told, Verdict
from operational.payments.states import PaymentStatus
from tests.properties.outside import Provider

CARD = Offer("card", *(Money(100 * dollars, "USD") for dollars in (10, 50_000, 100_000, 1_000_000)))
Judge = Callable[[str, int, Collection[Told]], Verdict]


@dataclass
class Ledger:
    """Balances, holds and keys. The same rules as `ledger.post` and its siblings."""

    posted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    holds: dict[str, tuple[str, int]] = field(default_factory=dict)
    journals: dict[str, int] = field(default_factory=dict)
    """What each operation moved to or from the client."""

    def available(self, account: str) -> int:
        return self.posted[account] - self.held[account]

    def post(self, key: str, legs: dict[str, int]) -> None:
        assert key not in self.journals, f"{key} is posted twice"
        assert sum(legs.values()) == 0, f"{key} does not sum to zero"
        self.journals[key] = next(iter(legs.values()))
        for account, minor in legs.items():
            self.posted[account] += minor
            assert not account.startswith("wallet") or self.available(account) >= 0, account

    def hold(self, key: str, account: str, minor: int) -> None:
        assert self.available(account) >= minor
        self.holds[key] = (account, minor)
        self.held[account] += minor

    def end(self, key: str) -> None:
        """Settle or void; a hold ends once."""
        account, minor = self.holds.pop(key)
        self.held[account] -= minor


@dataclass(slots=True)
class Deposit:
    """Our row of a payment, as far as a callback is compared with it."""

    reference: str
    client: int
    amount_minor: int
    requested_at: datetime
    psp: str = "psp"
    currency: str = "USD"
    status: PaymentStatus = PaymentStatus.CREATED
    told: list[Told] = field(default_factory=list)


@dataclass(slots=True)
class Command:
    """A row of the outbox."""

    reference: str
    client: int
    payload: dict[str, Any]
    topic: str = "platform.transfer"
    attempts: int = 0

    @property
    def wait_seconds(self) -> int:
        return min(2**self.attempts, BACK_OFF_SECONDS_MAX)


@dataclass
class Hub:
    """Believes callbacks, moves money, carries commands."""

    ids: Iterator[int]
    provider: Provider
    carrier: Carrier
    judge: Judge = rules.judge
    ledger: Ledger = field(default_factory=Ledger)
    deposits: dict[str, Deposit] = field(default_factory=dict)
    asked: dict[int, list[Deposit]] = field(default_factory=lambda: defaultdict(list))
    heard: set[str] = field(default_factory=set)

    def request_deposit(self, client: int, amount: Money, now: datetime) -> Deposit | None:
        today = [one for one in self.asked[client] if (now - one.requested_at).days < 1]
        asked = sum(one.amount_minor for one in today if one.status is not PaymentStatus.FAILED)
        day = Money(asked, "USD")
        facts = DepositFacts(True, amount, "card", [CARD], asked_day=day, asked_month=day)
        if limits.refusal(facts):
            return None
        found = Deposit(f"D{next(self.ids)}", client, amount.minor, now)
        self.deposits[found.reference] = found
        self.asked[client] = [*today, found]
        return found

    def hear(self, event: PspEvent) -> str:
        """Apply a callback as `payments.service.apply_event` does; what became of it."""
        try:
            return self._apply(self.deposits[event.reference], event)
        except (errors.CallbackDiffers, Impossible) as refusal:
            return type(refusal).__name__

    def _apply(self, deposit: Deposit, event: PspEvent) -> str:
        service._compare(deposit, self.provider, event)
        if event.external_id in self.heard:
            return "again"
        told = Told(event.news, event.operation_id, event.amount.minor, event.occurred_at)
        verdict = self.judge(deposit.reference, deposit.amount_minor, [*deposit.told, told])
        self.heard.add(event.external_id)
        deposit.told.append(told)
        deposit.status = verdict.status
        for movement in verdict.movements:
            if movement.op_key not in self.ledger.journals:
                self._post(deposit, movement.op_key, movement.amount_minor)
            assert self.ledger.journals[movement.op_key] == -movement.amount_minor
        return verdict.status

    def _post(self, deposit: Deposit, key: str, minor: int) -> None:
        wallet, debt = f"wallet:{deposit.client}", f"debt:{deposit.client}"
        to_wallet, to_debt = rules.shares(
            minor,
            available_minor=self.ledger.available(wallet),
            owed_minor=-self.ledger.posted[debt],
        )
        self.ledger.post(key, {"psp": -minor, wallet: to_wallet, debt: to_debt})

    def request_transfer(self, client: int, minor: int, now: datetime) -> Command | None:
        """From the wallet to the platform, or back with a negative amount."""
        if minor > 0 and self.ledger.available(f"wallet:{client}") < minor:
            return None
        reference = f"T{next(self.ids)}"
        if minor > 0:
            self.ledger.hold(reference, f"wallet:{client}", minor)
        payload = {
            "login": client,
            "reference": reference,
            "amount_minor": minor,
            "currency": "USD",
            "requested_at": now.isoformat(),
        }
        return Command(reference, client, payload)

    def carry(self, command: Command, now: datetime, *, is_killed: bool) -> Outcome | None:
        """One try, as the outbox loop makes it; None if the worker died before writing it down."""
        command.attempts += 1
        outcome = outbox.ask(self.carrier, command, now)
        if is_killed:
            return None
        minor = command.payload["amount_minor"]
        match outcome:
            case Done():
                if minor > 0:
                    self.ledger.end(command.reference)
                legs = {f"wallet:{command.client}": -minor, "platform": minor}
                self.ledger.post(command.reference, legs)
            case Refused():
                if minor > 0:
                    self.ledger.end(command.reference)
        return outcome


REFUSALS = frozenset({"CallbackDiffers", "Impossible", "TooMuch"})
