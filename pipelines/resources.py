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
from pipelines.inbox import Receipt

POOL = "lake"
"""Assets that write the lake share it; its limit is one."""
BUSY = dg.RetryPolicy(max_retries=10, delay=3)
"""A refresh from the command line may hold the lake for as long as a build takes."""
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
    """What one asset landed. A refused file is shown and warned of; the others have landed."""
    refused = dg.AssetCheckResult(
        check_name=NO_FILE_REFUSED,
        passed=not receipt.refused,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=dict(receipt.refused),
    )
    metadata = {"dagster/row_count": receipt.row_count, "files": len(receipt.landed)}
    return Materialized(metadata=metadata, check_results=[refused])
