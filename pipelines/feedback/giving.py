"""What a pass gives back to operations once it has published. Its failure takes nothing back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import duckdb
import structlog
from sqlalchemy.exc import DBAPIError

from lake import publication
from operational.kit import db
from operational.kit.errors import DomainError
from operational.kit.settings import Settings
from operational.reconciliation.intake import Taken
from pipelines.feedback import bank_lines, breaks, client_money

logger = structlog.get_logger()


@dataclass(frozen=True)
class Given:
    """What operations were told."""

    breaks: Taken = field(default_factory=Taken)
    reports: int = 0
    """Versions of daily client-money reports that were prepared."""
    failure: str = ""
    """Why something was not given; the next pass tries again."""


def give_back(settings: Settings, now: datetime) -> Given:
    """Tell operations what the published snapshot says. May be killed anywhere, and repeated."""
    engine = db.engine(settings, db.WORKER, pool_size=1, is_pinged=False)
    taken, prepared, failures = Taken(), 0, list[str]()
    try:
        published = publication.current(settings).published
        with _noted(failures):
            taken = breaks.take_over(settings, engine, published, now)
        with _noted(failures):
            prepared = client_money.report(settings, engine, published, now)
    except publication.NothingPublished:
        return Given()
    finally:
        engine.dispose()
    return Given(taken, prepared, "; ".join(failures))


def give_lines(settings: Settings, lake: duckdb.DuckDBPyConnection, now: datetime) -> int:
    """Hand over what was booked at the bank; what fails is handed over by the next pass."""
    engine = db.engine(settings, db.WORKER, pool_size=1, is_pinged=False)
    given, failures = 0, list[str]()
    try:
        with _noted(failures):
            given = bank_lines.hand_over(lake, settings, engine, now)
    finally:
        engine.dispose()
    return given


@contextmanager
def _noted(failures: list[str]) -> Iterator[None]:
    """What fails here keeps nothing else from being given."""
    try:
        yield
    except (DBAPIError, DomainError, duckdb.Error) as error:
        logger.warning("not given back", error=type(error).__name__, detail=str(error))
        failures.append(f"{type(error).__name__}: {error}")
