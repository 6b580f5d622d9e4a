"""The broker's clock: New York plus seven hours, written as if it were an epoch (domain dossier 1.5).

Its midnight is the end of New York's trading day, 17:00, all year: it changes over with the United
States, two or three weeks before and one week after Europe.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
AHEAD = timedelta(hours=7)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_server_ms(at: datetime) -> int:
    """A moment in milliseconds of the server's clock."""
    wall = at.astimezone(NEW_YORK).replace(tzinfo=None) + AHEAD
    return (wall.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND


def from_server_ms(server_ms: int, *, is_second_pass: bool = False) -> datetime:
    """The moment a server timestamp means.

    In the hour the clocks go back, one server hour happens twice and nothing in the stamp says
    which one is meant: the first pass is assumed. In the hour they go forward, a stamp that never
    was on the clock is read as if they had not.

    Args:
        server_ms: milliseconds of the server's clock.
        is_second_pass: take the second pass of an hour that happens twice.
    """
    wall = (_EPOCH + server_ms * _MILLISECOND).replace(tzinfo=None) - AHEAD
    return wall.replace(tzinfo=NEW_YORK, fold=int(is_second_pass)).astimezone(UTC)
