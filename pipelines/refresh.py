"""One whole pass: land every source, build and test the marts, publish, give back. No daemon needed.

A pass may be killed anywhere. What landed stays landed, models are brought up to date from the
rows they have not seen, and the pointer moves last; the next pass finds out what is missing, and
operations are told what stands published whether or not this pass moved it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import duckdb

from lake import lock, publication
from lake.publication import CheckResult, Publication
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from pipelines import publish, sources
from pipelines.feedback.giving import Given, give_back, give_lines
from pipelines.publish import Built
from pipelines.sources import Landed

Progress = Callable[[str], None]

STILL = timedelta(seconds=20)
"""When nothing changed, how old *as of* may grow before it is moved on."""
RETRY = timedelta(minutes=5)
"""When nothing changed, how long a refusal stands before the same lake is tried once more."""
BORDER = "what arrives is whole"


@dataclass(frozen=True)
class Outcome:
    """What one pass did."""

    as_of: datetime
    landed: Landed
    built: Built
    is_published: bool
    """False if a check failed; the numbers of before stand."""
    given: Given = field(default_factory=Given)
    """What operations were told of what is published."""

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.built.checks if not check.passed)


def refresh(
    settings: Settings,
    progress: Progress = lambda _: None,
    *,
    whole: bool = False,
    overlap: timedelta = sources.DEEP,
) -> Outcome:
    """Bring the lake up to now and publish it.

    Args:
        settings: whose hub.
        progress: told each step in a sentence.
        whole: build every model anew.
        overlap: how far back the platform's deals are looked at again.

    Raises:
        WriterBusy: another pass is under way.
    """
    with lock.writer(settings):
        outcome = _pass(settings, progress, whole=whole, overlap=overlap)
    progress("Giving back to operations")
    return replace(outcome, given=give_back(settings, utc_now()))


def _pass(settings: Settings, progress: Progress, *, whole: bool, overlap: timedelta) -> Outcome:
    """Land, build, check, decide; the caller holds the writer's lock."""
    now = utc_now()
    progress("Reading what is new")
    with sources.opened(settings) as lake:
        landed = sources.land_all(lake, settings, overlap=overlap, now=now)
        give_lines(settings, lake, now)
        if landed.broken:
            return _turn_away(settings, landed, now)
        newest = _newest(lake)
        before = _published(settings)
        last = _last(settings)
        if not whole and before is not None and _is_still(before, newest):
            return _stand(settings, landed, before, last)
        if not whole and last is not None and _is_refused(last, newest, now):
            return Outcome(landed.as_of, landed, Built((), last.checks), is_published=False)
        anew = whole or before is None or not _can_follow(settings, before, lake)
    progress("Building the marts anew" if anew else "Bringing the marts up to date")
    built = publish.build(settings, whole=anew)
    progress("Publishing")
    return _publish(settings, landed, built, landed.as_of)


def _newest(lake: duckdb.DuckDBPyConnection) -> int:
    row = lake.execute("select coalesce(max(extract_id), 0) from lake.raw.extracts").fetchone()
    assert row is not None
    return int(row[0])


def _published(settings: Settings) -> Publication | None:
    try:
        return publication.current(settings).published
    except publication.NothingPublished:
        return None


def _last(settings: Settings) -> Publication | None:
    """The newest decision, whether it moved the pointer or not."""
    return next(iter(publication.history(settings, 1)), None)


def _is_still(decided: Publication, newest: int) -> bool:
    """Nothing arrived since, and the models are the same: what was decided is still right."""
    return decided.extract_id == newest and decided.project_sha256 == publish.project_sha256()


def _is_refused(last: Publication, newest: int, now: datetime) -> bool:
    """This very lake was built and refused a moment ago; only what arrives can change that."""
    return (
        not last.is_published
        and _is_still(last, newest)
        and now - last.decided_at < RETRY
        and all(failure.name != BORDER for failure in last.failures)
    )


def _can_follow(settings: Settings, before: Publication, lake: duckdb.DuckDBPyConnection) -> bool:
    """The tables can be brought up to date: the same models made them, and all of them are there."""
    return before.project_sha256 == publish.project_sha256() and publish.is_complete(settings, lake)


def _stand(
    settings: Settings, landed: Landed, before: Publication, last: Publication | None
) -> Outcome:
    """Say that the published snapshot also shows this later moment, or is right after all."""
    is_refused = last is not None and not last.is_published
    is_news = is_refused or landed.unavailable != before.unavailable
    if is_news or landed.as_of - before.as_of > STILL:
        later = replace(before, as_of=landed.as_of, unavailable=landed.unavailable)
        publication.decide(settings, later, before.checks)
    return Outcome(landed.as_of, landed, Built((), before.checks), is_published=True)


def _turn_away(settings: Settings, landed: Landed, now: datetime) -> Outcome:
    """Nothing may be built from what was refused; said once, and again if it goes on for long."""
    checks = tuple(
        CheckResult(BORDER, passed=False, detail=reason) for reason in landed.broken.values()
    )
    last = _last(settings)
    if last is None or last.checks != checks or now - last.decided_at >= RETRY:
        return _publish(settings, landed, Built((), checks), now)
    return Outcome(now, landed, Built((), checks), is_published=False)


def _publish(settings: Settings, landed: Landed, built: Built, as_of: datetime) -> Outcome:
    is_published = publish.publish(
        settings, built.checks, as_of=as_of, unavailable=landed.unavailable
    )
    return Outcome(as_of, landed, built, is_published)
