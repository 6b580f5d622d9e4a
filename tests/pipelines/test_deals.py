"""Deals change after the fact; the lake follows, and keeps what was."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import duckdb
import pytest

from pipelines.border import BatchRefusedError
from pipelines.platform import deals
from tests.pipelines.broker import NOW, Server, a_deal

OVERLAP = timedelta(days=30)
MADE = "1772000002"


def versions(lake: duckdb.DuckDBPyConnection, ticket: int) -> list[tuple[object, ...]]:
    return lake.execute(
        "select version, action, is_deleted from lake.raw.platform__deal_versions "
        "where deal = ? order by version",
        [ticket],
    ).fetchall()


def latest(lake: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return lake.execute(
        "select deal, version, action, is_deleted from lake.raw.platform__deals order by deal"
    ).fetchall()


def test_a_second_look_at_an_unchanged_server_writes_nothing(lake):
    server = Server(a_deal(1), a_deal(2))

    first = deals.sync(lake, server, overlap=OVERLAP, now=NOW)
    snapshot = lake.execute("select id from lake.current_snapshot()").fetchone()
    second = deals.sync(lake, server, overlap=OVERLAP, now=NOW)

    assert first is not None
    assert first.row_count == 2
    assert second is None
    assert lake.execute("select id from lake.current_snapshot()").fetchone() == snapshot


def test_a_deal_cancelled_in_place_is_a_new_version_and_the_old_one_is_kept(lake):
    server = Server(a_deal(1), a_deal(2))
    deals.sync(lake, server, overlap=OVERLAP, now=NOW)

    server.records["1"] = a_deal(1, Action="14", Profit="0.00")
    deals.sync(lake, server, overlap=OVERLAP, now=NOW)

    assert versions(lake, 1) == [(1, 1, False), (2, 14, False)]
    assert latest(lake) == [(1, 2, 14, False), (2, 1, 1, False)]


def test_a_vanished_deal_is_marked_deleted_and_may_come_back(lake):
    server = Server(a_deal(1), a_deal(2))
    deals.sync(lake, server, overlap=OVERLAP, now=NOW)

    gone = server.records.pop("1")
    deals.sync(lake, server, overlap=OVERLAP, now=NOW)
    assert latest(lake) == [(1, 2, 1, True), (2, 1, 1, False)]

    server.records["1"] = gone
    deals.sync(lake, server, overlap=OVERLAP, now=NOW)
    assert versions(lake, 1) == [(1, 1, False), (2, 1, True), (3, 1, False)]


def test_a_late_deal_inside_the_window_is_found_and_one_before_it_is_left_alone(lake):
    server = Server(a_deal(100), a_deal(90_000))
    deals.sync(lake, server, overlap=OVERLAP, now=NOW)

    server.records["50"] = a_deal(50)
    found = deals.sync(lake, server, overlap=timedelta(hours=1), now=NOW)
    assert found is None

    found = deals.sync(lake, server, overlap=OVERLAP, now=NOW)
    assert found is not None
    assert found.row_count == 1


def test_server_time_is_kept_and_read_as_new_york_plus_seven(lake):
    winter = int(datetime(2026, 2, 25, 1, 30, tzinfo=UTC).timestamp())
    deals.sync(lake, Server(a_deal(1, Time=str(winter))), overlap=OVERLAP, now=NOW)

    assert lake.execute(
        "select server_time, executed_at from lake.raw.platform__deals"
    ).fetchone() == (
        datetime(2026, 2, 25, 1, 30),  # noqa: DTZ001 - the server's wall clock
        datetime(2026, 2, 24, 23, 30, tzinfo=UTC),
    )


def test_a_deal_of_no_known_kind_refuses_the_whole_batch(lake):
    server = Server(a_deal(1), a_deal(2, Action="99"))

    with pytest.raises(BatchRefusedError, match="action 99, deal 2"):
        deals.sync(lake, server, overlap=OVERLAP, now=NOW)

    assert latest(lake) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Profit", "n/a"),
        ("Profit", "NaN"),
        ("Profit", "1.123456789"),
        ("Profit", "1" * 13),
        ("Price", "1e5"),
        ("Entry", None),
        ("Action", "99999"),
        ("Login", "1001.0"),
        ("Volume", "1" * 18),
        ("Time", "9" * 18),
        ("Time", "soon"),
        ("VolumeExt", "-5"),
    ],
)
def test_a_deal_with_a_field_nobody_can_read_refuses_the_batch_and_names_both(lake, field, value):
    poisoned = {
        name: text
        for name, text in a_deal(2, **{field: value, "_Made": MADE}).items()
        if text is not None
    }

    with pytest.raises(BatchRefusedError, match=f"deal 2: column '{field}'"):
        deals.sync(lake, Server(a_deal(1), poisoned), overlap=OVERLAP, now=NOW)

    assert latest(lake) == []


class Asked(Server):
    """Remembers the windows it was asked for."""

    def deals(self, since, until):
        self.windows = [*getattr(self, "windows", []), (since, until)]
        return super().deals(since, until)


def test_a_long_look_back_is_taken_in_slices_that_meet_and_sees_every_deal_once(lake):
    midnight = int(datetime(2026, 2, 25, 2, tzinfo=UTC).timestamp())
    server = Asked(*(a_deal(n, Time=str(midnight + n * 43_200 - 86_400)) for n in range(1, 9)))

    first = deals.sync(lake, server, overlap=OVERLAP, now=NOW)

    assert first is not None
    assert first.row_count == 8
    assert server.windows[0][0] == deals.BEGINNING
    assert server.windows[-1][1] == NOW + deals.AHEAD
    for (_, end), (since, until) in pairwise(server.windows):
        assert end == since
        assert until - since <= deals.SLICE_MAX

    server.windows = []
    assert deals.sync(lake, server, overlap=timedelta(hours=2), now=NOW - timedelta(days=2)) is None
    assert len(server.windows) == 1


def test_a_slice_shrinks_when_it_holds_much_and_grows_when_it_holds_little():
    assert deals.next_length(deals.SLICE, deals.SLICE_DEALS + 1) == deals.SLICE / 2
    assert deals.next_length(deals.SLICE_MIN, deals.SLICE_DEALS + 1) == deals.SLICE_MIN
    assert deals.next_length(deals.SLICE, deals.SLICE_DEALS) == deals.SLICE
    assert deals.next_length(deals.SLICE, 0) == deals.SLICE * 2
    assert deals.next_length(deals.SLICE_MAX, 0) == deals.SLICE_MAX
