"""The sealer is killed at any moment, again and again, and the log has no gap and no row twice."""

from random import Random
from time import monotonic

from sqlalchemy import text

from operational.audit import sealer
from operational.kit import db
from tests.audit import sealing
from tests.forked import CONTEXT

KILLS = 3
PATIENCE_SECONDS = 30
ROWS = 40_000
"""Recorded before each start: two transactions of the sealer, about half a second of work."""

_COUNTS = text("""
select count(*) as rows, count(distinct event_id) as events, coalesce(max(seq), 0) as last_seq
from audit.sealed
""")


def test_a_sealer_killed_at_random_moments_leaves_no_gap_and_seals_nothing_twice(database):
    dice = Random(7)
    for _ in range(KILLS):
        sealing.act_often(database.engine(), ROWS)
        _kill_while_it_seals(database, after=dice.uniform(0, 0.4))
        counts = _counts(database)
        assert counts.rows == counts.events == counts.last_seq

    # The server may still be at work for the killed one, and hold its lock until it notices.
    patience = monotonic() + PATIENCE_SECONDS
    while _last_seq(database) < KILLS * ROWS and monotonic() < patience:
        sealing.seal(database)

    counts = _counts(database)
    assert counts.rows == counts.events == counts.last_seq == KILLS * ROWS
    assert sealing.verified(database, sealing.ROWS_UNREAD).findings == []


def _kill_while_it_seals(database, *, after: float) -> None:
    """Start a sealer, wait for its first work, give it `after` seconds more, kill it."""
    sealed = _last_seq(database)
    never = CONTEXT.Event()
    process = CONTEXT.Process(target=sealer.run, args=(database.settings, never))
    process.start()
    while _last_seq(database) == sealed:
        assert process.is_alive()
    process.join(after)
    process.kill()
    process.join()


def _last_seq(database):
    with db.transaction(database.engine()) as session:
        return session.scalar(text("select max(seq) from audit.sealed"))


def _counts(database):
    with db.transaction(database.engine()) as session:
        return session.execute(_COUNTS).one()
