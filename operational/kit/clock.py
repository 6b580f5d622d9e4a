"""The one place that reads the wall clock. Everything else is told the time."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
