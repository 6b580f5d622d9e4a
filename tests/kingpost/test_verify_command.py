"""`kingpost verify`, the command: clean is clean, and ten corruptions at once are each named."""

import os
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import text

from lake import connection, publication
from operational.kit import db
from pipelines import sources
from pipelines.platform import deals
from pipelines.refresh import refresh
from tests.audit import sealing
from tests.payments.deposits import NOW, a_deposit, a_verified_client, hear, rules_in_force
from tests.pipelines.broker import Broker, Server, a_trade

# The same money once more, and money out of nowhere: both through the ledger's own door.
POST = """
select ledger.post(
    :key, :kind, now(), 'somebody',
    array[psp.id, wallet.id], array[-10000, 10000], array['USD', 'USD']
)
from ledger.account as psp, ledger.account as wallet
where psp.code = 'psp:stripe:USD' and wallet.code = :wallet
"""
IN_THE_BOOKS = """
update ledger.balance set posted = posted + 7
where account_id = (select id from ledger.account where code = :wallet)
"""
IN_THE_LOG = (
    "update audit.event set verb = 'kyc:refuse' where subject_id = 'altered'",
    "delete from audit.event where subject_id = 'deleted'",
)
IN_THE_LAKE = (
    "update lake.raw.payments__payment set amount_minor = 1 where id = $payment",
    "insert into lake.raw.clients__client from lake.raw.clients__client",
    "update lake.marts.fct_payments set amount_usd_minor = 42",
    "delete from lake.raw.platform__deals where deal = 11",
    "drop table lake.raw.kyc__check",
)


@pytest.fixture
def payment(database):
    """A published and sealed hub with one deposit and one trade."""
    with db.transaction(database.engine(db.WORKER)) as session:
        rules_in_force(session)
        client = a_verified_client(session)
        found = hear(session, a_deposit(session, client), "payment_intent.succeeded")
    sealing.act_now(database.engine(db.API), "altered", "deleted")
    sealing.seal(database)
    with closing(Broker(database)) as broker, sources.opened(database.settings) as lake:
        broker.account(client.id, 1001)
        deals.sync(lake, Server(*a_trade(1)), overlap=timedelta(days=1), now=NOW)
    assert refresh(database.settings).is_published
    return found


def verify(database) -> subprocess.CompletedProcess[str]:
    address = database.admin_url.render_as_string(hide_password=False)
    home = {
        "KINGPOST_HOME": str(database.settings.home),
        "KINGPOST_DATABASE_URL": address,
    }
    return subprocess.run(
        [sys.executable, "-m", "kingpost.cli", "verify"],
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_of_ten_corruptions_is_named(database, payment) -> None:
    before = verify(database)
    assert before.returncode == 0, before.stdout + before.stderr

    database.may_be_wrong = True
    wallet = f"wallet:{payment.client_id}:USD"
    with sealing.intruder(database) as owner:
        again = f"deposit:{payment.id}:retry"
        owner.execute(text(POST), {"key": again, "kind": "deposit", "wallet": wallet})
        owner.execute(text(POST), {"key": "from nowhere", "kind": "adjustment", "wallet": wallet})
        owner.execute(text(IN_THE_BOOKS), {"wallet": wallet})
        for statement in IN_THE_LOG:
            assert owner.execute(text(statement)).rowcount == 1
    plant_in_the_lake(database, payment)

    after = verify(database)

    assert after.returncode == 1
    for told in (
        f"({again}): expected a payment that succeeded, found none.",
        "expected its journals to bring in 10000 USD, found 20000.",
        "(from nowhere): expected an adjustment that is posted, found none.",
        f"({wallet}): expected posted 30000, found 30007.",
        "was altered",
        "Row 29 missing.",
        f"payments.payment {payment.id}: expected amount_minor 10000 in the lake, found 1.",
        f"clients.client {payment.client_id}: expected it once in the lake, found it more often.",
        f"marts.fct_payments {payment.id} {payment.reference} {payment.client_id}: in the mart",
        "platform deal mt5 Kingpost-Live 11: expected its newest observed version",
        "kyc.check: expected to read it in the lake, found Catalog Error",
    ):
        assert told in after.stdout, after.stdout


def plant_in_the_lake(database, payment) -> None:
    """And have it published, as somebody would who can write there."""
    with connection.write(database.settings) as lake:
        for statement in IN_THE_LAKE:
            given = {"payment": payment.id} if "$" in statement else {}
            lake.execute(statement, given)
        (snapshot,) = lake.execute("select max(snapshot_id) from lake.snapshots()").fetchone()
    now = publication.current(database.settings).published
    spoiled = publication.Candidate(snapshot, now.as_of, now.extract_id, now.project_sha256)
    publication.decide(database.settings, spoiled, [])
