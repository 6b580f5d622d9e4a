"""`kingpost verify ledger`: clean books, and every planted corruption named by table, row and figures."""

from uuid import UUID

import pytest
from sqlalchemy import Connection, create_engine, text

from kingpost.verify import books
from operational.kit import db
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.ledger.service import Leg
from tests.payments.deposits import NOW, SYSTEM, a_deposit, a_verified_client, hear, rules_in_force

TRANSFER = UUID(int=7)

PLATFORM = text("""
with account as (
  insert into platforms.trading_account
    (id, reference, client_id, platform, server, login, group_name, currency, leverage, requested_at)
  values (uuidv7(), 'A-1', :client, 'mt5', 'Demo', 1001, 'demo', 'USD', 100, :now)
  returning id
)
insert into platforms.transfer
  (id, reference, client_id, trading_account_id, amount_minor, currency, status, deal, requested_at, done_at)
select :transfer, 'T-1', :client, id, 4000, 'USD', 'done', 5, :now, :now from account
""")


@pytest.fixture(scope="module")
def world(module_database):
    """One deposit of 100.00 of which 40.00 went to the platform, and one that is still open."""
    with db.transaction(module_database.engine(db.WORKER)) as session:
        rules_in_force(session)
        client = a_verified_client(session)
        payment = hear(session, a_deposit(session, client), "payment_intent.succeeded")
        waiting = a_deposit(session, client)
        wallet = ledger.client_wallet(session, client.id, "USD")
        platform = ledger.control_account(session, "platform:mt5:Demo", "liability", "USD")
        key = f"transfer:{TRANSFER}"
        ledger.hold(session, key, wallet, Money(4000, "USD"))
        given = {"client": client.id, "transfer": TRANSFER, "now": NOW}
        session.execute(PLATFORM, given)
        moved = Money(4000, "USD")
        legs = [Leg(wallet, -moved), Leg(platform, moved)]
        ledger.post(
            session,
            key,
            kind="platform_transfer",
            legs=legs,
            effective_at=NOW,
            actor=SYSTEM,
            settles=key,
        )
    return {
        "client": client.id,
        "payment": payment.id,
        "reference": payment.reference,
        "waiting": waiting.id,
        "wallet": wallet,
        "platform": platform,
    }


@pytest.fixture
def owner(module_database):
    """Somebody with the power to switch every rule off; what they do is undone afterwards."""
    engine = create_engine(module_database.admin_url)
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text("set session_replication_role = replica"))
        yield connection
        transaction.rollback()
    engine.dispose()


def found(owner: Connection) -> list[str]:
    return books.examine(owner).findings


def test_books_kept_through_the_door_are_clean(world, module_database) -> None:
    report = books.verify(module_database.settings)

    assert report.findings == []
    assert (report.journals, report.entries) == (2, 4)


DEPOSIT = "(select id from ledger.journal where op_key = 'deposit:{payment}')"
WALLET_LEG = f"journal_id = {DEPOSIT} and account_id = {{wallet}}"

CORRUPTIONS = {
    "a leg is made larger": (
        [f"update ledger.entry set amount = 10001 where {WALLET_LEG}"],
        [
            "ledger.journal 1: legs in USD must sum to 0, they sum to 1.",
            "ledger.entry 2: expected balance_after 10001 on account {wallet}, found 10000.",
            "ledger.balance of account {wallet} (wallet:{client}:USD): expected posted 6001, found 6000.",
        ],
    ),
    "a leg is removed": (
        ["delete from ledger.entry where account_id = {platform}"],
        [
            "ledger.journal 2: expected two legs or more, found 1.",
            "ledger.journal 2: legs in USD must sum to 0, they sum to -4000.",
        ],
    ),
    "a journal is removed": (
        [f"delete from ledger.journal where id = {DEPOSIT}"],
        [
            "ledger.entry 1: expected a journal 1, found none.",
            "ledger.entry 2: expected a journal 1, found none.",
            (
                "payments.payment {payment} ({reference}): expected a journal deposit:{payment} of 10000 USD, "
                "found none."
            ),
        ],
    ),
    "a cached balance is raised": (
        ["update ledger.balance set posted = posted + 500 where account_id = {wallet}"],
        [
            "ledger.balance of account {wallet} (wallet:{client}:USD): expected posted 6000, found 6500."
        ],
    ),
    "a cached balance is lost": (
        ["delete from ledger.balance where account_id = {wallet}"],
        [
            "ledger.balance of account {wallet} (wallet:{client}:USD): expected posted 6000, found no row."
        ],
    ),
    "a running balance is rewritten": (
        [f"update ledger.entry set balance_after = 9000 where {WALLET_LEG}"],
        ["ledger.entry 2: expected balance_after 10000 on account {wallet}, found 9000."],
    ),
    "money is held without a hold": (
        ["update ledger.balance set held = 100 where account_id = {wallet}"],
        ["ledger.balance of account {wallet}: expected held 0, found 100."],
    ),
    "a leg is put into another currency": (
        ["update ledger.entry set currency = 'EUR' where account_id = {platform}"],
        [
            "ledger.journal 2: legs in USD must sum to 0, they sum to -4000.",
            "ledger.journal 2: legs in EUR must sum to 0, they sum to 4000.",
            "ledger.entry {last}: expected USD, the currency of account {platform}, found EUR.",
        ],
    ),
    "a deposit is called a success that never came": (
        [
            "update payments.payment set status = 'succeeded', succeeded_at = now() where id = '{waiting}'"
        ],
        [
            (
                "payments.payment {waiting} ({waiting_reference}): expected a journal deposit:{waiting} "
                "of 10000 USD, found none."
            ),
        ],
    ),
    "a deposit is forgotten": (
        [
            "update payments.payment set status = 'failed', succeeded_at = null where id = '{payment}'"
        ],
        ["ledger.journal 1 (deposit:{payment}): expected a payment that succeeded, found failed."],
    ),
    "a transfer is unmade on one side": (
        ["update platforms.transfer set status = 'refused' where id = '{transfer}'"],
        [
            "ledger.journal 2 (transfer:{transfer}): expected a transfer that is done, found refused.",
            (
                "ledger.hold transfer:{transfer}: expected status voided, for the transfer is refused, "
                "found settled."
            ),
        ],
    ),
    "a transfer is lost": (
        ["delete from platforms.transfer where id = '{transfer}'"],
        ["ledger.journal 2 (transfer:{transfer}): expected a transfer that is done, found none."],
    ),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_named_exactly(name: str, world, owner) -> None:
    statements, sentences = CORRUPTIONS[name]
    last = owner.scalar(
        text("select id from ledger.entry where account_id = :id"), {"id": world["platform"]}
    )
    reference = owner.scalar(
        text("select reference from payments.payment where id = :id"), {"id": world["waiting"]}
    )
    names = world | {"transfer": TRANSFER, "last": last, "waiting_reference": reference}
    for statement in statements:
        assert (
            owner.execute(
                text(statement.format(**names).replace("deposit:", "deposit\\:"))
            ).rowcount
            == 1
        )

    assert sorted(found(owner)) == sorted(sentence.format(**names) for sentence in sentences)
