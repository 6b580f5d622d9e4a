"""Trading accounts between what we want and what the platform shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from operational import worker
from operational.audit.models import Event
from operational.clients.errors import ClientNotFound
from operational.clients.models import Client
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.clock import utc_now
from operational.kit.errors import Forbidden
from operational.kit.money import Money
from operational.ledger import queries as books
from operational.ledger import service as ledger
from operational.ledger.errors import InsufficientFunds
from operational.ledger.service import Leg
from operational.messaging import outbox
from operational.platforms import errors, observer, queries, service
from operational.platforms.models import TradingAccount, Transfer
from operational.platforms.mt5 import Mt5
from operational.platforms.service import Sighting
from tests.payments.deposits import SYSTEM, a_verified_client, herself, rules_in_force

SUPPORT = Actor(id="s", name="Sue", roles=frozenset({"support"}))
FINANCE = Actor(id="f", name="Fay", roles=frozenset({"finance"}))


@dataclass
class Desk:
    """One client with 500 dollars, a database, and the platform."""

    engine: Engine
    mt5: Mt5
    client: Client
    now: datetime
    account_id: object = None

    def carry(self, seconds: float = 0) -> int:
        carriers = worker.platform_carriers(self.mt5)
        return outbox.carry(self.engine, carriers, lambda: self.now + timedelta(seconds=seconds))

    def open(self) -> TradingAccount:
        with db.transaction(self.engine) as session:
            self.account_id = service.request_account(
                session,
                self.client.id,
                currency="USD",
                leverage=100,
                actor=herself(self.client),
                now=self.now,
            ).id
        self.carry()
        return self.account()

    def account(self) -> TradingAccount:
        with db.transaction(self.engine) as session:
            return session.get_one(TradingAccount, self.account_id)

    def fund(self, minor: int) -> None:
        with db.transaction(self.engine) as session:
            service.fund(
                session,
                self.account_id,
                Money(minor, "USD"),
                actor=herself(self.client),
                now=self.now,
            )

    def transfer(self) -> Transfer:
        with db.transaction(self.engine) as session:
            return session.scalars(queries.transfers_of(self.client.id)).first()

    def wallet(self) -> tuple[int, int]:
        """Posted and held."""
        with db.transaction(self.engine) as session:
            return tuple(session.execute(books.wallets(self.client.id)).one()[1:])

    def platform_balance(self) -> str:
        return self.mt5.user(self.account().login)["Balance"]

    def clearing(self) -> int:
        with db.transaction(self.engine) as session:
            name = f"platform:mt5:{service.SERVER}"
            return books.control_balance(session, name, "USD").minor


def give(session: Session, client: Client, minor: int) -> None:
    wallet = ledger.client_wallet(session, client.id, "USD")
    gift = ledger.control_account(session, "test:gift", "expense", "USD")
    money = Money(minor, "USD")
    ledger.post(
        session,
        f"gift:{client.id}",
        kind="gift",
        legs=[Leg(wallet, money), Leg(gift, -money)],
        effective_at=utc_now(),
        actor=SYSTEM,
    )


@pytest.fixture
def desk(database, mt5) -> Desk:
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
        client = a_verified_client(session)
        give(session, client, 50_000)
    return Desk(engine, mt5, client, utc_now())


def test_an_account_is_opened_on_the_platform_and_shown_as_it_is_there(desk):
    account = desk.open()

    assert (account.desired_status, account.observed_status) == ("active", "active")
    assert account.observed_rights == int(desk.mt5.user(account.login)["Rights"])
    assert account.differs_since is None


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"leverage": 77}, errors.LeverageNotOffered),
        ({"currency": "KWD"}, errors.CurrencyNotOffered),
    ],
)
def test_what_we_do_not_offer_is_refused(desk, wish, refusal):
    with db.transaction(desk.engine) as session, pytest.raises(refusal):
        service.request_account(
            session,
            desk.client.id,
            **({"currency": "USD", "leverage": 100} | wish),
            actor=herself(desk.client),
            now=desk.now,
        )


def test_an_account_opened_before_the_answer_was_lost_is_found_and_not_opened_twice(desk, stand):
    stand.fault("* /api/user/add", "error_after")
    before = len(desk.mt5.users())

    assert desk.open().login is None
    desk.carry(2)

    assert desk.account().login is not None
    assert len(desk.mt5.users()) == before + 1


def test_an_account_the_platform_refuses_is_shown_as_refused(desk, stand):
    stand.fault("* /api/user/add", "refuse", detail="3")

    assert desk.open().observed_status == "refused"


def test_money_is_held_until_the_platform_has_booked_it(desk):
    desk.open()

    desk.fund(20_000)
    assert desk.wallet() == (50_000, 20_000)

    desk.carry()
    assert desk.wallet() == (30_000, 0)
    assert desk.platform_balance() == "200.00"
    assert desk.clearing() == 20_000
    assert desk.transfer().status == "done"


def test_money_comes_back_from_the_platform_to_the_wallet(desk):
    desk.open()
    desk.fund(20_000)
    desk.carry()
    observer.observe_once(desk.engine, desk.mt5, utc_now())

    desk.fund(-5_000)
    desk.carry(1)

    assert desk.wallet() == (35_000, 0)
    assert (desk.platform_balance(), desk.clearing()) == ("150.00", 15_000)


def test_more_than_the_wallet_holds_is_refused_at_once(desk):
    desk.open()

    with pytest.raises(InsufficientFunds):
        desk.fund(50_001)
    with pytest.raises(errors.NotEnoughObserved):
        desk.fund(-1)
    assert desk.wallet() == (50_000, 0)


def test_a_refused_transfer_frees_the_money(desk, stand):
    desk.open()
    stand.fault("* /api/trade/balance", "refuse", detail="10019")
    desk.fund(20_000)

    desk.carry()

    assert desk.wallet() == (50_000, 0)
    assert (desk.transfer().status, desk.platform_balance()) == ("refused", "0.00")
    assert "10019" in desk.transfer().refusal


@pytest.mark.parametrize(
    "fault", ["error_after", "garbage", "timeout_after", "timeout_before", "refuse"]
)
def test_an_unanswered_transfer_is_in_doubt_until_it_is_looked_up_and_moves_money_once(
    desk, stand, fault
):
    desk.open()
    stand.fault("* /api/trade/balance", fault, delay_ms=50, detail="9")
    desk.fund(20_000)

    desk.carry()
    assert (desk.transfer().status, desk.wallet()) == ("in_doubt", (50_000, 20_000))

    for seconds in range(1, 40, 2):
        desk.carry(seconds)
    assert (desk.transfer().status, desk.wallet()) == ("done", (30_000, 0))
    assert desk.platform_balance() == "200.00"


def test_a_slow_platform_is_given_time_before_anything_is_sent_again(desk, stand):
    desk.open()
    stand.fault("* /api/trade/balance", "timeout_before", delay_ms=50)
    desk.fund(20_000)

    for seconds in (0, 1, 4, 9):
        desk.carry(seconds)

    assert (desk.transfer().status, desk.platform_balance()) == ("in_doubt", "0.00")


def test_a_block_keeps_every_other_bit_of_the_mask_and_shows_on_the_platform(desk):
    account = desk.open()
    desk.mt5.set_rights(account.login, 0x4163)

    with db.transaction(desk.engine) as session:
        service.block(session, account.id, reason="asked to", actor=SUPPORT, now=desk.now)
    assert desk.account().differs_since == desk.now
    desk.carry()

    assert int(desk.mt5.user(account.login)["Rights"]) == 0x4162
    assert (desk.account().observed_status, desk.account().differs_since) == ("blocked", None)

    with db.transaction(desk.engine) as session:
        service.unblock(session, account.id, reason="solved", actor=SUPPORT, now=desk.now)
    desk.carry(1)
    assert int(desk.mt5.user(account.login)["Rights"]) == 0x4163


def test_a_block_on_the_platform_shows_here_as_a_contradiction_that_runs(desk):
    account = desk.open()
    desk.mt5.set_rights(account.login, 0x162)
    seen_at = utc_now()

    assert observer.observe_once(desk.engine, desk.mt5, seen_at) == 1
    assert observer.observe_once(desk.engine, desk.mt5, seen_at + timedelta(minutes=1)) == 0

    assert desk.account().observed_status == "blocked"
    assert desk.account().differs_since == seen_at
    with db.transaction(desk.engine) as session:
        assert [one.id for one in session.scalars(queries.contradictions())] == [account.id]
        assert "account:observe" in session.scalars(select(Event.verb)).all()


def test_a_poll_writes_only_what_changed(desk):
    account = desk.open()
    observer.observe_once(desk.engine, desk.mt5, utc_now())
    before = desk.account().row_xid
    observer.observe_once(desk.engine, desk.mt5, utc_now())
    assert desk.account().row_xid == before

    desk.mt5.balance(account.login, Money(777, "USD"), "by hand")
    observer.observe_once(desk.engine, desk.mt5, utc_now())
    assert desk.account().observed_balance_minor == 777


def test_an_account_deleted_on_the_platform_is_missing_here(desk):
    account = desk.open()
    with db.transaction(desk.engine) as session:
        service.observe(
            session, service.SERVER, [], known=frozenset({account.login}), now=utc_now()
        )

    assert desk.account().observed_status == "missing"


def test_a_poll_begun_before_a_commands_answer_does_not_overwrite_it(desk):
    account = desk.open()
    old = Sighting(account.login, 0x162, 0)
    with db.transaction(desk.engine) as session:
        began = desk.account().observed_at - timedelta(seconds=1)
        known = frozenset({account.login})
        service.observe(session, service.SERVER, [old], known=known, now=began)

    assert desk.account().observed_status == "active"


def test_nobody_funds_the_account_of_another_and_only_staff_block(desk):
    account = desk.open()
    with db.transaction(desk.engine) as session:
        other = a_verified_client(session, number=1)
        with pytest.raises(ClientNotFound):
            service.fund(session, account.id, Money(1, "USD"), actor=herself(other), now=desk.now)
        for actor in (herself(other), FINANCE):
            with pytest.raises(Forbidden):
                service.block(session, account.id, reason="x", actor=actor, now=desk.now)


def test_a_blocked_account_takes_no_money(desk):
    account = desk.open()
    with db.transaction(desk.engine) as session:
        service.block(session, account.id, reason="asked to", actor=SUPPORT, now=desk.now)
    desk.carry()

    with pytest.raises(errors.AccountNotReady):
        desk.fund(100)


def test_an_account_to_be_blocked_takes_no_money_even_while_the_platform_is_silent(desk):
    account = desk.open()
    with db.transaction(desk.engine) as session:
        service.block(session, account.id, reason="asked to", actor=SUPPORT, now=desk.now)
    assert desk.account().observed_status == "active"

    for minor in (100, -100):
        with pytest.raises(errors.AccountNotReady):
            desk.fund(minor)


def test_an_account_that_was_opened_but_not_read_back_is_not_refused(desk, stand):
    stand.fault("* /api/user/get", "refuse", detail="8")

    desk.open()
    assert desk.account().observed_status == "requested"

    desk.carry(5)
    assert desk.account().observed_status == "active"
    comments = [user["Comment"] for user in desk.mt5.users()]
    assert comments.count(desk.account().reference) == 1


def test_rights_that_were_written_but_not_read_back_are_read_again(desk, stand):
    account = desk.open()
    with db.transaction(desk.engine) as session:
        service.block(session, account.id, reason="asked to", actor=SUPPORT, now=desk.now)
    stand.fault("* /api/user/get", "refuse", detail="8", skip=1)

    desk.carry(1)
    assert desk.account().observed_status == "active"
    assert desk.account().differs_since is not None

    desk.carry(5)
    assert (desk.account().observed_status, desk.account().differs_since) == ("blocked", None)
