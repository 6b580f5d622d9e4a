"""Money in: deposits that work, fail, come late or come back; the account and transfers to it.

Every draw of dice happens outside an act's work, and what an act found is kept with it: a story
told again after a kill draws the same and finds the same.
"""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.kit.errors import DomainError
from operational.kit.money import EXPONENTS, Money
from operational.ledger import queries as books
from operational.ledger import service as ledger
from operational.payments import queries as payment_queries
from operational.payments import service as payments
from operational.platforms import queries as platform_queries
from operational.platforms import service as platforms
from operational.platforms.states import READY
from sandbox.story.cashing import MANNERS, Cashing, Manner, browser, sign_in
from sandbox.story.cast import Person
from sandbox.story.tale import Account, Tale, herself, minutes

# What a dollar is worth, to round numbers: people pay in round amounts of their own money.
_PER_DOLLAR = {"PLN": 4, "ZAR": 18, "JPY": 150}
_MAJOR_MAX = {"ZAR": 150_000, "JPY": 1_500_000}
"""Under the limit of a new client for one deposit; 15,000 of any other currency."""
_LEVERAGES = (30, 100, 100, 200, 500)
_DAYS_BETWEEN = 14
_COMES_AGAIN = 0.75
_TAKES_OUT = 0.8
_NEVER_TRADES = 0.03

Outcome = dict[str, Any]


class Ending(StrEnum):
    """How a visit to the payment page ends."""

    PAID = "paid"
    SECOND_CARD = "second_card"
    """The first card is declined, the second works; of a coin too little is sent at first."""
    GIVEN_UP = "given_up"
    """Declined, and nobody tries again."""
    LATE = "late"
    """Paid, but hours later."""
    UNTOLD = "untold"
    """Paid, and the callback is lost; the sweeper finds out."""


_ENDINGS = {
    Ending.PAID: 74,
    Ending.SECOND_CARD: 11,
    Ending.GIVEN_UP: 7,
    Ending.LATE: 6,
    Ending.UNTOLD: 2,
}
_CRYPTO_SHARE = 0.08
_CRYPTO_PRICES = frozenset({"EUR", "USD"})
_RETURNS = {"": 960, "refund": 20, "chargeback": 20}


class Funding:
    """One verified client's money."""

    def __init__(self, tale: Tale, person: Person, client_id: UUID, user_id: str) -> None:
        self.tale, self.person, self.client_id = tale, person, client_id
        self.actor = herself(person, user_id)
        self.dice = person.dice("money")
        self.currency = person.country.currency
        self.never_trades = person.dice("trades").random() < _NEVER_TRADES
        self.count = self.exits = 0

    def deposit(self) -> None:
        """Ask for a payment page; most come again in a week or two."""
        self.count += 1
        if self.count == 1:
            sign_in(self, "for the first time", browser(self.person.number))
        Deposit(self, self.count).ask()
        if self.dice.random() < _COMES_AGAIN:
            days = self.dice.expovariate(1 / _DAYS_BETWEEN) + 0.5
            self.tale.after(timedelta(days=days), self.deposit)

    def open_account(self) -> None:
        """The first money opens a trading account."""
        leverage = self.person.dice("leverage").choice(_LEVERAGES)

        def work(session: Session) -> Outcome:
            account = platforms.request_account(
                session,
                self.client_id,
                currency=self.currency,
                leverage=leverage,
                actor=self.actor,
                now=self.tale.now,
            )
            return {"account_id": str(account.id)}

        self.once("opens an account", work)
        self.tale.stage.carry(1)

    def fund(self, share: float) -> None:
        """Move what is in the wallet, or most of it, to the trading account."""
        number = self.count

        def work(session: Session) -> Outcome:
            account = session.scalar(platform_queries.of_client(self.client_id).limit(1))
            wallet = ledger.client_wallet(session, self.client_id, self.currency)
            amount = Money(int(books.available(session, wallet).minor * share), self.currency)
            if account is None or account.observed_status not in READY or amount.minor <= 0:
                return {}
            platforms.fund(session, account.id, amount, actor=self.actor, now=self.tale.now)
            found = {"account_id": str(account.id), "login": account.login}
            return found | {"amount_minor": amount.minor}

        told = self.once(f"funds {number} at {self.tale.now:%m-%d %H:%M:%S}", work)
        self.tale.stage.carry(1)
        if told:
            self._remember(told)
            self.take_out_later()

    def take_out_later(self) -> None:
        """Most take something out after a week or two of trading."""
        self.exits += 1
        dice = self.person.dice(f"exit {self.exits}")
        if dice.random() < _TAKES_OUT:
            manner = dice.choices(list(MANNERS), list(MANNERS.values()))[0]
            days = dice.uniform(3.2, 18)
            cashing = Cashing(self, str(self.exits), manner)
            self.tale.after(timedelta(days=days), cashing.begin)

    def _remember(self, told: Outcome) -> None:
        account = self.tale.accounts.setdefault(
            self.person.key,
            Account(self.person, UUID(told["account_id"]), told["login"], self.tale.now, 0.0),
        )
        account.funds += told["amount_minor"] / 10 ** EXPONENTS[self.currency] / self.per_dollar

    @property
    def per_dollar(self) -> int:
        return _PER_DOLLAR.get(self.currency, 1)

    def amount(self) -> Money:
        """A round amount; now and then a large one, which is routed elsewhere."""
        tens = max(2, round(self.person.wealth * self.dice.lognormvariate(0, 0.5)))
        major = min(10 * tens * self.per_dollar, _MAJOR_MAX.get(self.currency, 15_000))
        return Money(major * 10 ** EXPONENTS[self.currency], self.currency)

    def once(self, what: str, work: Callable[[Session], Outcome]) -> Outcome:
        return self.tale.stage.book.once(f"{self.person.key} {what}", work)


class Deposit:
    """One visit to a payment page."""

    def __init__(self, funding: Funding, number: int) -> None:
        self.funding, self.number, self.tale = funding, number, funding.tale
        self.dice = funding.person.dice(f"deposit {number}")
        self.ending = self.dice.choices(list(_ENDINGS), list(_ENDINGS.values()))[0]
        is_crypto = funding.person.dice(f"method {number}").random() < _CRYPTO_SHARE
        self.method = "crypto" if is_crypto and funding.currency in _CRYPTO_PRICES else "card"

    def ask(self) -> None:
        amount = self.funding.amount()

        def work(session: Session) -> Outcome:
            try:
                payment = payments.request_deposit(
                    session,
                    self.funding.client_id,
                    amount,
                    method=self.method,
                    actor=self.funding.actor,
                    now=self.tale.now,
                )
            except DomainError as refusal:
                return {"refusal": refusal.code}
            return {"reference": payment.reference}

        told = self.funding.once(f"deposit {self.number}", work)
        if "reference" not in told:
            # Over a limit of the day or month; who comes again comes another day.
            return
        self.reference = told["reference"]
        self.tale.stage.carry(1)
        wait = minutes(self.dice, 600 if self.ending is Ending.LATE else 3)
        self.tale.after(wait, self.pay)

    def pay(self) -> None:
        page = self._see()
        if page["session_id"] is None:
            return
        moves = self._in_a_coin(page) if self.method == "crypto" else self._by_card(page)
        is_told = self.ending is not Ending.UNTOLD
        self.tale.stage.moves(page["psp"], self._act("pays"), moves, is_told=is_told)
        if is_told:
            self.arrive()
        else:
            self.tale.after(timedelta(hours=2), self.be_found)

    def _by_card(self, page: Outcome) -> list[dict[str, Any]]:
        is_declined = self.ending in {Ending.SECOND_CARD, Ending.GIVEN_UP}
        moves = [self._move(page, "decline", timedelta())] if is_declined else []
        if self.ending is not Ending.GIVEN_UP:
            moves.append(self._move(page, "pay", timedelta(seconds=40 * is_declined)))
        return moves

    def _in_a_coin(self, page: Outcome) -> list[dict[str, Any]]:
        """Some choose a coin and leave, some send too little, and most of those the rest later."""
        if self.ending is Ending.GIVEN_UP:
            return [self._move(page, "choose", timedelta())]
        if self.ending is not Ending.SECOND_CARD:
            return [self._move(page, "pay", timedelta())]
        pieces = self.dice.choice(((60,), (70, 30), (70, 35)))
        return [
            self._move(page, "pay", timedelta(seconds=90 * number)) | {"percent": percent}
            for number, percent in enumerate(pieces)
        ]

    def be_found(self) -> None:
        self.tale.stage.sweep()
        self.arrive()

    def arrive(self) -> None:
        """Money in the wallet goes on to the platform; some of it comes back one day."""
        if not self._see()["has_succeeded"]:
            return
        if self.funding.never_trades:
            cashing = Cashing(self.funding, f"untraded {self.number}", Manner.UNTRADED)
            self.tale.after(timedelta(days=self.dice.uniform(4, 9)), cashing.begin)
            return
        self.funding.open_account()
        share = self.dice.choice((1.0, 1.0, 1.0, 0.8))
        self.tale.after(minutes(self.dice, 5), lambda: self.funding.fund(share))
        fortune = self.dice.choices(list(_RETURNS), list(_RETURNS.values()))[0]
        if fortune:
            self.tale.after(
                timedelta(days=self.dice.uniform(2, 25)), lambda: self.come_back(fortune)
            )

    def come_back(self, fortune: str) -> None:
        """A refund we agreed to, or a chargeback nobody asked us about."""
        page = self._see()
        if self.method == "crypto":
            # Nobody takes a coin back.
            return
        op = "dispute" if fortune == "chargeback" and page["psp"] != "adyen" else fortune
        move = {"op": op, "at": self.tale.now.isoformat(), "id": page["payment_id"]}
        self.tale.stage.moves(page["psp"], self._act("comes back"), [move])
        if fortune == "chargeback":
            cashing = Cashing(self.funding, f"after {self.number}", Manner.AFTER_CHARGEBACK)
            self.tale.after(timedelta(days=1), cashing.begin)

    def _see(self) -> Outcome:
        """The payment: only what, once it is so, stays so."""
        with Session(self.tale.stage.engine) as session:
            payment = session.scalars(payment_queries.by_reference(self.reference)).one()
            return {
                "psp": payment.psp,
                "has_succeeded": payment.succeeded_at is not None,
                "payment_id": payment.psp_payment_id,
                "session_id": payment.psp_session_id,
            }

    def _act(self, what: str) -> str:
        return f"{self.funding.person.key} {what} {self.number}"

    def _move(self, page: Outcome, op: str, later: timedelta) -> dict[str, Any]:
        paid_at = page["payment_id"] if page["psp"] == "stripe" else page["session_id"]
        move = {"op": op, "at": (self.tale.now + later).isoformat(), "id": paid_at}
        is_card = op == "pay" and self.method == "card"
        return move | ({"country": self.funding.person.country.code} if is_card else {})
