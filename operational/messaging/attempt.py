"""One try at something that may fail in any way: the worker's only net."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from operational.messaging.errors import Incurable

TRIES_MAX = 8
BACK_OFF_SECONDS = (1, 5, 30, 300, 3_600, 21_600, 86_400)
"""Waits between eight tries. The first cure a restart, all seven span 31 hours."""

REASON_CHARACTERS_MAX = 500

log = structlog.get_logger()


def attempt(work: Callable[[], None], **about: str) -> Exception | None:
    """Do it; return what went wrong, if anything did. A poison message must not stop the loop."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is put on the message and seen
        log.warning("attempt failed", error=reason(error), **about)
        return error
    return None


def is_final(error: Exception, attempts: int) -> bool:
    """Whether to stop trying after `attempts` tries."""
    return isinstance(error, Incurable) or attempts >= TRIES_MAX


def next_try(attempts: int, now: datetime) -> datetime:
    """When to try again after `attempts` tries, counted from 1."""
    return now + timedelta(seconds=BACK_OFF_SECONDS[min(attempts, len(BACK_OFF_SECONDS)) - 1])


def reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:REASON_CHARACTERS_MAX]
