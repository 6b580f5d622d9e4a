"""Which parser reads which file of a bank."""

from collections.abc import Sequence
from datetime import datetime

import duckdb

from operational.kit.settings import Settings
from pipelines import inbox
from pipelines.bank import camt, mt940
from pipelines.bank.checks import EXPECTATIONS
from pipelines.contracts import Batch, FileRefused
from pipelines.inbox import Arrival, Receipt

MT940_ENDINGS = frozenset({".sta", ".mt940", ".940", ".txt"})


def read(arrival: Arrival) -> Sequence[Batch]:
    """Read camt by its ending ``.xml``, MT940 by the endings banks give it.

    Raises:
        FileRefused: another ending, or a file that breaks its contract.
    """
    (file,) = arrival.files
    ending = file.suffix.lower()
    if ending == ".xml":
        return [camt.parse(file.read_bytes())]
    if ending in MT940_ENDINGS:
        return [mt940.parse(file.read_bytes(), arrival.contract.encoding or "utf-8")]
    raise FileRefused(f"banks send no {ending or 'files without ending'}")


def receive(settings: Settings, lake: duckdb.DuckDBPyConnection, *, now: datetime) -> Receipt:
    """Land what lies in `<home>/inbox/bank`; see `inbox.receive`."""
    arrivals = inbox.waiting(inbox.folder(settings, "bank"))
    return inbox.receive(lake, arrivals, read, expectations=EXPECTATIONS, now=now)
