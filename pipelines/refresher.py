"""The process that keeps the published numbers fresh: one pass after another, warm.

A Dagster run takes longer to start than a pass takes, so the passes run here and are reported to
Dagster, which keeps the history, the checks and the alarm about what is late (ADR 9).
"""

import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Event

import dagster as dg
import duckdb
import psycopg
import structlog
from dagster_postgres.utils import DagsterPostgresException
from sqlalchemy.exc import DBAPIError

from lake.lock import WriterBusy
from operational.kit import log
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from pipelines import sources, telling
from pipelines.dbt_models import project, specs
from pipelines.refresh import Outcome, refresh
from pipelines.tidy import tidy

PAUSE_SECONDS = 5
DEEP_EVERY = timedelta(hours=1)
"""How often the platform's deals are looked at as far back as they may still change."""
REPORT_EVERY = timedelta(minutes=1)
"""How often a standing publication is reported; a new one always is."""

PASSING = (DBAPIError, OSError, WriterBusy, duckdb.Error, project.BuildFailed, psycopg.Error)
"""What the next pass may well do without: the database restarts, somebody else refreshes."""
DEAF = (DagsterPostgresException, DBAPIError, dg.DagsterError)
"""What Dagster's storage raises while its database restarts."""

logger = structlog.get_logger()


def run(settings: Settings, stop: Event) -> None:
    """Refresh until told to stop."""
    assets, checks = specs.of(project.manifest(settings))
    deep_at = reported_at = datetime.min.replace(tzinfo=UTC)
    with dg.DagsterInstance.get() as instance:
        while not stop.is_set():
            began = utc_now()
            is_deep = began - deep_at >= DEEP_EVERY
            outcome = _pass(settings, sources.DEEP if is_deep else sources.RECENT)
            if outcome is not None:
                if is_deep:
                    _tidy(settings)
                    deep_at = began
                told = list(telling.files(outcome.landed))
                if outcome.built.nodes or began - reported_at >= REPORT_EVERY:
                    told += telling.results(outcome, assets, checks)
                    reported_at = began
                _report(instance, told)
            stop.wait(PAUSE_SECONDS)


def _pass(settings: Settings, overlap: timedelta) -> Outcome | None:
    try:
        outcome = refresh(settings, overlap=overlap)
    except PASSING as error:
        logger.warning("pass failed", error=type(error).__name__, detail=str(error))
        return None
    logger.info(
        "pass done",
        landed=outcome.landed.rows,
        unavailable=outcome.landed.unavailable,
        refused=outcome.landed.refused,
        published=outcome.is_published,
        failed=[check.name for check in outcome.failures],
        given=outcome.given,
    )
    return outcome


def _report(instance: dg.DagsterInstance, told: Sequence[telling.Result]) -> None:
    """Dagster's catalogue may miss a pass; the published numbers may not."""
    try:
        telling.report(instance, told)
    except DEAF as error:
        logger.warning("report failed", error=type(error).__name__, detail=str(error))


def _tidy(settings: Settings) -> None:
    try:
        forgotten = tidy(settings, now=utc_now())
    except PASSING as error:
        logger.warning("tidying failed", error=type(error).__name__, detail=str(error))
        return
    logger.info("tidied", states_forgotten=forgotten)


def main() -> None:
    log.configure("refresher")
    stop = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    run(Settings(), stop)


if __name__ == "__main__":
    main()
