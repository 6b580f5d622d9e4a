"""Keeps the lake small: many small files become few, and states nobody can want are forgotten."""

from datetime import datetime, timedelta

import duckdb

from lake import connection, lock, publication
from operational.kit import db
from operational.kit.settings import Settings
from operational.reconciliation import queries as reconciliation

KEPT = timedelta(days=2)
"""How long a state of the lake can be read again. The published one is kept however old it is."""
REPORTED = timedelta(days=100)
"""How long the states of daily client-money reports are kept: an auditor's quarter."""
SPOILED_SHARE_MIN = 0.1
"""A file is written anew when this share of its rows is deleted."""

# Rows of small commits wait in the catalog first; every pass adds a file per changed table.
_COMPACT = (
    "call ducklake_flush_inlined_data('lake')",
    f"call ducklake_rewrite_data_files('lake', delete_threshold => {SPOILED_SHARE_MIN})",
    "call ducklake_merge_adjacent_files('lake')",
)


def tidy(settings: Settings, *, now: datetime) -> int:
    """Compact the lake and forget old states; return how many were forgotten.

    What is read does not change: readers of any kept state go on undisturbed.

    Raises:
        WriterBusy: another process writes.
    """
    with lock.writer(settings), connection.write(settings) as lake:
        for step in _COMPACT:
            lake.execute(step)
        pinned = _reported(settings, now - REPORTED)
        old = [each for each in _forgettable(lake, settings, now - KEPT) if each not in pinned]
        if old:
            lake.execute(f"call ducklake_expire_snapshots('lake', versions => {old})")
        # A reader pinned to a state that is forgotten just now has that long to let go of it.
        lake.execute(
            "call ducklake_cleanup_old_files('lake', older_than => ?::timestamptz)", [now - KEPT]
        )
        lake.execute(
            "call ducklake_delete_orphaned_files('lake', older_than => ?::timestamptz)",
            [now - KEPT],
        )
    publication.forget(settings, before=now - 15 * KEPT)
    return len(old)


def _forgettable(
    lake: duckdb.DuckDBPyConnection, settings: Settings, before: datetime
) -> list[int]:
    """States older than `before`, without the newest and the published one."""
    try:
        published = publication.current(settings).published.snapshot
    except publication.NothingPublished:
        published = -1
    rows = lake.execute(
        "select snapshot_id from lake.snapshots() where snapshot_time < ? and snapshot_id <> ? "
        "and snapshot_id < (select max(snapshot_id) from lake.snapshots()) order by 1",
        [before, published],
    ).fetchall()
    return [int(snapshot) for (snapshot,) in rows]


def _reported(settings: Settings, since: datetime) -> set[int]:
    """States that a daily report was worked out from, and can be worked out from again."""
    engine = db.engine(settings, db.WORKER, pool_size=1, is_pinged=False)
    with db.transaction(engine) as session:
        reports = session.scalars(reconciliation.reports_since(since.date())).all()
    engine.dispose()
    return {each.snapshot for each in reports if each.snapshot is not None}
