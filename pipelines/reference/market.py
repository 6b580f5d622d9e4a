"""Market prices: bid and ask bars, single-price bars, and what the symbols are worth."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pipelines import contracts
from pipelines.contracts import EXACT, INSTANT, Batch, FileRefused, Row

RESOLUTIONS = frozenset({"minute", "5minute", "hour", "daily"})
SIDES = ("open", "high", "low", "close")

QUOTE_COLUMNS = {
    "bar_at": pa.timestamp("us"),
    **{f"bid_{side}": EXACT for side in SIDES},
    "bid_size": pa.int64(),
    **{f"ask_{side}": EXACT for side in SIDES},
    "ask_size": pa.int64(),
}
QUOTE_BARS = pa.schema(
    {
        "venue": pa.string(),
        "symbol": pa.string(),
        "resolution": pa.string(),
        **QUOTE_COLUMNS,
        "bar_at": INSTANT,
    }
)
"""One row per bar of one symbol at one venue; prices as published, time as the bar opens."""

PRICE_COLUMNS = ("time", "open", "high", "low", "close", "volume")
PRICE_BARS = pa.schema(
    {
        "venue": pa.string(),
        "symbol": pa.string(),
        "resolution": pa.string(),
        "bar_at": INSTANT,
        **dict.fromkeys(SIDES, EXACT),
        "volume": pa.int64(),
    }
)
"""One row per bar of a source that publishes one price, not two."""

SYMBOL_COLUMNS = (
    "market", "symbol", "type", "description", "quote_currency", "contract_multiplier",
    "minimum_price_variation", "lot_size", "market_ticker", "minimum_order_size",
    "price_magnifier", "strike_multiplier",
)  # fmt: skip
SYMBOL_KINDS = frozenset({"forex", "cfd"})
"""The file knows futures, options and crypto too; a broker of CFDs leaves those."""
SYMBOLS = pa.schema(
    {
        "venue": pa.string(),
        "symbol": pa.string(),
        "kind": pa.string(),
        "description": pa.string(),
        "quote_currency": pa.string(),
        "contract_multiplier": EXACT,
        "price_step": EXACT,
        "lot_size": EXACT,
    }
)
"""One row per symbol at one venue: what one contract is, the smallest price step, the lot."""


def parse_quote_bars(content: bytes, *, venue: str, symbol: str, resolution: str) -> Batch:
    """Read and check a zip of one CSV without header: time, bid OHLC and size, ask OHLC and size.

    Times are written ``20070330 00:00`` in UTC.

    Raises:
        FileRefused: not that archive, a cell that is no such value, times that do not rise, or a
            high below a low.
    """
    with contracts.open_zip(content) as archive:
        if archive.namelist() != [f"{symbol.lower()}.csv"]:
            raise FileRefused(f"holds {archive.namelist()}, not {symbol.lower()}.csv")
        text = contracts.unpack(archive, archive.namelist()[0])
    options = csv.ConvertOptions(
        column_types=QUOTE_COLUMNS, timestamp_parsers=["%Y%m%d %H:%M"], null_values=[]
    )
    bars = _read(text, csv.ReadOptions(column_names=list(QUOTE_COLUMNS)), options)
    _check_prices(bars, [f"bid_{side}" for side in SIDES])
    _check_prices(bars, [f"ask_{side}" for side in SIDES])
    # A thin market is now and then published with the bid over the ask; it is kept as it was.
    crossed = pc.sum(pc.greater(bars["bid_close"], bars["ask_close"])).as_py()
    name = f"{venue}/{symbol}/{resolution}"
    return _bars(
        content, bars, QUOTE_BARS, table="reference__quote_bars", name=name, crossed_closes=crossed
    )


def parse_price_bars(content: bytes, *, venue: str, symbol: str, resolution: str) -> Batch:
    """Read and check a CSV of time (with its offset), OHLC and volume.

    Raises:
        FileRefused: as `parse_quote_bars`, or a column renamed.
    """
    header = contracts.decode(content, "utf-8").partition("\n")[0].strip().split(",")
    contracts.match_header(header, PRICE_COLUMNS)
    columns = {**dict.fromkeys(SIDES, EXACT), "time": INSTANT, "volume": pa.int64()}
    bars = _read(
        content, csv.ReadOptions(), csv.ConvertOptions(column_types=columns, null_values=[])
    )
    bars = bars.rename_columns(["bar_at" if name == "time" else name for name in bars.column_names])
    _check_prices(bars, list(SIDES))
    name = f"{venue}/{symbol}/{resolution}"
    return _bars(content, bars, PRICE_BARS, table="reference__price_bars", name=name)


def parse_symbols(content: bytes) -> Batch:
    """Read and check a symbol file; lines opening with ``#`` are remarks, empty tails are cut.

    Raises:
        FileRefused: a column renamed, a row too short or long, a value that is no decimal.
    """
    lines = contracts.csv_rows(contracts.decode(content, "utf-8"))
    number, header = next(lines, (1, []))
    contracts.match_header(header, SYMBOL_COLUMNS, row=number)
    rows = [
        _symbol(number, dict(zip(header, cells, strict=False)))
        for number, cells in lines
        if not cells[0].startswith("#") and _is_known(number, cells, header)
    ]
    return Batch(
        source="symbols",
        content_sha256=contracts.sha256(content),
        name="symbols",
        is_reissued=True,
        tables={"reference__symbols": pa.Table.from_pylist(rows, schema=SYMBOLS)},
        controls={"symbols": len(rows)},
    )


def _is_known(number: int, cells: list[str], header: list[str]) -> bool:
    if not 8 <= len(cells) <= len(header):  # noqa: PLR2004 - up to the lot size
        raise FileRefused(f"has {len(cells)} cells", row=number)
    return cells[2] in SYMBOL_KINDS


def _symbol(number: int, texts: dict[str, str]) -> Row:
    return {
        "venue": texts["market"],
        "symbol": texts["symbol"],
        "kind": texts["type"],
        "description": texts["description"] or None,
        "quote_currency": texts["quote_currency"],
        **{
            name: contracts.exact(texts[column], row=number, column=column)
            for name, column in (
                ("contract_multiplier", "contract_multiplier"),
                ("price_step", "minimum_price_variation"),
                ("lot_size", "lot_size"),
            )
        },
    }


def _read(text: bytes, reading: csv.ReadOptions, converting: csv.ConvertOptions) -> pa.Table:
    # One block, so that an error names the row of the file and not of a block.
    reading.block_size = max(len(text) + 1, 1024)
    try:
        return csv.read_csv(pa.BufferReader(text), reading, convert_options=converting)
    except pa.ArrowInvalid as error:
        raise FileRefused(str(error).partition("\n")[0]) from None


def _check_prices(bars: pa.Table, names: Sequence[str]) -> None:
    """Times rise, prices are positive, and the high and the low enclose the open and the close."""
    times = bars["bar_at"].combine_chunks()
    if len(times) == 0 or not pc.all(pc.less(times[:-1], times[1:]), min_count=0).as_py():
        raise FileRefused("holds no bars, or bars out of order", column="time")
    opened, high, low, closed = (bars[name] for name in names)
    top = pc.max_element_wise(opened, closed, low)
    bottom = pc.min_element_wise(opened, closed)
    sound = pc.and_(pc.greater_equal(high, top), pc.less_equal(low, bottom))
    sound = pc.and_(sound, pc.greater(low, pa.scalar(0, EXACT)))
    if not pc.all(sound).as_py():
        row = pc.index(sound.combine_chunks(), value=False).as_py() + 1
        raise FileRefused("the high and low do not enclose the bar", row=row, column=names[1])


def _bars(
    content: bytes, bars: pa.Table, schema: pa.Schema, *, table: str, name: str, **more: int
) -> Batch:
    venue, symbol, resolution = name.split("/")
    if resolution not in RESOLUTIONS:
        raise FileRefused(f"unknown resolution {resolution!r}")
    for place, (column, value) in enumerate(
        (("venue", venue), ("symbol", symbol), ("resolution", resolution))
    ):
        bars = bars.add_column(place, column, pa.repeat(value, bars.num_rows))
    return Batch(
        source=table.removeprefix("reference__"),
        content_sha256=contracts.sha256(content),
        name=name,
        is_reissued=True,
        tables={table: bars.select(schema.names).cast(schema)},
        controls={
            "bars": bars.num_rows,
            "first": str(pc.min(bars["bar_at"]).as_py()),
            "last": str(pc.max(bars["bar_at"]).as_py()),
            **more,
        },
    )
