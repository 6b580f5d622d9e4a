"""The broker's clock: New York plus seven hours, written as if it were an epoch."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_NEW_YORK = ZoneInfo("America/New_York")
_AHEAD = timedelta(hours=7)
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wall(at: datetime) -> datetime:
    """What the server's clock on the wall shows, marked as UTC because MetaTrader does."""
    return (at.astimezone(_NEW_YORK).replace(tzinfo=None) + _AHEAD).replace(tzinfo=UTC)


def milliseconds(at: datetime) -> int:
    return (wall(at) - _EPOCH) // _MILLISECOND
