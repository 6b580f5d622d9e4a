"""Which parser reads which printed statement; the sender is the server."""

from collections.abc import Sequence
from datetime import datetime

import duckdb

from operational.kit.settings import Settings
from operational.platforms import server_time
from pipelines import inbox
from pipelines.contracts import Batch, FileRefused
from pipelines.inbox import Arrival, Receipt
from pipelines.platform import statement_mt4, statement_mt5
from pipelines.platform.checks import EXPECTATIONS


def read(arrival: Arrival) -> Sequence[Batch]:
    """MT4 prints HTML, MT5 a workbook; encoding and zone are the server's contract.

    Raises:
        FileRefused: another ending, or a statement that breaks its contract.
    """
    (file,) = arrival.files
    encoding = arrival.contract.encoding or "cp1252"
    zone = arrival.contract.zone or server_time.NEW_YORK_CLOSE
    if not server_time.is_zone(zone):
        raise FileRefused(f"{inbox.CONTRACT}: {zone!r} is no zone")
    ending = file.suffix.lower()
    if ending in {".htm", ".html"}:
        return [statement_mt4.parse(file.read_bytes(), encoding, zone)]
    if ending == ".xlsx":
        return [statement_mt5.parse(file.read_bytes(), zone)]
    raise FileRefused(f"platforms print no {ending or 'files without ending'}")


def receive(settings: Settings, lake: duckdb.DuckDBPyConnection, *, now: datetime) -> Receipt:
    """Land what lies in `<home>/inbox/platform`; see `inbox.receive`."""
    arrivals = inbox.waiting(inbox.folder(settings, "platform"))
    return inbox.receive(lake, arrivals, read, expectations=EXPECTATIONS, now=now)
