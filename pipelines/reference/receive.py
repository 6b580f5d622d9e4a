"""Which parser reads which published list or price file."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from operational.kit.settings import Settings
from pipelines import contracts, inbox, landing
from pipelines.contracts import Batch, FileRefused
from pipelines.inbox import Arrival, Receipt, one_by_one
from pipelines.landing import Extract
from pipelines.reference import ecb, market, ofac, un
from pipelines.reference.checks import EXPECTATIONS

OFAC_SETS = {
    "sdn": ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv"),
    "consolidated": ("cons_prim.csv", "cons_alt.csv", "cons_add.csv", "cons_comments.csv"),
}
"""The names OFAC publishes under: entries, aliases, addresses, and the overflow, which may lack."""
REQUIRED = 3

QUOTES = re.compile(r"(?P<venue>[a-z]+)_(?P<symbol>[a-z]{6})(_(?P<resolution>hour|minute))?\.zip")
PRICES = re.compile(r"(?P<symbol>[A-Z]{6})_(?P<resolution>5min|1hour)\.csv")
RESOLUTIONS = {"5min": "5minute", "1hour": "hour"}


def group_lists(files: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """OFAC's files as one arrival per list, once its three are there; others one by one."""
    by_name = {file.name.lower(): file for file in files}
    for names in OFAC_SETS.values():
        found = tuple(by_name.pop(name) for name in names if name in by_name)
        if {file.name.lower() for file in found} >= set(names[:REQUIRED]):
            yield found
    yield from one_by_one(list(by_name.values()))


def read_list(arrival: Arrival) -> Sequence[Batch]:
    """Read one issue of a sanctions list.

    Raises:
        FileRefused: no list we know, or one that breaks its contract.
    """
    name = arrival.files[0].name.lower()
    for list_name, names in OFAC_SETS.items():
        if name == names[0]:
            return [ofac.parse(ofac.Files(*(f.read_bytes() for f in arrival.files)), list_name)]
    if name.endswith(".xml"):
        return [un.parse(arrival.files[0].read_bytes())]
    raise FileRefused("no sanctions list is published under this name")


def read_market(arrival: Arrival) -> Sequence[Batch]:
    """Read price bars (``oanda_eurusd.zip``, ``XAUUSD_1hour.csv``) or the symbols' properties.

    Raises:
        FileRefused: another name, or a file that breaks its contract.
    """
    (file,) = arrival.files
    content = file.read_bytes()
    if quotes := QUOTES.fullmatch(file.name):
        symbol, resolution = quotes["symbol"].upper(), quotes["resolution"] or "daily"
        venue = quotes["venue"]
        return [market.parse_quote_bars(content, venue=venue, symbol=symbol, resolution=resolution)]
    if prices := PRICES.fullmatch(file.name):
        symbol, resolution = prices["symbol"], RESOLUTIONS[prices["resolution"]]
        venue = arrival.sender
        return [market.parse_price_bars(content, venue=venue, symbol=symbol, resolution=resolution)]
    if file.name == "symbol_properties.csv":
        return [market.parse_symbols(content)]
    raise FileRefused("no price file is published under this name")


def receive_lists(settings: Settings, lake: duckdb.DuckDBPyConnection, *, now: datetime) -> Receipt:
    """Land the sanctions lists in `<home>/inbox/lists`; see `inbox.receive`."""
    arrivals = inbox.waiting(inbox.folder(settings, "lists"), group_lists)
    return inbox.receive(lake, arrivals, read_list, expectations=EXPECTATIONS, now=now)


def receive_market(
    settings: Settings, lake: duckdb.DuckDBPyConnection, *, now: datetime
) -> Receipt:
    """Land the price files in `<home>/inbox/market`; see `inbox.receive`."""
    arrivals = inbox.waiting(inbox.folder(settings, "market"))
    return inbox.receive(lake, arrivals, read_market, expectations=EXPECTATIONS, now=now)


def receive_rates(lake: duckdb.DuckDBPyConnection, *, now: datetime) -> Extract | None:
    """Land the European Central Bank's rates as they are shipped; nothing if they are there.

    Asked on every pass, so what is there already is not read again.
    """
    content = ecb.shipped()
    if inbox.came_before(lake, ecb.SOURCE, contracts.sha256(content)):
        return None
    return landing.land(lake, ecb.parse(content), now=now, expectations=EXPECTATIONS)
