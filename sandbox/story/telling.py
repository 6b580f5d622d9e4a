"""Telling the story: `run` sets the stage, invites everybody, and lets the days pass."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from operational.access.matrix import Role
from operational.access.passwords import PasswordHash, hash_password
from operational.kit import db
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from operational.platforms import observer
from operational.platforms import service as platforms
from sandbox.story import cast, logins, office, vendors
from sandbox.story.book import Book
from sandbox.story.onboarding import Onboarding
from sandbox.story.prices import paths
from sandbox.story.stage import Stage, opened
from sandbox.story.tale import Tale
from sandbox.story.trading import Desk

DEMO_PASSWORD = "demo client, no secret"  # noqa: S105 - printed for everybody to use
MARKET = Path(__file__).resolve().parents[3] / "shared" / "data" / "market"
"""Real price bars, if this checkout has them beside it."""
_THE_END = "the end"
Progress = Callable[[int, int, str], None]
"""Told with the day that begins, how many there are, and a line to show."""


def run(
    settings: Settings,
    clients: int = 300,
    days: int = 60,
    seed: int = 1,
    progress: Progress = lambda _day, _days, _line: None,
    *,
    end: datetime | None = None,
    market: Path | None = MARKET,
) -> None:
    """Tell the demo broker's story, or go on with it where it was interrupted.

    The database is migrated, and nobody else carries messages meanwhile (no worker). Stand-ins
    that do not answer are started for the time being. The same numbers and the same end tell the
    same story.

    Args:
        settings: where everything is.
        clients: how many come.
        days: how long it lasts.
        seed: of all dice.
        progress: called as the days begin.
        end: its last moment; the last midnight (UTC), if not said, so that a day has one story. A story
            that was begun keeps its end.
        market: a folder of real price bars; every other price is the platform's own.

    Raises:
        VendorMissing: a stand-in does not answer and cannot be started.
    """
    chapter = f"story {seed}-{clients}-{days}"
    if _is_told(settings, chapter):
        return
    last = end or last_midnight(utc_now())
    with vendors.running(settings), opened(settings, chapter, last) as stage:
        last = _end(stage, last)
        tale = Tale(stage, start=last - timedelta(days=days), end=last)
        stage.clock.now = tale.start
        _invite(tale, clients, days, seed)
        Desk(tale, paths(market, last)).start()
        tale.tell(lambda day: progress(day, days, _line(tale)))
        _close(tale)
        progress(days, days, _line(tale))


def last_midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _is_told(settings: Settings, chapter: str) -> bool:
    engine = db.engine(settings, db.WORKER, pool_size=1)
    try:
        return Book(engine, chapter).told(_THE_END) is not None
    finally:
        engine.dispose()


def _end(stage: Stage, wanted: datetime) -> datetime:
    """When the story ends: decided once, so that a story told in two goes is one."""
    told = stage.book.once("the beginning", lambda _: {"end": wanted.isoformat()})
    return datetime.fromisoformat(told["end"])


def _invite(tale: Tale, clients: int, days: int, seed: int) -> None:
    """Put everything that happens by itself on the agenda; the rest follows from it."""
    office.hire(tale)
    office.open_house(tale)
    # One hash for all: 69 ms each would be half a minute of nothing.
    password = _shared_password(tale)
    office.invite_partners(tale, clients, f"{seed}-{clients}-{days}", password)
    span = tale.end - tale.start
    tale.at(tale.start + span / 2, lambda: office.new_plan(tale))
    tale.at(tale.start + span * 0.6, lambda: office.move_a_partner(tale))
    tale.at(tale.start + span * 0.7, lambda: _block(tale))
    for person in cast.draw(clients, days, seed):
        onboarding = Onboarding(tale, person, password)
        tale.at(tale.start + person.arrives, onboarding.register)


def _shared_password(tale: Tale) -> PasswordHash:
    told = tale.stage.book.once("the password", lambda _: {"hash": hash_password(DEMO_PASSWORD)})
    return PasswordHash(told["hash"])


def _block(tale: Tale) -> None:
    """Compliance blocks two accounts for odd trading, and lets one of them go on a day later."""
    keys = sorted(tale.accounts)
    chosen = (
        [tale.accounts[key] for key in (keys[len(keys) // 3], keys[len(keys) // 2])] if keys else []
    )
    officer = tale.staff[Role.COMPLIANCE]
    for number, account in enumerate(chosen):

        def work(session: Session, account_id: Any = account.account_id) -> dict[str, Any]:
            reason = "trades against a stale quote"
            platforms.block(session, account_id, reason=reason, actor=officer, now=tale.now)
            return {}

        tale.stage.book.once(f"block {number}", work)
        account.is_blocked = True
    tale.stage.carry()
    if chosen:
        tale.after(timedelta(days=1), lambda: _unblock(tale))


def _unblock(tale: Tale) -> None:
    account = next(one for _, one in sorted(tale.accounts.items()) if one.is_blocked)

    def work(session: Session) -> dict[str, Any]:
        reason = "the quote was ours; nothing to object to"
        officer = tale.staff[Role.COMPLIANCE]
        platforms.unblock(session, account.account_id, reason=reason, actor=officer, now=tale.now)
        return {}

    tale.stage.book.once("unblock", work)
    tale.stage.carry()
    account.is_blocked = False


def _close(tale: Tale) -> None:
    """Look at every account once, note a client's and a partner's login, and end."""
    stage = tale.stage
    stage.carry()
    stage.process()
    observer.observe_once(stage.engine, stage.mt5, tale.now)
    _note_logins(tale)
    stage.book.once(_THE_END, lambda _: {"at": tale.now.isoformat()})


def _note_logins(tale: Tale) -> None:
    """A verified client and a partner, beside the staff, for whoever wants to try their pages."""
    client = min(tale.accounts.values(), key=lambda account: account.person.number, default=None)
    partner = tale.stage.book.told("partner-0")
    known = [
        one for one in logins.read(tale.stage.settings) if one["role"] not in {"client", "partner"}
    ]
    if client is not None:
        known.append({"role": "client", "email": client.person.email, "password": DEMO_PASSWORD})
    if partner is not None:
        known.append({"role": "partner", "email": partner["email"], "password": DEMO_PASSWORD})
    logins.keep(tale.stage.settings, known)


def _line(tale: Tale) -> str:
    return f"{tale.now:%d %B %Y}: {len(tale.accounts)} clients trade"
