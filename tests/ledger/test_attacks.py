"""M1, M6: the application's own login cannot write, change or remove a single entry, in any way."""

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from operational.kit import db
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.ledger.service import Leg
from tests.ledger import books

ATTACKS = [
    # One leg, a leg in another currency, a leg out of nowhere.
    "insert into ledger.entry (journal_id, account_id, currency, amount) values (1, 1, 'USD', 5)",
    "insert into ledger.entry (journal_id, account_id, currency, amount) values (1, 1, 'EUR', 5)",
    "insert into ledger.entry (journal_id, account_id, currency, amount) select 1, 1, 'USD', 1",
    "insert into ledger.journal (op_key, kind, effective_at, actor, meta) values ('x', 'x', now(), 'x', '{}')",
    "insert into ledger.balance (account_id, posted) values (1, 1000000)",
    "insert into ledger.account (code, kind, currency, is_cached) values ('x', 'asset', 'USD', false)",
    "insert into ledger.currency (code, exponent) values ('XXX', 2)",
    "insert into ledger.hold (op_key, account_id, amount) values ('x', 1, 1)",
    # Change what stands.
    "update ledger.entry set amount = amount + 1",
    "update ledger.entry set account_id = 1",
    "update ledger.entry set balance_after = 0",
    "update ledger.journal set kind = 'gift'",
    "update ledger.journal set reverses = null",
    "update ledger.balance set posted = posted + 1000000",
    "update ledger.balance set floor = null",
    "update ledger.balance set held = 0",
    "update ledger.account set kind = 'income'",
    "update ledger.currency set exponent = 0",
    "update ledger.hold set status = 'voided'",
    # Remove what stands.
    "delete from ledger.entry",
    "delete from ledger.journal",
    "delete from ledger.balance",
    "delete from ledger.hold",
    "delete from ledger.account",
    "truncate ledger.entry",
    "truncate ledger.journal cascade",
    "truncate ledger.balance cascade",
    # Take the guards away.
    "alter table ledger.entry disable trigger all",
    "drop trigger entry_is_final on ledger.entry",
    "drop table ledger.entry cascade",
    "alter table ledger.balance drop constraint ck_balance_floor",
    "create or replace function ledger.check_entry() returns trigger language sql as 'select null'",
    "set role kingpost_owner",
    "set session_replication_role = replica",
    "grant kingpost_owner to kingpost_api",
    "copy ledger.entry (journal_id, account_id, currency, amount) from program 'echo 1,1,USD,1'",
    # Through the inner doors.
    "select ledger.end_hold('x', 'settled')",
    "select ledger.settle_hold('x', array[1], array[-1])",
    "select ledger.write_journal('x', 'x', now(), 'x', array[1, 2], array[1, -1], array['USD', 'USD'], '{}', 1, null)",
    "select ledger.posted_before('x', array[1], array[1])",
    "create function ledger.mine() returns int language sql as 'select 1'",
]


@pytest.fixture(scope="module")
def attacker(module_database):
    with db.transaction(module_database.engine(db.API)) as session:
        books.deposit(session, books.wallet(session), 100)
    url = module_database.url(db.API).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_database_itself_refuses(attacker, attack):
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject)):
        attacker.execute(attack)


@pytest.mark.parametrize(
    ("legs", "amounts"),
    [("array[1]", "array[5]"), ("array[1, 1]", "array[5, -5]"), ("array[1, 99999]", "array[5, -5]"),
     ("array[1, 2]", "array[5, -4]"), ("array[1, 2]", "array[5, 0]"), ("array[1, 2]", "array[0, 0]"),
     ("array[1, 2]", "array[9223372036854775807, -9223372036854775807]"), ("array[]::bigint[]", "array[]::bigint[]")],
)  # fmt: skip
def test_the_door_refuses_legs_that_are_no_journal(attacker, legs, amounts):
    currencies = f"array_fill('USD'::text, array[cardinality({legs})])"
    with pytest.raises((psycopg.errors.IntegrityError, psycopg.errors.NumericValueOutOfRange)):
        attacker.execute(
            f"select ledger.post('bad', 'bad', now(), 'x', {legs}, {amounts}, {currencies})"
        )


def test_a_leg_in_another_currency_than_its_account_is_refused(module_database):
    with db.transaction(module_database.engine(db.API)) as session:
        wallet, clearing = books.wallet(session, "USD"), books.clearing(session, "USD")
        legs = [Leg(wallet, Money(100, "EUR")), Leg(clearing, Money(-100, "EUR"))]

        with pytest.raises(IntegrityError, match="in its currency"):
            ledger.post(
                session, "x", kind="x", legs=legs, effective_at=books.NOW, actor=books.CASHIER
            )


def test_the_door_posts_no_reversal_of_the_callers_making(attacker):
    with pytest.raises(psycopg.errors.UndefinedFunction):
        attacker.execute(
            "select ledger.post('x', 'x', now(), 'x', array[1, 2]::bigint[], array[5, -5]::bigint[],"
            " array['USD', 'USD'], p_reverses => 1)"
        )


def test_even_the_owner_cannot_rewrite_an_entry(module_database):
    admin = module_database.admin_url.set(drivername="postgresql").render_as_string(
        hide_password=False
    )
    with psycopg.connect(admin, autocommit=True) as owner:
        owner.execute("set role kingpost_owner")
        for attack in (
            "update ledger.entry set amount = 1", "delete from ledger.entry", "truncate ledger.entry cascade",
            "update ledger.journal set kind = 'x'", "delete from ledger.journal", "truncate ledger.journal cascade",
            "update ledger.account set kind = 'income'", "delete from ledger.account",
            "update ledger.currency set exponent = 0", "delete from ledger.currency",
            "delete from ledger.balance", "truncate ledger.balance cascade", "truncate ledger.hold",
        ):  # fmt: skip
            with pytest.raises(
                psycopg.errors.InsufficientPrivilege, match="a correction is a reversal"
            ):
                owner.execute(attack)
