"""`kingpost verify audit` on a database somebody with every right has touched: it says what and where."""

import pytest
from sqlalchemy import text

from operational.audit import keys, outside
from operational.audit.commands import verify_log
from operational.kit import db
from tests.audit import sealing

# Forty rows under four checkpoints; the statement, and how the finding begins and goes on.
CORRUPTIONS = {
    "a reason is changed": (
        "update audit.event set reason = 'never mind' where subject_id = 'W-15'",
        ["Row 15 (", "was altered"],
    ),
    "an amount is changed": (
        """update audit.event set after = '{"amount": "99.00"}' where subject_id = 'W-15'""",
        ["Row 15 (", "was altered"],
    ),
    "a record is deleted": (
        "delete from audit.event where subject_id = 'W-15'",
        ["Row 15 missing"],
    ),
    "a record is deleted with its seal": (
        """with gone as (delete from audit.event where subject_id = 'W-15' returning id)
        delete from audit.sealed using gone where event_id = gone.id""",
        ["Row 15 missing"],
    ),
    "a record is slipped in": (
        """insert into audit.event (id, row_xid, at, actor_id, role, verb, subject_kind, leaf)
        select gen_random_uuid(), row_xid, at, 'mallory', role, verb, subject_kind, leaf
        from audit.event where subject_id = 'W-15'""",
        ["(kyc:approve by mallory at", "lies behind the sealer without a seal"],
    ),
    "a seal is taken away": (
        "delete from audit.sealed where seq = 15",
        ["Row 15 missing", "lies behind the sealer without a seal"],
    ),
    "two records change places": (
        """update audit.sealed set seq = 0 where seq = 15;
        update audit.sealed set seq = 15 where seq = 16; update audit.sealed set seq = 16 where seq = 0""",
        ["Rows 11 to 20 do not give the signed root"],
    ),
    "a checkpoint is deleted": (
        "delete from audit.checkpoint where last_seq = 20",
        ["The checkpoint over rows 11 to 20 kept outside is not in the log"],
    ),
    "a signature is changed": (
        "update audit.checkpoint set signature = root || root where last_seq = 20",
        ["The signature of the checkpoint over rows 11 to 20 is not valid"],
    ),
    "the tail is cut": (
        """delete from audit.event where row_xid >= (select event_xid from audit.sealed where seq = 31);
        delete from audit.sealed where seq > 30; delete from audit.checkpoint where last_seq > 30""",
        ["The log ends with row 30", "ends with row 40: rows 31 to 40 cut off"],
    ),
    "everything is gone": (
        "truncate audit.event, audit.sealed, audit.checkpoint cascade",
        ["The log ends with row 0", "rows 1 to 40 cut off"],
    ),
}


@pytest.fixture
def forty(database):
    """Forty sealed rows, ten to a checkpoint."""
    for start in range(1, 41, 10):
        with db.transaction(database.engine()) as session:
            for number in range(start, start + 10):
                sealing.act(session, f"W-{number}", after={"amount": "10.00"})
        sealing.seal(database)
    return database


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_named(forty, name):
    statements, words = CORRUPTIONS[name]
    assert verify_log(forty.settings).lines() == ["Audit log intact: 40 rows under 4 checkpoints."]

    with sealing.intruder(forty) as connection:
        for statement in statements.split(";"):
            connection.execute(text(statement))

    report = verify_log(forty.settings)
    assert not report.is_clean
    said = "\n".join(report.lines())
    assert [word for word in words if word not in said] == []


def test_a_row_altered_with_the_seal_and_the_root_still_fails_its_signature(forty):
    with sealing.intruder(forty) as connection:
        connection.execute(
            text(
                "update audit.event set reason = 'x', leaf = sha256('x') where subject_id = 'W-15'"
            )
        )
        connection.execute(text("update audit.sealed set leaf = sha256('x') where seq = 15"))
        connection.execute(
            text("update audit.checkpoint set root = sha256('x') where last_seq = 20")
        )

    said = verify_log(forty.settings).lines()

    assert "The signature of the checkpoint over rows 11 to 20 is not valid." in said


def test_missing_checkpoints_outside_are_a_finding(forty):
    outside.path(forty.settings).unlink()

    assert "The checkpoints kept outside are gone" in verify_log(forty.settings).lines()[0]


def test_a_missing_public_key_is_a_finding(forty):
    keys.public_path(forty.settings).unlink()

    assert "The sealer has never run" in verify_log(forty.settings).lines()[0]


def test_rows_that_wait_for_the_sealer_are_counted_and_no_finding(forty):
    sealing.act_now(forty.engine(), "W-41")

    report = verify_log(forty.settings)

    assert report.is_clean
    assert report.notes == ["1 row waits for the sealer, the oldest since 09:00:00 UTC."]
