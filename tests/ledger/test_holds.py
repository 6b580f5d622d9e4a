"""A hold pays for one journal, which takes from the same account and no more; the rest is free again."""

import pytest
from sqlalchemy import text

from operational.kit.money import Money
from operational.ledger import queries, service
from operational.ledger.errors import HoldEnded, HoldExceeded, InsufficientFunds
from tests.ledger import books

HELD = Money(600, "USD")


@pytest.fixture
def wallet(session):
    """A thousand, six hundred of which are held."""
    found = books.wallet(session)
    books.deposit(session, found, 1_000)
    service.hold(session, "payout", found, HELD)
    return found


def take(session, account, minor):
    legs = [
        service.Leg(account, Money(-minor, "USD")),
        service.Leg(books.clearing(session), Money(minor, "USD")),
    ]
    return service.post(
        session, f"take:{minor}", kind="payout", legs=legs, effective_at=books.NOW,
        actor=books.CASHIER, settles="payout",
    )  # fmt: skip


def state(session, wallet):
    row = text("select posted, held from ledger.balance where account_id = :id")
    return tuple(session.execute(row, {"id": wallet}).one())


def test_all_of_a_hold_is_used_up_by_its_journal(session, wallet):
    take(session, wallet, 600)

    assert state(session, wallet) == (400, 0)


def test_what_a_journal_leaves_of_a_hold_is_free_again(session, wallet):
    take(session, wallet, 250)

    assert state(session, wallet) == (750, 0)
    assert queries.available(session, wallet) == Money(750, "USD")


def test_a_journal_takes_no_more_than_was_held(session, wallet):
    with pytest.raises(HoldExceeded):
        take(session, wallet, 601)

    assert state(session, wallet) == (1_000, 600)


def test_a_journal_cannot_use_up_the_hold_of_another_wallet(session, wallet):
    other = books.wallet(session)
    books.deposit(session, other, 1_000)

    with pytest.raises(HoldExceeded):
        take(session, other, 600)

    assert state(session, wallet) == (1_000, 600)
    assert state(session, other) == (1_000, 0)


def test_a_hold_ends_once(session, wallet):
    service.void_hold(session, "payout")

    assert state(session, wallet) == (1_000, 0)
    for again in (lambda: take(session, wallet, 600), lambda: service.void_hold(session, "payout")):
        with pytest.raises(HoldEnded):
            again()


def test_what_is_held_is_not_spent_elsewhere(session, wallet):
    with pytest.raises(InsufficientFunds):
        service.hold(session, "other", wallet, Money(401, "USD"))
