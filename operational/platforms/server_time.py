"""A platform server's clock: its own wall clock, written as if it were an epoch.

A zone is an IANA name, or one with a shift: most brokers keep ``America/New_York+7``, so that
midnight on the server is five in the afternoon in New York, the end of its trading day, on
American daylight-saving dates: two or three weeks before and one week after Europe.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NEW_YORK_CLOSE = "America/New_York+7"
_SHIFTED = re.compile(r"(?P<name>[A-Za-z_/]+)(?P<hours>[+-]\d{1,2})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def is_zone(zone: str) -> bool:
    """Whether a server may keep this zone."""
    try:
        _read(zone)
    except ValueError:
        return False
    return True


def to_utc(server_time: datetime, zone: str) -> datetime:
    """The instant at which a server in `zone` showed `server_time`.

    In the hour that autumn repeats, the first one is meant; markets are closed then. A time that
    spring leaves out is read as if the clock had not changed.

    Raises:
        ValueError: no such zone.
    """
    base, shift = _read(zone)
    return (server_time - shift).replace(tzinfo=base).astimezone(UTC)


def to_server_ms(at: datetime, zone: str) -> int:
    """A moment in milliseconds of the clock of a server in `zone`.

    Raises:
        ValueError: no such zone.
    """
    base, shift = _read(zone)
    wall = at.astimezone(base).replace(tzinfo=UTC) + shift
    return (wall - _EPOCH) // _MILLISECOND


@cache
def _read(zone: str) -> tuple[ZoneInfo, timedelta]:
    """The zone, and how far the server's clock runs ahead of it.

    A whole IANA name comes first: ``Etc/GMT-2`` is one of its own, two hours *ahead* of UTC.
    """
    found = _SHIFTED.fullmatch(zone)
    names = [(zone, 0)] + ([(found["name"], int(found["hours"]))] if found else [])
    for name, hours in names:
        try:
            return ZoneInfo(name), timedelta(hours=hours)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    raise ValueError(f"{zone!r} is no zone")
