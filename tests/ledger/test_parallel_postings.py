"""M3, M6: what many ask at once, one gets."""

from collections.abc import Callable
from threading import Barrier, Thread

from operational.kit import db
from operational.kit.errors import DomainError
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.ledger import queries, service
from operational.ledger.errors import AlreadyReversed, InsufficientFunds
from tests.conftest import Database
from tests.ledger import books

ACCOUNTS = 200
ASKERS = 64
JOURNALS = 500


def at_once(
    engine, askers: int, rounds: int, act: Callable
) -> list[list[type[DomainError] | None]]:
    """`askers` threads do `act(session, round, asker)` behind a barrier, round by round; the outcomes by round."""
    barrier = Barrier(askers)
    outcomes: list[list[type[DomainError] | None]] = [[] for _ in range(rounds)]

    def ask(asker: int) -> None:
        for number in range(rounds):
            barrier.wait(timeout=60)
            try:
                with db.transaction(engine) as session:
                    act(session, number, asker)
                outcomes[number].append(None)
            except DomainError as refusal:
                outcomes[number].append(type(refusal))

    threads = [Thread(target=ask, args=(asker,)) for asker in range(askers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_64_withdrawals_of_a_whole_balance_exactly_one_succeeds(module_database: Database):
    engine = db.engine(module_database.settings, db.API, pool_size=ASKERS)
    with db.transaction(engine) as session:
        wallets = [books.wallet(session) for _ in range(ACCOUNTS)]
        for wallet in wallets:
            books.deposit(session, wallet, 1_000)
        platform = service.control_account(session, "platform:test", "asset", "USD")
        fees = service.control_account(session, "fees", "income", "USD")

    def spend_it_all(session, number: int, asker: int) -> None:
        """A third hold it, a third send it to the platform, a third pay it as a fee."""
        wallet, everything = wallets[number], Money(1_000, "USD")
        if asker % 3 == 0:
            service.hold(session, f"hold:{uuid7()}", wallet, everything)
            return
        legs = [
            service.Leg(wallet, -everything),
            service.Leg(platform if asker % 3 == 1 else fees, everything),
        ]
        service.post(
            session,
            f"out:{uuid7()}",
            kind="out",
            legs=legs,
            effective_at=books.NOW,
            actor=books.CASHIER,
        )

    outcomes = at_once(engine, ASKERS, ACCOUNTS, spend_it_all)

    for outcome in outcomes:
        assert outcome.count(None) == 1
        assert outcome.count(InsufficientFunds) == ASKERS - 1
    with db.transaction(engine) as session:
        assert [queries.available(session, wallet).minor for wallet in wallets] == [0] * ACCOUNTS
        assert books.differences(session) == []
    engine.dispose()


def test_a_journal_is_reversed_once_however_many_ask(module_database: Database):
    engine = module_database.engine(db.API)
    with db.transaction(engine) as session:
        wallet = books.wallet(session)
        journals = [books.deposit(session, wallet, 10) for _ in range(JOURNALS)]

    def reverse(session, number: int, asker: int) -> None:
        service.reverse(session, journals[number], f"reversal:{number}:{asker}", kind="reversal",
                        effective_at=books.NOW, actor=books.CASHIER)  # fmt: skip

    outcomes = at_once(engine, 4, JOURNALS, reverse)

    flat = [outcome for row in outcomes for outcome in row]
    assert flat.count(None) == JOURNALS
    assert flat.count(AlreadyReversed) == 3 * JOURNALS
    with db.transaction(engine) as session:
        assert queries.available(session, wallet).minor == 0
        assert books.differences(session) == []
