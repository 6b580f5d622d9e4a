"""What every asset is handed: the hub it works for, and how it reports the files it received."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg
import duckdb

from lake import lock
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from pipelines import sources
from pipelines.dbt_models.specs import ARRIVES_WHOLE
from pipelines.inbox import Receipt

POOL = "lake"
"""Assets that write the lake share it; its limit is one."""
BUSY = dg.RetryPolicy(
    max_retries=6, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
"""Somebody else may hold the lake for as long as a whole build takes: ten minutes in all."""
if TYPE_CHECKING:
    Materialized = dg.MaterializeResult[None]
else:
    # Dagster recognises what an asset returns without a type argument only.
    Materialized = dg.MaterializeResult
NO_FILE_REFUSED = "no_file_refused"


@dataclass(frozen=True)
class Hub:
    """The hub's settings, its lake, and the time."""

    settings: Settings

    @contextmanager
    def lake(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The lake for writing, held by nobody else meanwhile.

        Raises:
            WriterBusy: another process holds it.
        """
        with lock.writer(self.settings), sources.opened(self.settings) as lake:
            yield lake

    def now(self) -> datetime:
        return utc_now()


def received(receipt: Receipt) -> Materialized:
    """What one asset landed. A refused file fails the check; the others have landed."""
    refused = dg.AssetCheckResult(
        check_name=NO_FILE_REFUSED,
        passed=not receipt.refused,
        metadata=dict(receipt.refused),
    )
    metadata = {"dagster/row_count": receipt.row_count, "files": len(receipt.landed)}
    return Materialized(metadata=metadata, check_results=[refused])


def arrived(row_count: int, *, refusal: str = "") -> Materialized:
    """What one asset landed whole, or why nothing of it."""
    whole = dg.AssetCheckResult(
        check_name=ARRIVES_WHOLE, passed=not refusal, metadata={"detail": refusal}
    )
    return Materialized(metadata={"dagster/row_count": row_count}, check_results=[whole])
