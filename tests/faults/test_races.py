"""D1: every check-then-act of the money domains, run by two at once behind a barrier.

Each section names what exactly one of two may do. The planted bug is the same check without its
lock: both pass it, on any isolation below serializable.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational.clients import service as clients
from operational.clients.forms import LeadForm
from operational.clients.models import Client
from operational.kit import db
from operational.kit.errors import Conflict, DomainError
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.ledger.models import Journal
from operational.payments import queries, service
from operational.payments.models import Payment
from operational.payments.psp import PspEvent
from operational.payments.states import News
from operational.platforms import service as platforms
from operational.platforms.models import TradingAccount, Transfer
from operational.platforms.service import Sighting
from operational.rules import service as decisions
from operational.rules import tables
from tests.payments.deposits import (
    NOW,
    STRIPE,
    SYSTEM,
    a_deposit,
    a_verified_client,
    control_minor,
    herself,
    rules_in_force,
    wallet_minor,
)
from tests.times import TIMES

ROUNDS = 25 * TIMES
BIG = Money(5_000_000, "USD")
"""Half of what a client may pay in on one day."""


@dataclass
class Duel:
    """Two sessions that begin the same verb at the same moment."""

    engine: Engine

    def fight(self, verb: Callable[[Session, int], object]) -> int:
        """How many of the two were allowed to do it."""
        barrier, allowed = threading.Barrier(2), []

        def one(number: int) -> None:
            try:
                with db.transaction(self.engine) as session:
                    session.execute(select(1))
                    barrier.wait()
                    verb(session, number)
            except DomainError:
                return
            allowed.append(number)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(allowed)

    def do(self, verb: Callable[[Session], object]) -> object:
        with db.transaction(self.engine) as session:
            return verb(session)

    def client(self) -> Client:
        return self.do(a_verified_client)


@pytest.fixture(scope="module")
def duel(module_database) -> Duel:
    engine = module_database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
    return Duel(engine)


def ask_for_half_a_day(session: Session, client: Client) -> Payment:
    return service.request_deposit(
        session, client.id, BIG, method="card", actor=herself(client), now=NOW
    )


def an_account(session: Session, client: Client, login: int) -> TradingAccount:
    account = platforms.request_account(
        session, client.id, currency="USD", leverage=100, actor=herself(client), now=NOW
    )
    account.login = login
    platforms.see(session, account, Sighting(login, 0x163, 0), now=NOW)
    return account


def rich(session: Session, client: Client, minor: int) -> None:
    wallet = ledger.client_wallet(session, client.id, "USD")
    gift = ledger.control_account(session, "test:gift", "expense", "USD")
    legs = [ledger.Leg(wallet, Money(minor, "USD")), ledger.Leg(gift, Money(-minor, "USD"))]
    key = f"gift:{client.id}"
    ledger.post(session, key, kind="gift", legs=legs, effective_at=NOW, actor=SYSTEM)


def told(payment: Payment, news: News, number: object, minor: int = 0) -> PspEvent:
    return PspEvent(
        external_id=f"evt_{payment.reference}_{news}_{number}",
        news=news,
        operation_id=f"op_{news}",
        psp_payment_id=f"pi_{payment.reference}",
        reference=payment.reference,
        amount=Money(minor or payment.amount_minor, "USD"),
        occurred_at=NOW,
    )


def versions_in_force(session: Session) -> list[object]:
    return list(session.scalars(decisions.queries.in_force(tables.PSP_ROUTING)))


def test_two_deposits_never_share_the_last_of_the_daily_limit(duel):
    for _ in range(ROUNDS):
        client = duel.client()
        duel.do(lambda session, client=client: ask_for_half_a_day(session, client))

        assert (
            duel.fight(lambda session, _, client=client: ask_for_half_a_day(session, client)) == 1
        )


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_without_the_clients_lock_both_would_pass_the_daily_limit(duel, isolation):
    """The planted bug: the same check and the same act, and nothing that makes the second wait."""
    engine = duel.engine.execution_options(isolation_level=isolation)
    client = duel.client()
    duel.do(lambda session: ask_for_half_a_day(session, client))
    both_have_read = threading.Barrier(2)

    def unlocked(session: Session, number: int) -> None:
        asked = queries.asked_minor(session, client.id, "USD", NOW - timedelta(days=1))
        both_have_read.wait()
        if asked + BIG.minor > 2 * BIG.minor:
            raise Conflict("over the limit")
        first = session.scalars(queries.of_client(client.id)).first()
        own = {"id", "created_at", "row_xid", "reference"}
        fields = {name: getattr(first, name) for name in {*first.__table__.columns.keys()} - own}
        session.add(Payment(**fields, reference=f"D-{isolation}-{number}"))

    assert Duel(engine).fight(unlocked) == 2


def test_two_transfers_never_spend_the_same_money(duel):
    for number in range(ROUNDS):
        client = duel.client()
        duel.do(lambda session, client=client: rich(session, client, 10_000))
        accounts = [
            duel.do(lambda session, client=client, login=login: an_account(session, client, login))
            for login in (number * 2 + 1, number * 2 + 2)
        ]

        def spend(session: Session, which: int, accounts=accounts, client=client) -> Transfer:
            money = Money(10_000, "USD")
            account = accounts[which].id
            return platforms.fund(session, account, money, actor=herself(client), now=NOW)

        assert duel.fight(spend) == 1


def test_nobody_opens_an_eleventh_account_by_being_quick(duel):
    def ask(session: Session, client: Client) -> TradingAccount:
        return platforms.request_account(
            session, client.id, currency="USD", leverage=100, actor=herself(client), now=NOW
        )

    for _ in range(ROUNDS):
        client = duel.client()
        for _ in range(9):
            duel.do(lambda session, client=client: ask(session, client))

        assert duel.fight(lambda session, _, client=client: ask(session, client)) == 1


def test_two_workers_told_the_same_in_two_events_book_it_once(duel):
    for _ in range(ROUNDS):
        client = duel.client()
        payment = duel.do(lambda session, client=client: a_deposit(session, client))

        def hear(session: Session, number: int, payment=payment) -> None:
            event = told(payment, News.SUCCEEDED, number)
            service.apply_event(session, STRIPE, event, now=NOW)

        assert duel.fight(hear) == 2
        assert duel.do(lambda session, client=client: wallet_minor(session, client)) == 10_000


def test_a_refund_and_a_chargeback_at_once_take_no_more_than_was_told(duel):
    for _ in range(ROUNDS):
        client = duel.client()
        payment = duel.do(lambda session, client=client: a_deposit(session, client))
        first = told(payment, News.SUCCEEDED, 0)
        duel.do(lambda session, first=first: service.apply_event(session, STRIPE, first, now=NOW))

        def give_back(session: Session, number: int, payment=payment) -> None:
            news = (News.REFUNDED, News.CHARGED_BACK)[number]
            service.apply_event(session, STRIPE, told(payment, news, 0), now=NOW)

        assert duel.fight(give_back) == 2
        name = f"client_debt:{client.id}"
        owed = duel.do(lambda session, name=name: control_minor(session, name))
        left = duel.do(lambda session, client=client: wallet_minor(session, client))
        assert (left, owed) == (0, -10_000)


def test_one_e_mail_registers_once(duel):
    for number in range(ROUNDS):
        form = LeadForm(
            email=f"twin{number}@example.com",
            password="a long enough phrase",
            first_name="Twin",
            last_name="Twin",
            country="DE",
        )

        def register(session: Session, _: int, form=form) -> Client:
            return clients.register_lead(session, form, actor=SYSTEM, now=NOW)

        assert duel.fight(register) == 1


def test_of_two_versions_published_at_once_one_is_in_force(duel):
    content = tables.shipped(tables.PSP_ROUTING)

    def draft(session: Session) -> object:
        version = decisions.draft(
            session, tables.PSP_ROUTING, content, note="race", actor=SYSTEM, now=NOW
        )
        return version.id

    publisher = SYSTEM.__class__.system("publisher")
    for _ in range(ROUNDS):
        drafts = [duel.do(draft), duel.do(draft)]

        def publish(session: Session, which: int, drafts=drafts) -> None:
            decisions.publish(session, drafts[which], actor=publisher, now=NOW)

        assert duel.fight(publish) in {1, 2}
        assert len(duel.do(versions_in_force)) == 1


def test_a_journal_is_reversed_once(duel):
    for _ in range(ROUNDS):
        client = duel.client()
        duel.do(lambda session, client=client: rich(session, client, 10_000))
        key = f"gift:{client.id}"
        journal = duel.do(
            lambda session, key=key: session.scalar(select(Journal.id).where(Journal.op_key == key))
        )

        def undo(session: Session, number: int, journal=journal, key=key) -> int:
            name = f"undo:{number}:{key}"
            return ledger.reverse(
                session, journal, name, kind="undo", effective_at=NOW, actor=SYSTEM
            )

        assert duel.fight(undo) == 1
    assert duel.do(lambda session: session.scalar(select(func.count()).select_from(Journal)))
