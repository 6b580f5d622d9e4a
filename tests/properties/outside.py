"""A provider and a platform in memory: what really happened there, however little of it is told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from operational.kit.money import Money
from operational.payments.psp import PspEvent
from operational.payments.states import News
from operational.platforms.mt5 import Mt5Refused, Mt5Unavailable
from tests.properties.weather import Weather

LATE_SECONDS_MAX = 13
"""A platform that answers nothing has done what it was sent by then, or never does it."""
WHOLE_LIES = (News.SUCCEEDED, News.AUTHORISED, News.FAILED)


@dataclass(slots=True)
class AtProvider:
    """One payment as the provider has it: what it may do with it next, and what it moved."""

    reference: str
    client: int
    minor: int
    moved: list[tuple[News, str, int]] = field(default_factory=list)
    """News, operation and signed amount of everything that moved money."""
    refunds: dict[str, int] = field(default_factory=dict)
    """Operation and amount of those that stand."""
    dispute: News | None = None
    disputed: int = 0
    is_ended: bool = False
    """Failed for good, or its capture did not go through."""

    @property
    def is_captured(self) -> bool:
        return bool(self.moved)

    @property
    def net(self) -> int:
        return sum(amount for *_, amount in self.moved)


@dataclass
class Provider:
    """Takes payments, gives some back, and tells of it. `name` and the rest are as an adapter's."""

    dice: Random
    ids: Iterator[int]
    name: str = "psp"
    merchant: None = None
    is_live: bool = False
    payments: dict[str, AtProvider] = field(default_factory=dict)

    def act(self, payment: AtProvider, now: datetime) -> PspEvent | None:
        """Something happens to a payment; what will be told of it."""
        choices = list(self._choices(payment))
        if not choices:
            return None
        news, operation, amount = self.dice.choice(choices)
        self._move(payment, news, operation, amount)
        return self._event(payment, news, operation, amount, now)

    def lie(self, payment: AtProvider, now: datetime) -> PspEvent:
        """Signed, and impossible: another amount, or more given back than there ever was."""
        news = self.dice.choice((*WHOLE_LIES, News.REFUNDED, News.CHARGED_BACK))
        operation = f"lie_{next(self.ids)}"
        return self._event(payment, news, operation, payment.minor + self.dice.randint(1, 99), now)

    def take(self, reference: str, client: int, minor: int) -> None:
        self.payments[reference] = AtProvider(reference, client, minor)

    def _choices(self, payment: AtProvider) -> Iterator[tuple[News, str, int]]:
        if payment.is_ended:
            return
        capture = f"op_{payment.reference}"
        if not payment.is_captured:
            yield News.PENDING, capture, payment.minor
            yield News.AUTHORISED, capture, payment.minor
            yield News.FAILED, capture, payment.minor
            yield News.SUCCEEDED, capture, payment.minor
            return
        if len(payment.moved) == 1 and self.dice.random() < 0.1:
            yield News.CAPTURE_FAILED, capture, payment.minor
        left = payment.minor - sum(payment.refunds.values())
        if left:
            yield News.REFUNDED, f"re_{next(self.ids)}", self.dice.randint(1, left)
        for operation, amount in payment.refunds.items():
            yield News.REFUND_FAILED, operation, amount
        dispute = f"dp_{payment.reference}"
        match payment.dispute:
            case None:
                yield News.CHARGED_BACK, dispute, self.dice.randint(1, payment.minor)
            case News.CHARGED_BACK:
                yield News.CHARGEBACK_WON, dispute, payment.disputed
            case News.CHARGEBACK_WON:
                yield News.CHARGED_BACK_AGAIN, dispute, payment.disputed

    def _move(self, payment: AtProvider, news: News, operation: str, amount: int) -> None:
        sign = -1
        match news:
            case News.PENDING | News.AUTHORISED | News.FAILED:
                return
            case News.SUCCEEDED:
                sign = +1
            case News.CAPTURE_FAILED:
                payment.is_ended = True
            case News.REFUNDED:
                payment.refunds[operation] = amount
            case News.REFUND_FAILED:
                del payment.refunds[operation]
                sign = +1
            case News.CHARGED_BACK:
                payment.dispute, payment.disputed = news, amount
            case News.CHARGEBACK_WON:
                payment.dispute = news
                sign = +1
            case News.CHARGED_BACK_AGAIN:
                payment.dispute = news
        payment.moved.append((news, operation, sign * amount))

    def _event(
        self, payment: AtProvider, news: News, operation: str, amount: int, now: datetime
    ) -> PspEvent:
        return PspEvent(
            external_id=f"evt_{next(self.ids)}",
            news=news,
            operation_id=operation,
            psp_payment_id=f"op_{payment.reference}",
            reference=payment.reference,
            amount=Money(amount, "USD"),
            occurred_at=now,
        )


@dataclass
class Platform:
    """Books what it is sent, as often as it is sent; the commands' carrier takes it for MetaTrader."""

    dice: Random
    ids: Iterator[int]
    later: Callable[[int, Callable[[], None]], None]
    weather: Weather = field(default_factory=Weather)
    deals: dict[str, list[int]] = field(default_factory=dict)
    """Amounts booked under a reference."""

    def find_balance_deal(
        self, _login: int, reference: str, _since: datetime, _until: datetime
    ) -> dict[str, Any] | None:
        if self.dice.random() < self.weather.silent:
            raise Mt5Unavailable("no answer")
        return {"Deal": 1} if reference in self.deals else None

    def balance(self, _login: int, amount: Money, reference: str) -> int:
        weather = self.weather
        if self.dice.random() < weather.silent:
            raise Mt5Unavailable("no answer")
        if self.dice.random() < weather.slow:
            seconds = self.dice.randint(1, LATE_SECONDS_MAX)
            self.later(seconds, lambda: self._book(reference, amount))
            raise Mt5Unavailable("no answer yet")
        if self.dice.random() < weather.refused:
            raise Mt5Refused(10_019, "not enough money")
        self._book(reference, amount)
        if self.dice.random() < weather.unheard:
            raise Mt5Unavailable("the answer is lost")
        return 1

    def _book(self, reference: str, amount: Money) -> None:
        self.deals.setdefault(reference, []).append(amount.minor)
