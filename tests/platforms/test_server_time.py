"""The broker's clock is New York plus seven hours, all year."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational.platforms.server_time import NEW_YORK_CLOSE, to_server_ms, to_utc
from sandbox.mt5 import server_time as of_the_server

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEW_YORK = ZoneInfo("America/New_York")
MOMENTS = st.integers(1_173_700_000_000, 2_114_400_000_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
"""Since America last changed its rule, in 2007, to the end of 2036."""


def wall(at: datetime) -> str:
    """What the server's clock on the wall shows."""
    shown = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        milliseconds=to_server_ms(at, NEW_YORK_CLOSE)
    )
    return f"{shown:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-01-15T12:00Z", "2026-01-15 14:00"),
        ("2026-07-15T12:00Z", "2026-07-15 15:00"),
        # America changes on March 8 and November 1, Europe on March 29 and October 25.
        ("2026-03-20T12:00Z", "2026-03-20 15:00"),
        ("2026-10-28T12:00Z", "2026-10-28 15:00"),
        ("2026-03-08T06:59Z", "2026-03-08 08:59"),
        ("2026-03-08T07:00Z", "2026-03-08 10:00"),
        ("2026-11-01T05:59Z", "2026-11-01 08:59"),
        ("2026-11-01T06:00Z", "2026-11-01 08:00"),
    ],
)
def test_the_server_changes_its_clock_with_new_york_and_not_with_europe(at, shown):
    assert wall(datetime.fromisoformat(at)) == shown


@pytest.mark.parametrize("day", ["2026-01-15", "2026-03-20", "2026-07-15", "2026-10-28"])
def test_its_midnight_is_five_in_the_afternoon_in_new_york(day):
    at = datetime.fromisoformat(f"{day}T17:00").replace(tzinfo=NEW_YORK)

    assert wall(at).endswith("00:00")


def is_in_the_hour_that_happens_twice(at: datetime) -> bool:
    local = at.astimezone(NEW_YORK)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


@given(MOMENTS)
def test_every_moment_comes_back_from_the_servers_clock_but_for_the_hour_that_happens_twice(at):
    shown = _EPOCH + timedelta(milliseconds=to_server_ms(at, NEW_YORK_CLOSE))

    back = to_utc(shown.replace(tzinfo=None), NEW_YORK_CLOSE)

    assert at - back in (
        {timedelta(0), HOUR} if is_in_the_hour_that_happens_twice(at) else {timedelta(0)}
    )


@given(MOMENTS)
def test_we_and_the_stand_in_agree_on_the_time(at):
    assert to_server_ms(at, NEW_YORK_CLOSE) == of_the_server.milliseconds(at)
