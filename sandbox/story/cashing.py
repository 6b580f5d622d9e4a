"""Money out: most of it goes back to the card it came from within minutes; some of it stops.

The ones that stop are planted: somebody at another computer, money that was never traded with, too
many at once, more than the rule lets go alone, a client whose bank took money back. Who sits at the
desk decides in office hours, on the evidence.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import queries as access
from operational.access import sessions
from operational.access.matrix import Role
from operational.kit.actor import Actor
from operational.kit.errors import DomainError
from operational.kit.money import EXPONENTS, Money
from operational.payments.withdrawals import deciding, evidence, queries, service
from operational.payments.withdrawals.states import WithdrawalStatus
from operational.platforms import observer
from operational.platforms import queries as platform_queries
from operational.platforms import service as platforms
from operational.review import queries as cases
from operational.review import service as review
from sandbox.story.tale import Tale, minutes, office_hours

if TYPE_CHECKING:
    from sandbox.story.money import Funding, Outcome

_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15) Chrome/142.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.6 Safari/605.1.15",
)
_STRANGER = "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"
_DOLLARS_MAX = 1500
"""Below what the shipped table lets go by itself."""
_LARGE_DOLLARS = 2600
_BURST = 5


class Manner(StrEnum):
    """How somebody takes money out."""

    USUAL = "usual"
    """A part of what was paid in, from the own computer, after some trading."""
    STRANGER = "stranger"
    """From a computer nobody has seen, as whoever took over an account would."""
    UNTRADED = "untraded"
    """In and out again without a trade."""
    BURST = "burst"
    """One after the other within a day."""
    LARGE = "large"
    """More than the rule lets go alone."""
    AFTER_CHARGEBACK = "after_chargeback"


MANNERS = {Manner.USUAL: 88, Manner.STRANGER: 3, Manner.BURST: 3, Manner.LARGE: 6}
BAD = frozenset({Manner.STRANGER, Manner.UNTRADED, Manner.BURST, Manner.AFTER_CHARGEBACK})
"""None of these may leave without a person."""


class Cashing:
    """One visit to the withdrawal page, with what goes before and after."""

    def __init__(self, funding: "Funding", number: str, manner: Manner) -> None:
        self.funding, self.number, self.manner = funding, number, manner
        self.tale: Tale = funding.tale
        self.dice = funding.person.dice(f"cashing {number}")
        # Another stranger each time: whoever was sent away does not come back at the same computer.
        self.stranger = _STRANGER.format(self.dice.randrange(60, 145))

    def begin(self) -> None:
        """Money on the platform is brought to the wallet first."""
        if self.manner is Manner.UNTRADED:
            self.ask()
            return
        observer.observe_once(self.tale.stage.engine, self.tale.stage.mt5, self.tale.now)
        share = self.dice.uniform(0.1, 0.35)

        def work(session: Session) -> "Outcome":
            account = session.scalar(platform_queries.of_client(self.funding.client_id).limit(1))
            if account is None or not account.observed_balance_minor:
                return {}
            wanted = self._dollars(_LARGE_DOLLARS if self.manner is Manner.LARGE else _DOLLARS_MAX)
            minor = min(int(account.observed_balance_minor * share), wanted.minor)
            if self.manner is Manner.LARGE:
                minor = min(account.observed_balance_minor, wanted.minor)
            try:
                amount = Money(-minor, self.funding.currency)
                actor, now = self.funding.actor, self.tale.now
                transfer = platforms.fund(session, account.id, amount, actor=actor, now=now)
            except DomainError:
                return {}
            return {"transfer": transfer.reference}

        if self._once("brings money back", work):
            self.tale.stage.carry(1)
            self.tale.after(minutes(self.dice, 4), self.ask)

    def ask(self) -> None:
        for time in range(_BURST if self.manner is Manner.BURST else 1):
            self._ask(time)

    def _ask(self, time: int) -> None:
        at = self._signed_in()
        divided_by = _BURST - time if self.manner is Manner.BURST else 1

        def work(session: Session) -> "Outcome":
            now, client_id = self.tale.now, self.funding.client_id
            currency = self.funding.currency
            left = sum(part for _, part in queries.sources_of(session, client_id, currency))
            free = service.available(session, client_id, currency).withdrawable.minor
            amount = Money(min(free, left) // divided_by, currency)
            try:
                asked = service.request_withdrawal(session, client_id, amount, actor=at, now=now)
            except DomainError as refusal:
                return {"refusal": refusal.code}
            return {
                "withdrawal_id": str(asked.id),
                "status": asked.status,
                "manner": str(self.manner),
            }

        told = self._once(f"withdraws {time}", work)
        if told.get("status") == WithdrawalStatus.APPROVED:
            self._leaves(UUID(told["withdrawal_id"]), f"is paid {time}")
        elif told.get("status") == WithdrawalStatus.REVIEW:
            when = office_hours(self.tale.now, self.dice)
            self.tale.at(when, lambda: self._is_decided(UUID(told["withdrawal_id"]), time))

    def _signed_in(self) -> Actor:
        """The client at the own computer, or somebody at another one."""
        is_stranger = self.manner is Manner.STRANGER
        agent = self.stranger if is_stranger else browser(self.funding.person.number)
        ip = f"198.51.100.{self.funding.person.number % 250}"
        return sign_in(
            self.funding, f"to withdraw {self.number}", agent, ip if is_stranger else None
        )

    def _is_decided(self, withdrawal_id: UUID, time: int) -> None:
        """Somebody at a desk looks. What looks like theft is refused, the rest is let go."""
        verdict = "refused" if self.manner in {Manner.STRANGER, Manner.BURST} else "approved"

        def work(session: Session) -> "Outcome":
            case = session.scalar(cases.open_case_of(service.CASE_KIND, withdrawal_id))
            if case is None:
                return {}
            is_aml = any(reason.get("desk") == "compliance" for reason in case.reasons)
            # Nobody at one desk may let go what the other must see.
            officer = self.tale.staff[Role.COMPLIANCE if is_aml else Role.FINANCE]
            seen = review.serve_case(
                session, case.id, about=evidence.about, actor=officer, now=self.tale.now
            )
            deciding.decide_case(
                session,
                case.id,
                verdict=verdict,
                note=_NOTES[self.manner],
                evidence_id=seen.id,
                actor=officer,
                now=self.tale.now,
            )
            return {"status": verdict}

        if self._once(f"is decided {time}", work).get("status") == "approved":
            self._leaves(withdrawal_id, f"is paid {time}")

    def _leaves(self, withdrawal_id: UUID, what: str) -> None:
        """The PSPs are told at once, and tell later what became of it."""
        with Session(self.tale.stage.engine) as session:
            psps = sorted({leg.psp for leg in session.scalars(queries.payouts_of(withdrawal_id))})
        self.tale.stage.carry()

        def arrives() -> None:
            for psp in psps:
                self.tale.stage.listen(psp, f"{self._act(what)} by {psp}")

        self.tale.after(timedelta(hours=self.dice.uniform(1, 30)), arrives)

    def _dollars(self, dollars: int) -> Money:
        major = dollars * self.funding.per_dollar
        return Money(major * 10 ** EXPONENTS[self.funding.currency], self.funding.currency)

    def _once(self, what: str, work: "Callable[[Session], Outcome]") -> "Outcome":
        return self.funding.once(f"{what} {self.number}", work)

    def _act(self, what: str) -> str:
        return f"{self.funding.person.key} {what} {self.number}"


_NOTES = {
    Manner.USUAL: "nothing to object to",
    Manner.STRANGER: "the client does not know of it; password to be changed",
    Manner.UNTRADED: "the client changed his mind; back to the card",
    Manner.BURST: "asked to put it into one request",
    Manner.LARGE: "funds and identity are in order",
    Manner.AFTER_CHARGEBACK: "the bank has decided; the rest is the client's",
}


def browser(number: int) -> str:
    """What a client's own browser says of itself."""
    return _BROWSERS[number % len(_BROWSERS)]


def sign_in(funding: "Funding", why: str, user_agent: str, ip: str | None = None) -> Actor:
    """The client in a session of that browser."""
    address = ip or funding.person.ip

    def work(session: Session) -> "Outcome":
        user = access.user(session, UUID(funding.actor.id))
        opened, _ = sessions.open_session(
            session, user, ip=address, user_agent=user_agent, now=funding.tale.now
        )
        return {"session_id": str(opened.id)}

    found = funding.once(f"signs in {why}", work)
    return replace(funding.actor, session_id=UUID(found["session_id"]), ip=address)
