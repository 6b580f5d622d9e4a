"""People with a past, made by the domain's own verbs: a verified client, money, a trading account."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx

from operational.access import queries, sessions
from operational.clients import queries as client_queries
from operational.clients import service as clients
from operational.clients.forms import LeadForm, ProfileForm
from operational.clients.states import Stage
from operational.kit import db, ids
from operational.kit.actor import Actor
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.kyc import service as kyc
from operational.ledger import service as ledger
from operational.ledger.service import Leg
from operational.partners import service as partners
from operational.payments import service as payments
from operational.payments.disputes import queries as disputes
from operational.payments.models import Payment
from operational.payments.withdrawals import destinations
from operational.platforms import service as platforms
from operational.platforms.service import Sighting
from operational.reconciliation import queries as breaks
from operational.reconciliation import reports, statement
from operational.reconciliation.intake import FACTS, Found, take
from operational.reconciliation.models import BreakItem, DailyReport
from operational.reconciliation.statement import Figure
from operational.review import queries as review
from operational.rules import queries as rule_queries
from operational.rules import service as rules
from tests.api.opened import HASHED, HUB, Door
from tests.payments.deposits import hear

NAMES = ("break_key", *FACTS)
NOBODY = Actor("anonymous", "anonymous", frozenset(), ip="203.0.113.9")


@dataclass(frozen=True)
class Person:
    """A client and a program of theirs."""

    id: UUID
    user_id: UUID
    token: str
    client: httpx.Client


def prepare(door: Door) -> None:
    """The shipped decision tables in force."""
    with db.transaction(door.database.engine()) as session:
        rules.install_defaults(session, door.clock())


def a_client(door: Door, stage: Stage = Stage.LEAD) -> Person:
    """A client of that stage; everything up to there was done by verbs."""
    mark = uuid7().hex[-12:]
    with db.transaction(door.database.engine()) as session:
        form = LeadForm(
            email=f"c-{mark}@example.com",
            password="unused here",
            first_name="Ann",
            last_name=f"Example{''.join(c for c in mark if c.isalpha())}",
            country="DE",
        )
        client = partners.register_client(
            session, form, actor=NOBODY, now=door.clock(), password_hash=HASHED
        )
        if stage is not Stage.LEAD:
            _profile(session, client, door)
        if stage in {Stage.VERIFIED, Stage.REFUSED}:
            clients.change_stage(
                session, client, stage, reason="a test", actor=HUB, now=door.clock()
            )
        user = queries.user(session, client.user_id)
        _, token = sessions.open_session(
            session, user, ip="127.0.0.1", user_agent="test", now=door.clock()
        )
    browser = door.visitor(Authorization=f"Bearer {token}")
    return Person(client.id, client.user_id, token, browser)


def _profile(session, client, door):
    form = ProfileForm(
        first_name=client.first_name,
        last_name=client.last_name,
        birth_date="1990-05-17",
        country="DE",
        phone="+4915112345678",
    )
    clients.complete_profile(session, client.id, form, actor=HUB, now=door.clock())


def money_for(door: Door, person: Person, amount: str = "1000.00", currency: str = "USD") -> None:
    """Money in the client's wallet, as a deposit would have brought it."""
    paid = Money.parse(amount, currency)
    with db.transaction(door.database.engine()) as session:
        wallet = ledger.client_wallet(session, person.id, currency)
        clearing = ledger.control_account(session, "psp:test", "asset", currency)
        ledger.post(
            session,
            f"test:{uuid7()}",
            kind="deposit",
            legs=[Leg(wallet, paid), Leg(clearing, -paid)],
            effective_at=door.clock(),
            actor=HUB,
        )


def a_break(door: Door) -> BreakItem:
    """A break just found: a payment that no line of its provider names, and one that could be it.

    What was found before stays: the lake tells all there is each time.
    """
    mark = uuid7().hex
    line = {"line_id": mark, "source": "report.csv", "row": 1, "booked_at": "2026-03-01"}
    line |= {"amount_minor": 10_000, "currency": "USD"}
    found = Found(
        break_key=f"psp_line|missing_external|{mark}",
        leg="psp_line",
        kind="missing_external",
        counterpart="stripe",
        our_reference=mark,
        external_reference=None,
        currency="USD",
        expected_minor=10_000,
        actual_minor=0,
        difference_minor=-10_000,
        severity="high",
        details={"candidates": [line], "lines": []},
        occurred_at=door.clock(),
        due_at=door.clock(),
    )
    with db.transaction(door.database.engine()) as session:
        here = session.scalars(breaks.live()).all()
        rest = [Found(**{name: getattr(item, name) for name in NAMES}) for item in here]
        take(session, [*rest, found], as_of=door.clock(), snapshot=1, now=door.clock())
        return session.scalars(breaks.live().where(BreakItem.break_key == found.break_key)).one()


def a_payment(door: Door) -> str:
    """The reference of a deposit a client has asked for."""
    person = a_client(door, Stage.VERIFIED)
    amount = Money.parse("100.00", "USD")
    with db.transaction(door.database.engine()) as session:
        return payments.request_deposit(
            session, person.id, amount, method="card", actor=HUB, now=door.clock()
        ).reference


def a_credited_deposit(door: Door) -> str:
    """The reference of a deposit of 100 dollars that was credited."""
    person = a_client(door, Stage.VERIFIED)
    with db.transaction(door.database.engine()) as session:
        paid = Money.parse("100.00", "USD")
        payment = payments.request_deposit(
            session, person.id, paid, method="card", actor=HUB, now=door.clock()
        )
        payment.psp_payment_id = f"pi_{payment.reference}"
        hear(session, payment, "payment_intent.succeeded")
        return payment.reference


def a_dispute(door: Door) -> str:
    """The reference of a dispute over a deposit that was paid, charged back as fraud."""
    person = a_client(door, Stage.VERIFIED)
    with db.transaction(door.database.engine()) as session:
        payment = payments.request_deposit(
            session,
            person.id,
            Money.parse("100.00", "USD"),
            method="card",
            actor=HUB,
            now=door.clock(),
        )
        payment.psp_payment_id = f"pi_{payment.reference}"
        for kind, more in (("payment_intent.succeeded", {}), ("charge.dispute.created", FRAUD)):
            hear(session, payment, kind, **more)
        return session.scalars(disputes.of_payment(payment.id)).one().reference


FRAUD = {
    "reason": "fraudulent",
    "network_reason_code": "10.4",
    "evidence_details": {"due_by": 1_773_300_000},
}


def a_house_account(door: Door, name: str, kind: str) -> None:
    """One of the house's own accounts, opened as by the first who ever moved money with it."""
    with db.transaction(door.database.engine()) as session:
        ledger.control_account(session, name, kind, "USD")


def reference_of(door: Door, person: Person) -> str:
    """The client's name for people."""
    return door.query(lambda session: client_queries.get(session, person.id).reference)


def a_report(door: Door, *figures: Figure) -> DailyReport:
    """Yesterday's report in a version of its own, as the lake would fill it."""
    day, now = door.clock().date() - timedelta(days=1), door.clock()
    with db.transaction(door.database.engine()) as session:
        asked = reports.ask_again(session, day, reason="a test", actor=HUB, now=now)
        content = statement.compose(day, figures, as_of=now, snapshot=1)
        reports.prepare(session, asked.id, content, as_of=now, snapshot=1, now=now)
        return asked


def an_account(door: Door, person: Person, login: int | None = None) -> UUID:
    """A trading account the platform has opened."""
    with db.transaction(door.database.engine()) as session:
        account = platforms.request_account(
            session, person.id, currency="USD", leverage=100, actor=HUB, now=door.clock()
        )
        account.login = login or account.id.int % 10**9
        session.flush()
        platforms.observe(
            session,
            account.server,
            [Sighting(account.login, rights=0x1, balance_minor=50_000)],
            known=[account.login],
            now=door.clock(),
        )
    return account.id


def a_case(door: Door) -> UUID:
    """A client who stopped: handed in nothing and asked for the check."""
    person = a_client(door, Stage.PROFILED)
    with db.transaction(door.database.engine()) as session:
        kyc.submit(session, person.id, actor=HUB, now=door.clock())
    cases = review.cases_of_client(person.id)
    return door.query(lambda session: session.scalars(cases).one().id)


def a_paid_deposit(door: Door, person: Person, amount_minor: int = 500_000) -> None:
    """A deposit by card that was paid and credited, and can be given back."""
    with db.transaction(door.database.engine()) as session:
        deposit = Payment(
            reference=ids.reference("D"),
            client_id=person.id,
            direction="deposit",
            method="card",
            country="DE",
            psp="stripe",
            fallback_psps=[],
            routing_decision_id=uuid7(),
            amount_minor=amount_minor,
            currency="USD",
            requested_at=door.clock(),
        )
        session.add(deposit)
        session.flush()
        hear(session, deposit, "payment_intent.succeeded")


def a_destination(door: Door, person: Person, *, is_approved: bool = True) -> UUID:
    """A bank account of the client's, added ten days ago and, unless said, approved at once."""
    then = door.clock() - timedelta(days=10)
    holder = Actor(str(person.user_id), "Ann", frozenset({"client"}))
    officer = Actor(str(uuid7()), "an officer", frozenset({"finance"}))
    with db.transaction(door.database.engine()) as session:
        added = destinations.add(
            session,
            person.id,
            method="bank_transfer",
            details={"iban": "DE89370400440532013000"},
            holder_name="Ann Example",
            key=door.app.state.hub.key,
            actor=holder,
            now=then,
        )
        if is_approved:
            destinations.approve(
                session, added.id, note="seen the contract", actor=officer, now=then
            )
    return added.id


def a_draft(door: Door, actor: Actor) -> UUID:
    """A draft of the KYC table by somebody."""
    with db.transaction(door.database.engine()) as session:
        current = session.scalars(rule_queries.in_force("kyc")).one()
        made = rules.draft(
            session, "kyc", current.content, note="a test's draft", actor=actor, now=door.clock()
        )
    return made.id
