"""M1, M2, M7: whatever is asked, in whatever order, the books balance after every single step."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.orm import Session

from operational.kit import db
from operational.kit.errors import DomainError
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.ledger import service
from operational.ledger.errors import (
    AlreadyReversed,
    HoldEnded,
    HoldExceeded,
    InsufficientFunds,
    OperationDiffers,
    Unbalanced,
)
from tests.ledger import books
from tests.times import TIMES

RUNS = 500 * TIMES
STEPS = 100
VACUUM_EVERY = 5
"""Runs are rolled back; what they leave behind must not slow down those that follow."""
CURRENCIES = ("USD", "JPY")
AMOUNTS = st.integers(1, 1_000)

TABLES = """
    select format('select %L, hashtextextended(t::text, 0) from %I.%I as t', relname, nspname, relname)
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind = 'r' and pg_get_userbyid(relowner) = 'kingpost_owner' and nspname <> 'audit'
      and relname <> 'idempotency'
"""
LOOK = """
    create function public.look(out differences text[], out fingerprint text)
    security definer language plpgsql set plan_cache_mode = force_generic_plan as $$
    begin
      set constraints all immediate;
      set constraints all deferred;
      differences := array(select format('%s: %s', what, which) from ({differences}) as found (what, which));
      fingerprint := (select concat(count(*), '/', sum(hash)) from ({tables}) as everything (name, hash));
    end $$
"""

Account = tuple[int, str]


class Books(RuleBasedStateMachine):
    """Clients pay in, move and change money, set it aside and get it back, and make every mistake."""

    accounts = Bundle("accounts")
    journals = Bundle("journals")
    holds = Bundle("holds")

    def __init__(self, engine: Engine, house: dict[tuple[str, str], int]) -> None:
        super().__init__()
        self.connection = engine.connect()
        self.outer = self.connection.begin()
        self.session = Session(self.connection, join_transaction_mode="create_savepoint")
        self.house = house
        self.before: str | None = None
        self.seen: str | None = None

    def teardown(self) -> None:
        self.session.close()
        self.outer.rollback()
        self.connection.close()

    @contextmanager
    def may_be_refused(self, *wanted: type[DomainError]) -> Iterator[None]:
        """If it is refused as `wanted`, prove that nothing moved. Other errors are failures."""
        try:
            yield
        except wanted:
            self.look()
            assert self.seen == self.before

    @contextmanager
    def is_refused(self, wanted: type[DomainError]) -> Iterator[None]:
        with self.may_be_refused(wanted):
            yield
            pytest.fail(f"{wanted.__name__} was expected")

    @initialize(target=accounts, currency=st.sampled_from(CURRENCIES))
    def first_client(self, currency: str) -> Account:
        return books.wallet(self.session, currency), currency

    @rule(target=accounts, currency=st.sampled_from(CURRENCIES))
    def open_wallet(self, currency: str) -> Account:
        return books.wallet(self.session, currency), currency

    @rule(target=journals, account=accounts, minor=AMOUNTS)
    def pay_in(self, account: Account, minor: int) -> int:
        return self.post(account, minor, self.clearing(account), -minor)

    @rule(payer=accounts, payee=accounts, minor=AMOUNTS, other=AMOUNTS)
    def move(self, payer: Account, payee: Account, minor: int, other: int) -> None:
        """In one currency two legs; between two of them four, over the house's own position."""
        with self.may_be_refused(InsufficientFunds, Unbalanced):
            if payer[1] == payee[1]:
                self.post(payer, -minor, payee, minor)
            else:
                self.post(
                    payer, -minor, self.position(payer), minor,
                    self.position(payee), -other, payee, other,
                )  # fmt: skip

    @rule(account=accounts, minor=AMOUNTS, other=AMOUNTS)
    def post_what_does_not_balance(self, account: Account, minor: int, other: int) -> None:
        with self.is_refused(Unbalanced):
            self.post(account, minor + other, self.clearing(account), -minor)

    @rule(account=accounts, minor=AMOUNTS)
    def pay_one_currency_with_another(self, account: Account, minor: int) -> None:
        """Zero in all, and not zero in either currency."""
        foreign = next(currency for currency in CURRENCIES if currency != account[1])
        with self.is_refused(Unbalanced):
            self.post(account, minor, (self.house["psp:test", foreign], foreign), -minor)

    @rule(account=accounts, minor=AMOUNTS)
    def post_one_leg(self, account: Account, minor: int) -> None:
        with self.is_refused(Unbalanced):
            self.post(account, minor)

    @rule(journal=journals)
    def reverse(self, journal: int) -> None:
        with self.may_be_refused(AlreadyReversed, InsufficientFunds):
            service.reverse(
                self.session, journal, f"reversal:{uuid7()}", kind="reversal",
                effective_at=books.NOW, actor=books.CASHIER,
            )  # fmt: skip

    @rule(target=holds, account=accounts, minor=AMOUNTS)
    def set_aside(self, account: Account, minor: int) -> tuple[str, Account, int]:
        key = f"hold:{uuid7()}"
        with self.may_be_refused(InsufficientFunds):
            service.hold(self.session, key, account[0], Money(minor, account[1]))
        return key, account, minor

    @rule(held=holds)
    def free(self, held: tuple[str, Account, int]) -> None:
        with self.may_be_refused(HoldEnded):
            service.void_hold(self.session, held[0])

    @rule(held=holds, less=st.integers(-1, 1))
    def pay_out(self, held: tuple[str, Account, int], less: int) -> None:
        """As much as was held, or a unit less, or one more, which is refused."""
        key, account, minor = held
        taken = max(minor - less, 1)
        with self.may_be_refused(HoldEnded, *([HoldExceeded] if taken > minor else [])):
            self.post(account, -taken, self.clearing(account), taken, settles=key)

    @rule(account=accounts, minor=AMOUNTS, changed=st.booleans())
    def say_it_twice(self, account: Account, minor: int, changed: bool) -> None:
        key, clearing = f"deposit:{uuid7()}", self.clearing(account)
        first = self.post(account, minor, clearing, -minor, key=key)
        self.look()
        self.before, self.seen = self.seen, None
        if changed:
            with self.is_refused(OperationDiffers):
                self.post(account, minor + 1, clearing, -minor - 1, key=key)
        else:
            assert self.post(account, minor, clearing, -minor, key=key) == first

    @invariant()
    def nothing_is_wrong(self) -> None:
        if self.seen is None:
            self.look()
        self.before, self.seen = self.seen, None

    def look(self) -> None:
        """Every rule of the books holds; all rows of the database in one value."""
        differences, self.seen = self.connection.exec_driver_sql("select * from look()").one()
        assert differences == []

    def post(self, *legs: Account | int, key: str | None = None, settles: str | None = None) -> int:
        """One journal of accounts and amounts in turn."""
        pairs = zip(legs[::2], legs[1::2], strict=True)
        return service.post(
            self.session, key or f"op:{uuid7()}", kind="test",
            legs=[service.Leg(account[0], Money(minor, account[1])) for account, minor in pairs],
            effective_at=books.NOW, actor=books.CASHIER, settles=settles,
        )  # fmt: skip

    def clearing(self, account: Account) -> Account:
        return self.house["psp:test", account[1]], account[1]

    def position(self, account: Account) -> Account:
        return self.house["fx", account[1]], account[1]


@pytest.fixture(scope="module")
def owner(module_database) -> Iterator[Connection]:
    engine = create_engine(
        module_database.admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        tables = " union all ".join(connection.scalars(text(TABLES)))
        source = LOOK.replace("{tables}", tables).replace("{differences}", books.DIFFERENCES.text)
        connection.exec_driver_sql(source.replace("%", "%%"))
        yield connection


def test_books_balance_after_every_step_whatever_clients_ask(module_database, owner):
    engine = module_database.engine()
    with db.transaction(engine) as session:
        house = {
            (name, currency): service.control_account(session, name, "asset", currency)
            for name in ("psp:test", "fx")
            for currency in CURRENCIES
        }
    runs = iter(range(10**9))

    def a_run() -> Books:
        if next(runs) % VACUUM_EVERY == 0:
            owner.exec_driver_sql("vacuum ledger.account, ledger.balance, ledger.hold")
            owner.exec_driver_sql("vacuum ledger.journal, ledger.entry")
        return Books(engine, house)

    run_state_machine_as_test(
        a_run,
        settings=settings(
            max_examples=RUNS, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck), print_blob=True,
        ),
    )  # fmt: skip
