"""Every committed record gets its place, once, whoever is slow and whatever was interrupted."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from threading import Event, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from operational.audit import outside, queries, sealer
from operational.audit.commands import verify_log
from operational.kit import db
from tests.audit import sealing
from tests.audit.sealing import NOW

FAR_AHEAD = 2**62
"""A horizon beyond every transaction: what a cursor without one does."""


@pytest.fixture
def signer(database):
    return sealer.signing_key(database.settings)


def test_a_sealed_log_verifies_and_a_second_turn_adds_nothing(database):
    sealing.act_now(database.engine(), "W-1", "W-2", "W-3")

    assert sealing.seal(database) == 3
    assert sealing.seal(database) == 0
    report = verify_log(database.settings)
    assert report.lines() == ["Audit log intact: 3 rows under 1 checkpoint."]


@pytest.mark.parametrize(
    ("horizon", "sealed"),
    [
        pytest.param(None, ["slow", "quick"], id="honest"),
        pytest.param(FAR_AHEAD, ["quick"], id="planted bug: no horizon"),
    ],
)
def test_a_transaction_that_commits_late_is_sealed_and_not_skipped(
    database, signer, horizon, sealed
):
    def turn() -> None:
        with db.transaction(database.engine(db.SEALER)) as session:
            sealer.seal(session, signer, now=NOW, horizon=horizon)

    with Session(database.engine()) as slow, slow.begin():
        sealing.act(slow, "slow")
        sealing.act_now(database.engine(), "quick")
        turn()
    turn()

    assert sealing.sealed_subjects(database) == sealed


def test_the_sealer_keeps_up_while_sixteen_write(database):
    stop = Event()
    sealing_on = Thread(target=sealer.run, args=(database.settings, stop))
    sealing_on.start()
    subjects = [[f"W-{writer}-{number}" for number in range(25)] for writer in range(16)]

    with ThreadPoolExecutor(16) as pool:
        done = [pool.submit(sealing.act_now, database.engine(), *mine) for mine in subjects]
    stop.set()
    sealing_on.join()
    sealing.seal(database)

    assert [one.exception() for one in done] == [None] * 16
    assert sorted(sealing.sealed_subjects(database)) == sorted(chain.from_iterable(subjects))
    assert verify_log(database.settings).is_clean


def test_a_record_waits_while_an_older_transaction_runs(database):
    with Session(database.engine()) as slow, slow.begin():
        sealing.act(slow, "slow")
        sealing.act_now(database.engine(), "quick")

        assert sealing.seal(database) == 0
        assert queries.backlog(slow).rows == 2


def test_only_one_sealer_seals_at_a_time(database, signer):
    sealing.act_now(database.engine(), "W-1")

    with db.transaction(database.engine(db.SEALER)) as first:
        assert sealer.seal(first, signer, now=NOW) == 1
        with db.transaction(database.engine(db.SEALER)) as second:
            assert sealer.seal(second, signer, now=NOW) == 0


def test_many_rows_are_signed_in_batches_of_a_thousand(database):
    sealing.act_often(database.engine(), 2_500)

    sealing.seal(database)

    with db.transaction(database.engine()) as session:
        checkpoints = session.scalars(queries.checkpoints_after(0)).all()
        assert [(row.first_seq, row.last_seq) for row in checkpoints] == [
            (1, 1_000),
            (1_001, 2_000),
            (2_001, 2_500),
        ]


def test_a_checkpoint_that_did_not_reach_the_outside_is_copied_at_the_next_turn(database, signer):
    sealing.act_now(database.engine(), "W-1")
    with db.transaction(database.engine(db.SEALER)) as session:
        sealer.seal(session, signer, now=NOW)
    assert not outside.path(database.settings).exists()

    sealing.seal(database)

    assert sealing.verified(database).findings == []
    assert outside.newest(outside.path(database.settings)).last_seq == 1


def test_a_line_torn_by_a_kill_is_written_anew(database):
    file = outside.path(database.settings)
    for subject in ("W-1", "W-2"):
        sealing.act_now(database.engine(), subject)
        sealing.seal(database)
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])

    sealing.seal(database)

    assert file.read_bytes() == whole


def test_a_database_that_forgot_what_the_outside_knows_is_not_sealed_on(database):
    sealing.act_now(database.engine(), "W-1")
    sealing.seal(database)
    with sealing.intruder(database) as connection:
        connection.execute(text("delete from audit.checkpoint"))

    with pytest.raises(sealer.CheckpointsDiverge, match="rows 1 to 1"):
        sealing.seal(database)


def test_the_running_sealer_seals_what_is_committed_and_stops_when_told(database):
    stop = Event()
    running = Thread(target=sealer.run, args=(database.settings, stop))
    running.start()
    sealing.act_now(database.engine(), "W-1")

    try:
        while not sealing.sealed_subjects(database):
            running.join(0.05)
            assert running.is_alive()
    finally:
        stop.set()
        running.join()

    assert sealing.verified(database).findings == []
