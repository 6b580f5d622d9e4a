"""Money moved by hand: always by two persons, never more than they agreed on, never to oneself."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from kingpost.verify import books
from operational.access.errors import AlreadyDecided, ApprovalExpired, SecondPersonNeeded
from operational.access.matrix import Role
from operational.access.models import Approval
from operational.clients.models import Client
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.errors import DomainError, Forbidden, InvalidInput, Stale
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.ledger.errors import InsufficientFunds
from operational.ledger.service import Leg
from operational.payments.adjustments import errors, service
from operational.payments.adjustments.models import Adjustment
from operational.payments.adjustments.states import ReasonCode
from tests.payments.deposits import (
    NOW,
    SYSTEM,
    a_verified_client,
    control_minor,
    hear,
    herself,
    rules_in_force,
    wallet_minor,
)
from tests.payments.deposits import a_deposit as ask_deposit

R = ReasonCode


def a_colleague(*roles: Role) -> Actor:
    identifier = uuid7()
    return Actor(str(identifier), f"Colleague {identifier.hex[-4:]}", frozenset(roles))


FINANCE, SECOND = a_colleague(Role.FINANCE), a_colleague(Role.FINANCE)
SUPPORT, MANAGER = a_colleague(Role.SUPPORT), a_colleague(Role.MANAGEMENT)


@dataclass
class Desk:
    """One client with money, and what colleagues do to the wallet."""

    session: Session
    client: Client

    def ask(
        self, amount: str, code: R = R.GOODWILL, *, by: Actor = FINANCE, at=NOW, sign: int = 1
    ) -> Adjustment:
        money = Money.parse(*amount.split())
        return service.ask(
            self.session,
            self.client.id,
            money if sign > 0 else -money,
            reason_code=code,
            note="the spread was wrong on Monday",
            actor=by,
            now=at,
        )

    def take(self, amount: str, code: R = R.FEE, **more) -> Adjustment:
        return self.ask(amount, code, sign=-1, **more)

    def agree(self, asked: Adjustment, *, by: Actor = SECOND, agree: bool = True, at=NOW, shown=""):
        quoted = shown or service.shown(asked)
        return service.decide(
            self.session, asked.reference, agree=agree, shown=quoted, actor=by, now=at
        )

    def reverse(self, posted: Adjustment, *, by: Actor = FINANCE) -> Adjustment:
        return service.ask_reversal(
            self.session, posted.reference, note="booked to the wrong client", actor=by, now=NOW
        )

    @property
    def wallet(self) -> int:
        return wallet_minor(self.session, self.client)

    def house(self, name: str) -> int:
        return control_minor(self.session, f"house:{name}")


def money_for(session: Session, client: Client, minor: int) -> None:
    wallet = ledger.client_wallet(session, client.id, "USD")
    clearing = ledger.control_account(session, "psp:test", "asset", "USD")
    paid = Money(minor, "USD")
    legs = [Leg(wallet, paid), Leg(clearing, -paid)]
    ledger.post(
        session, f"test:{uuid7()}", kind="deposit", legs=legs, effective_at=NOW, actor=SYSTEM
    )


@pytest.fixture
def desk(session) -> Desk:
    rules_in_force(session)
    client = a_verified_client(session)
    money_for(session, client, 100_00)
    return Desk(session, client)


def test_a_gift_reaches_the_wallet_when_another_person_agreed_and_not_before(desk):
    asked = desk.ask("25.00 USD", by=SUPPORT)
    assert (asked.status, desk.wallet) == ("waiting", 100_00)
    with pytest.raises(Forbidden):
        desk.agree(asked, by=SUPPORT)

    desk.agree(asked)

    assert (asked.status, desk.wallet, desk.house("goodwill")) == ("posted", 125_00, -25_00)
    assert asked.decided_by_name == SECOND.name
    with pytest.raises(AlreadyDecided):
        desk.agree(asked, by=a_colleague(Role.FINANCE))
    assert desk.wallet == 125_00


def test_what_is_to_be_taken_cannot_be_spent_while_it_waits(desk):
    asked = desk.take("30.00 USD")
    assert desk.wallet == 70_00
    with pytest.raises(InsufficientFunds):
        desk.take("70.01 USD")

    desk.agree(asked, agree=False)
    assert (asked.status, desk.wallet) == ("refused", 100_00)

    desk.agree(desk.take("30.00 USD"))
    assert (desk.wallet, desk.house("fees")) == (70_00, 30_00)


def test_whoever_asked_never_agrees_whatever_else_they_are(desk):
    boss = a_colleague(Role.FINANCE, Role.MANAGEMENT, Role.SUPER_ADMIN)
    asked = desk.ask("25.00 USD", by=boss)

    with pytest.raises(SecondPersonNeeded):
        desk.agree(asked, by=boss)
    with pytest.raises(SecondPersonNeeded):
        desk.agree(asked, by=replace(boss, session_id=uuid7(), ip="203.0.113.9"))

    assert desk.wallet == 100_00


def test_nobody_adjusts_their_own_wallet(desk):
    herself_at_work = replace(herself(desk.client), roles=frozenset({Role.FINANCE}))

    with pytest.raises(Forbidden, match="own wallet"):
        desk.ask("25.00 USD", by=herself_at_work)
    with pytest.raises(Forbidden, match="own wallet"):
        desk.agree(desk.ask("25.00 USD"), by=herself_at_work)
    with pytest.raises(Forbidden):
        desk.ask("25.00 USD", by=herself(desk.client))


def test_a_colleague_who_lost_the_role_agrees_to_nothing(desk):
    asked = desk.ask("25.00 USD")

    with pytest.raises(Forbidden):
        desk.agree(asked, by=replace(SECOND, roles=frozenset({Role.SALES})))

    assert (asked.status, desk.wallet) == ("waiting", 100_00)


def test_a_reason_is_said_and_fits_the_direction(desk):
    for money, code in ((Money(-10_00, "USD"), R.GOODWILL), (Money(10_00, "USD"), R.FEE)):
        with pytest.raises(errors.WrongDirection):
            service.ask(
                desk.session,
                desk.client.id,
                money,
                reason_code=code,
                note="a good reason",
                actor=FINANCE,
                now=NOW,
            )
    for note, money in (("no", Money(10_00, "USD")), ("a good reason", Money(0, "USD"))):
        with pytest.raises(InvalidInput):
            service.ask(
                desk.session,
                desk.client.id,
                money,
                reason_code=R.GOODWILL,
                note=note,
                actor=FINANCE,
                now=NOW,
            )


def test_what_was_asked_for_cannot_be_changed_before_it_is_agreed_to(desk):
    asked = desk.ask("25.00 USD")
    with pytest.raises(Stale):
        desk.agree(asked, shown="00" * 32)
    with pytest.raises(DBAPIError, match="permission denied"), desk.session.begin_nested():
        desk.session.execute(
            update(Adjustment).where(Adjustment.id == asked.id).values(amount_minor=2500_00)
        )

    approval = desk.session.get_one(Approval, asked.approval_id)
    altered = {**approval.payload, "amount": "2500.00 USD"}
    desk.session.execute(update(Approval).where(Approval.id == approval.id).values(payload=altered))
    desk.session.expire(approval)
    with pytest.raises(AssertionError, match="altered"):
        desk.agree(asked)

    with pytest.raises(IntegrityError, match="two_persons"), desk.session.begin_nested():
        desk.session.execute(
            update(Adjustment).where(Adjustment.id == asked.id).values(decided_by=asked.asked_by)
        )
    with pytest.raises(IntegrityError, match="agreed"), desk.session.begin_nested():
        desk.session.execute(
            update(Adjustment).where(Adjustment.id == asked.id).values(status="posted")
        )
    assert desk.wallet == 100_00


def test_ten_small_ones_need_the_manager_that_one_large_one_needs(desk):
    large = desk.ask("1500.00 USD")
    assert large.agrees == "management"
    with pytest.raises(Forbidden):
        desk.agree(large)
    desk.agree(large, by=MANAGER, agree=False)

    askers = [FINANCE, SUPPORT, a_colleague(Role.FINANCE)]
    asked = [desk.ask("150.00 USD", by=askers[number % 3]) for number in range(10)]

    assert [one.agrees for one in asked] == ["finance"] * 6 + ["management"] * 4
    with pytest.raises(Forbidden):
        desk.agree(asked[9])
    desk.agree(asked[9], by=MANAGER)
    # The next day counts anew; a refused one never counted.
    assert desk.ask("150.00 USD", at=NOW + timedelta(days=1)).agrees == "finance"
    with pytest.raises(errors.AdjustmentOverLimit):
        desk.ask("50001.00 USD")


def test_many_small_ones_for_many_clients_by_one_person_are_noticed_too(desk):
    greedy, agrees = a_colleague(Role.SUPPORT), []
    for number in range(6):
        other = Desk(desk.session, a_verified_client(desk.session, number=number))
        agrees.append(other.ask("950.00 USD", by=greedy).agrees)

    assert agrees == ["finance"] * 5 + ["management"]


def test_what_nobody_decides_in_time_is_given_up_and_the_money_is_free(desk):
    asked = desk.take("30.00 USD")
    later = NOW + service.LIFE
    with pytest.raises(ApprovalExpired):
        desk.agree(asked, at=later)

    assert service.expire(desk.session, now=later - timedelta(seconds=1)) == 0
    assert service.expire(desk.session, now=later) == 1

    assert (asked.status, desk.wallet) == ("expired", 100_00)
    assert service.expire(desk.session, now=later) == 0


def test_a_mistake_is_put_right_once_and_by_two_persons(desk):
    posted = desk.agree(desk.ask("25.00 USD"))
    undone = desk.reverse(posted)
    with pytest.raises(errors.NotReversible):
        desk.reverse(posted)
    with pytest.raises(SecondPersonNeeded):
        desk.agree(undone, by=FINANCE)

    desk.agree(undone)

    assert (desk.wallet, desk.house("goodwill")) == (100_00, 0)
    for one in (posted, undone):
        with pytest.raises(errors.NotReversible):
            desk.reverse(one)


def test_a_gift_that_was_spent_cannot_be_taken_back_by_hand(desk):
    posted = desk.agree(desk.ask("25.00 USD"))
    undone = desk.reverse(posted)
    desk.agree(desk.take("110.00 USD"))

    with pytest.raises(InsufficientFunds), desk.session.begin_nested():
        desk.agree(undone)

    assert desk.wallet == 15_00


def test_no_more_debt_is_written_off_than_there_is(desk):
    payment = ask_deposit(desk.session, desk.client, "50.00 USD")
    payment.psp_payment_id = f"pi_{payment.reference}"
    hear(desk.session, payment, "payment_intent.succeeded")
    desk.agree(desk.take("150.00 USD"))
    hear(desk.session, payment, "charge.dispute.created")
    debt = f"client_debt:{desk.client.id}"
    assert control_minor(desk.session, debt) == -50_00

    with pytest.raises(errors.NotThatMuchDebt):
        desk.ask("50.01 USD", R.DEBT_WRITE_OFF)
    twice = [desk.ask("50.00 USD", R.DEBT_WRITE_OFF) for _ in range(2)]
    desk.agree(twice[0])
    with pytest.raises(errors.NotThatMuchDebt), desk.session.begin_nested():
        desk.agree(twice[1])

    assert control_minor(desk.session, debt) == 0
    assert (desk.wallet, desk.house("write_offs")) == (0, -50_00)


def test_many_at_once_agree_once_and_no_limit_is_passed_by_asking_at_once(database):
    engine = database.engine(db.API)
    with db.transaction(engine) as session:
        rules_in_force(session)
        client = a_verified_client(session)
        asked = Desk(session, client).ask("25.00 USD")

    def at_once(work, count: int = 6) -> list[object]:
        barrier = Barrier(count)

        def one(number: int) -> object:
            barrier.wait()
            try:
                with db.transaction(engine) as session:
                    return work(Desk(session, client), number)
            except DomainError as refusal:
                return refusal.code

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    agreed = at_once(lambda desk, _: desk.agree(asked, by=a_colleague(Role.FINANCE)).status)
    assert sorted(agreed) == ["already_decided"] * 5 + ["posted"]

    split = at_once(lambda desk, _: desk.ask("190.00 USD").agrees)
    assert sorted(split) == ["finance"] * 5 + ["management"]

    undone = at_once(lambda desk, _: desk.reverse(asked).status)
    assert sorted(undone) == ["not_reversible"] * 5 + ["waiting"]
    with db.transaction(engine) as session:
        assert wallet_minor(session, client) == 25_00
    assert books.verify(database.settings).findings == []


def test_what_no_two_persons_agreed_to_is_found_in_the_books(database):
    engine = database.engine(db.API)
    with db.transaction(engine) as session:
        rules_in_force(session)
        client = a_verified_client(session)
        desk = Desk(session, client)
        desk.agree(desk.ask("25.00 USD"))
        money_for_nothing = Money(10_00, "USD")
        wallet = ledger.client_wallet(session, client.id, "USD")
        house = ledger.control_account(session, "house:goodwill", "expense", "USD")
        legs = [Leg(wallet, money_for_nothing), Leg(house, -money_for_nothing)]
        key = f"adjustment:{uuid7()}"
        ledger.post(session, key, kind="adjustment", legs=legs, effective_at=NOW, actor=SYSTEM)

    [found] = books.verify(database.settings).findings

    assert key in found
    assert "expected an adjustment that is posted" in found
