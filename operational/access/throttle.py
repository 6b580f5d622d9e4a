"""How often one key may try one thing: counted in PostgreSQL, so that several processes agree."""

import hashlib
from datetime import UTC, datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational.access.errors import TooManyTries
from operational.access.models import RateWindow

WINDOW_SECONDS = 900


def count_try(session: Session, key: str, *, tries_max: int, now: datetime) -> None:
    """Count one try of `key`, such as ``sign_in:account:<e-mail>``; to be committed by itself.

    Raises:
        TooManyTries: more than `tries_max` in the present quarter of an hour.
    """
    window_at = _window(now)
    counted = (
        insert(RateWindow)
        .values(key=key, window_at=window_at)
        .on_conflict_do_update(
            index_elements=["key", "window_at"], set_={"count": RateWindow.count + 1}
        )
        .returning(RateWindow.count)
    )
    if session.execute(counted).scalar_one() > tries_max:
        left_s = WINDOW_SECONDS - int((now - window_at).total_seconds())
        raise TooManyTries(left_s)


def check(session: Session, key: str, *, tries_max: int, now: datetime) -> None:
    """Refuse a key whose tries are used up, without counting one.

    Raises:
        TooManyTries: `tries_max` were counted in the present quarter of an hour.
    """
    window_at = _window(now)
    found = session.get(RateWindow, (key, window_at))
    if found is not None and found.count >= tries_max:
        raise TooManyTries(WINDOW_SECONDS - int((now - window_at).total_seconds()))


def sign_in_key(email: str) -> str:
    """Under which key tries of one account are counted."""
    return f"sign_in:account:{hashlib.sha256(email.strip().lower().encode()).hexdigest()}"


def forgive(session: Session, *keys: str) -> None:
    """Forget the tries of these keys: the last one was right."""
    session.execute(delete(RateWindow).where(RateWindow.key.in_(keys)))


def forget_old(session: Session, now: datetime) -> None:
    """Drop the windows that are over."""
    session.execute(delete(RateWindow).where(RateWindow.window_at < _window(now)))


def _window(now: datetime) -> datetime:
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % WINDOW_SECONDS, UTC)
