"""M1, M2, M7: whatever is asked, in whatever order, the books balance after every single step."""

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
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from operational.kit.errors import DomainError
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.ledger import service
from operational.ledger.errors import (
    AlreadyReversed,
    HoldEnded,
    InsufficientFunds,
    OperationDiffers,
    Unbalanced,
)
from tests.ledger import books
from tests.times import TIMES

RUNS = 100 * TIMES
"""500 of them passed and took ninety seconds of a core; raise it when the ledger's SQL changes."""
AMOUNTS = st.integers(1, 1_000)
STATE = text("""
    select md5(string_agg(line, '|' order by line)) from (
        select t::text as line from ledger.entry t union all select t::text from ledger.journal t
        union all select t::text from ledger.balance t union all select t::text from ledger.hold t
        union all select t::text from ledger.account t
    ) as everything
""")


class Books(RuleBasedStateMachine):
    """Clients pay in, move money, set it aside and get it back, and make every mistake."""

    accounts = Bundle("accounts")
    journals = Bundle("journals")
    holds = Bundle("holds")

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.connection = engine.connect()
        self.outer = self.connection.begin()
        self.session = Session(self.connection, join_transaction_mode="create_savepoint")

    def teardown(self) -> None:
        self.session.close()
        self.outer.rollback()
        self.connection.close()

    def refused(self, wanted: type[DomainError] | tuple[type[DomainError], ...], act) -> bool:
        """Do `act`; if it is refused as `wanted`, prove that nothing moved. Other errors are failures."""
        try:
            act()
        except wanted:
            assert self.fingerprint() == self.before
            return True
        return False

    @initialize(target=accounts)
    def first_client(self) -> int:
        books.clearing(self.session)
        return books.wallet(self.session)

    @rule(target=accounts)
    def open_wallet(self) -> int:
        return books.wallet(self.session)

    @rule(target=journals, account=accounts, minor=AMOUNTS)
    def pay_in(self, account: int, minor: int) -> int:
        return books.deposit(self.session, account, minor)

    @rule(payer=accounts, payee=accounts, minor=AMOUNTS)
    def move(self, payer: int, payee: int, minor: int) -> None:
        legs = [service.Leg(payer, Money(-minor, "USD")), service.Leg(payee, Money(minor, "USD"))]
        self.refused((InsufficientFunds, Unbalanced), lambda: self.post(legs))

    @rule(account=accounts, minor=AMOUNTS, other=AMOUNTS)
    def post_what_does_not_balance(self, account: int, minor: int, other: int) -> None:
        legs = [
            service.Leg(account, Money(minor + other, "USD")),
            service.Leg(books.clearing(self.session), Money(-minor, "USD")),
        ]
        assert self.refused(Unbalanced, lambda: self.post(legs))

    @rule(account=accounts, minor=AMOUNTS)
    def post_one_leg(self, account: int, minor: int) -> None:
        assert self.refused(
            Unbalanced, lambda: self.post([service.Leg(account, Money(minor, "USD"))])
        )

    @rule(journal=journals)
    def reverse(self, journal: int) -> None:
        self.refused(
            (AlreadyReversed, InsufficientFunds),
            lambda: service.reverse(
                self.session, journal, f"reversal:{uuid7()}", kind="reversal",
                effective_at=books.NOW, actor=books.CASHIER,
            ),
        )  # fmt: skip

    @rule(target=holds, account=accounts, minor=AMOUNTS)
    def set_aside(self, account: int, minor: int) -> tuple[str, int, int]:
        key = f"hold:{uuid7()}"
        self.refused(
            InsufficientFunds, lambda: service.hold(self.session, key, account, Money(minor, "USD"))
        )
        return key, account, minor

    @rule(held=holds)
    def free(self, held: tuple[str, int, int]) -> None:
        self.refused(HoldEnded, lambda: service.void_hold(self.session, held[0]))

    @rule(held=holds)
    def pay_out(self, held: tuple[str, int, int]) -> None:
        key, account, minor = held
        legs = [
            service.Leg(account, Money(-minor, "USD")),
            service.Leg(books.clearing(self.session), Money(minor, "USD")),
        ]
        self.refused(HoldEnded, lambda: self.post(legs, settles=key))

    @rule(account=accounts, minor=AMOUNTS, changed=st.booleans())
    def say_it_twice(self, account: int, minor: int, changed: bool) -> None:
        key = f"deposit:{uuid7()}"
        first = books.deposit(self.session, account, minor, key)
        self.before = self.fingerprint()
        if changed:
            again = lambda: books.deposit(self.session, account, minor + 1, key)  # noqa: E731
            assert self.refused(OperationDiffers, again)
        else:
            assert books.deposit(self.session, account, minor, key) == first

    @invariant()
    def nothing_is_wrong(self) -> None:
        self.connection.exec_driver_sql(
            "set constraints all immediate; set constraints all deferred"
        )
        assert books.differences(self.session) == []
        self.before = self.fingerprint()

    def fingerprint(self) -> str:
        """All rows of the ledger in one value: equal means that nothing moved."""
        return self.connection.scalar(STATE)

    def post(self, legs: list[service.Leg], settles: str | None = None) -> int:
        return service.post(
            self.session, f"op:{uuid7()}", kind="test", legs=legs, effective_at=books.NOW,
            actor=books.CASHIER, settles=settles,
        )  # fmt: skip


def test_books_balance_after_every_step_whatever_clients_ask(module_database):
    run_state_machine_as_test(
        lambda: Books(module_database.engine()),
        settings=settings(
            max_examples=RUNS, stateful_step_count=100, deadline=None,
            suppress_health_check=list(HealthCheck), print_blob=True,
        ),
    )  # fmt: skip
