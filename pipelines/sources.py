"""Every source, one after the other: each lands whole or not at all, and nothing lands twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb

from lake import connection
from operational.kit.settings import Settings
from operational.platforms.connect import connect
from operational.platforms.mt5 import Mt5Refused, Mt5Unavailable
from pipelines import landing
from pipelines.bank import fetch as bank_fetch
from pipelines.bank import receive as bank
from pipelines.bank import tables as bank_tables
from pipelines.border import BatchRefusedError
from pipelines.contracts import FileRefused
from pipelines.inbox import Receipt
from pipelines.operational_db.extract import extract
from pipelines.platform import deals
from pipelines.platform import receive as platform
from pipelines.platform.mt5_deals import Mt5Deals
from pipelines.psp import fetch
from pipelines.psp import receive as psp
from pipelines.reference import receive as reference

FOLDERS: dict[str, Callable[..., Receipt]] = {
    "bank_files": bank.receive,
    "platform_statements": platform.receive,
    "psp_settlements": psp.receive,
    "reference_lists": reference.receive_lists,
    "reference_market": reference.receive_market,
}
"""What lands the files of one folder of the inbox, by source."""

RECENT = timedelta(hours=2)
"""How far back every pass looks for changed deals."""
DEEP = timedelta(days=35)
"""How far back a deep pass looks: a partner's month, and the days until it is paid."""


@dataclass
class Landed:
    """What one pass over the sources brought."""

    as_of: datetime
    """The moment of the operational database."""
    rows: dict[str, int] = field(default_factory=dict)
    """By source; sources without news are left out."""
    unavailable: dict[str, str] = field(default_factory=dict)
    """Sources that did not answer, with the reason; the next pass asks again."""
    broken: dict[str, str] = field(default_factory=dict)
    """Sources that sent what cannot be, with the reason. Nothing of it landed, and nothing may be
    published before it is mended."""
    receipts: dict[str, Receipt] = field(default_factory=dict)
    """Of the folders in which files were waiting, by source."""

    @property
    def refused(self) -> dict[str, str]:
        """What was put aside, by source and file, with the reason."""
        return {
            f"{source}: {name}": reason
            for source, receipt in self.receipts.items()
            for name, reason in receipt.refused.items()
        }


@contextmanager
def opened(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The writable lake with every table that models read, and `operations` attached."""
    with connection.write(settings) as lake:
        landing.prepare(lake)
        deals.prepare(lake)
        landing.ensure(lake, bank_tables.SCHEMAS)
        landing.ensure(lake, psp.SCHEMAS)
        connection.attach_operations(lake, settings)
        yield lake


def land_deals(
    lake: duckdb.DuckDBPyConnection, settings: Settings, *, overlap: timedelta, now: datetime
) -> int:
    """One row per deal of the connected server, and one per version of it; 0 if no server is.

    Raises:
        SourceUnavailable: the server does not answer.
        BatchRefusedError: it sent what no deal can be.
    """
    client = connect(settings)
    if client is None:
        return 0
    with client:
        try:
            landed = deals.sync(lake, Mt5Deals(client), overlap=overlap, now=now)
        except (Mt5Unavailable, Mt5Refused) as error:
            raise fetch.SourceUnavailable(str(error)) from error
    return landed.row_count if landed else 0


def fetch_settlements(
    lake: duckdb.DuckDBPyConnection, settings: Settings, *, now: datetime
) -> dict[str, str]:
    """Put every new settlement report into the inbox; say which provider did not answer."""
    told = fetch.fetch(settings, lake, today=now.date())
    return {name: reason for name, reason in told.items() if isinstance(reason, str)}


def land_all(
    lake: duckdb.DuckDBPyConnection, settings: Settings, *, overlap: timedelta, now: datetime
) -> Landed:
    """Land every source. One that does not answer, or sends nonsense, keeps nobody from others."""
    landed = Landed(now)
    try:
        operational = extract(lake)
        landed.as_of, landed.rows["operational_db"] = operational.as_of, operational.row_count
    except BatchRefusedError as refusal:
        landed.broken["operational_db"] = str(refusal)
    try:
        landed.rows["platform_deals"] = land_deals(lake, settings, overlap=overlap, now=now)
    except fetch.SourceUnavailable as error:
        landed.unavailable["platform_deals"] = str(error)
    except BatchRefusedError as refusal:
        landed.broken["platform_deals"] = str(refusal)
    try:
        rates = reference.receive_rates(lake, now=now)
        landed.rows["reference_rates"] = rates.row_count if rates else 0
    except (FileRefused, BatchRefusedError) as refusal:
        landed.broken["reference_rates"] = str(refusal)
    landed.unavailable |= fetch_settlements(lake, settings, now=now)
    try:
        bank_fetch.fetch(settings, lake)
    except bank_fetch.BankUnavailable as error:
        landed.unavailable["bank"] = str(error)
    for source, receive in FOLDERS.items():
        receipt = receive(settings, lake, now=now)
        if receipt != Receipt():
            landed.receipts[source] = receipt
            landed.rows[source] = receipt.row_count
    landed.rows = {source: count for source, count in landed.rows.items() if count}
    return landed
