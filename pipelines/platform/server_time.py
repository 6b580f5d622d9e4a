"""A platform server's clock. MetaTrader writes its own wall clock; each server's zone is declared.

A zone is an IANA name, or one with a shift: most brokers keep ``America/New_York+7``, so that
midnight on the server is five in the afternoon in New York, on American daylight-saving dates.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SHIFTED = re.compile(r"(?P<name>[A-Za-z_/]+)(?P<hours>[+-]\d{1,2})?")

NEW_YORK_CLOSE = "America/New_York+7"


def is_zone(zone: str) -> bool:
    """Whether a server may keep this zone."""
    try:
        to_utc(datetime(2000, 1, 1), zone)  # noqa: DTZ001 - a server's wall clock
    except ValueError:
        return False
    return True


def to_utc(server_time: datetime, zone: str) -> datetime:
    """The instant at which a server in `zone` showed `server_time`.

    In the hour that autumn repeats, the first one is meant; markets are closed then.

    Raises:
        ValueError: no such zone.
    """
    found = _SHIFTED.fullmatch(zone)
    try:
        base = ZoneInfo(found["name"]) if found else None
    except (ZoneInfoNotFoundError, ValueError):
        base = None
    if found is None or base is None:
        raise ValueError(f"{zone!r} is no zone")
    shift = timedelta(hours=int(found["hours"] or 0))
    return (server_time - shift).replace(tzinfo=base).astimezone(UTC)
