"""Tables: rows as people write them, the way to each on the staff screens, and all of them as a file."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboards import reader, theme, warehouse
from dashboards.reader import Reader
from dashboards.warehouse import ask
from lake.publication import Publication
from lake.rows import PAGE, Origin

ROWS_SHOWN = 200
ROWS_IN_A_FILE_MAX = 100_000
ROWS_AT_A_GLANCE = 30
MINOR = "_minor"
MAJOR = pl.Decimal(38, 8)
"""No currency has more decimals."""

FORMULA_START = r"^([=+\-@\t\r])"
"""A spreadsheet would run a text that begins so."""


class SessionOver(PermissionError):
    """Whoever asks for the file is no longer signed in with the same rights."""


def rows(who: Reader, found: Publication, origin: Origin, **parameters: Any) -> None:
    """The newest rows behind a number, masked for the reader, and the way to all of them."""
    sql = origin.rows_sql(who.permissions)
    shown = ask(found.snapshot, sql, most=ROWS_SHOWN, **parameters)
    table(shown)
    if shown.height < ROWS_SHOWN:
        return
    count = ask(found.snapshot, origin.count_sql, **parameters)["row_count"][0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"The newest {shown.height} of {count:,} rows.", width="content")
        most = f"Newest {ROWS_IN_A_FILE_MAX:,}" if count > ROWS_IN_A_FILE_MAX else "All"
        st.download_button(
            f"{most} as CSV",
            # Made when it is asked for, and not before.
            partial(_file, who, found.snapshot, sql, parameters),
            f"{origin.mart}-{found.snapshot}.csv",
            "text/csv",
            key=f"file_{origin.mart}",
            on_click="ignore",
            icon=":material/download:",
        )


def _file(who: Reader, snapshot: int, sql: str, parameters: dict[str, Any]) -> bytes:
    if not reader.is_still(who):
        raise SessionOver
    return csv(warehouse.export(snapshot, sql, most=ROWS_IN_A_FILE_MAX, **parameters))


def csv(frame: pl.DataFrame) -> bytes:
    """The rows as a file: exact amounts in major units, times with their zone, no formulas."""
    frame = _in_major_units(frame.select(pl.exclude(f"^.*{PAGE}$")))
    harmless = pl.col(pl.String).str.replace(FORMULA_START, "'$1")
    named = frame.with_columns(harmless).rename(lambda name: name.removesuffix(MINOR))
    return named.write_csv().encode()


def table(frame: pl.DataFrame, empty: str = "Nothing here in this period.") -> None:
    """Rows as people write them, sorted by what they are, not by how they are written."""
    if frame.is_empty():
        st.info(empty)
        return
    links = [name.removesuffix(PAGE) for name in frame.columns if name.endswith(PAGE)]
    st.dataframe(
        styled(_linked(frame, links)),
        hide_index=True,
        # A short table is read at a glance; a long one scrolls in its own window.
        height="content" if frame.height <= ROWS_AT_A_GLANCE else "auto",
        placeholder=theme.NOTHING,
        column_config=_columns(frame.schema, links),
    )


def styled(frame: pl.DataFrame) -> Any:
    """The values, each with the text that is shown for it, as pandas keeps them together.

    A single amount takes its currency along, such as 12.50 EUR; several leave it in its own column.
    """
    amounts = [name for name in frame.columns if name.endswith(MINOR)]
    is_single = len(amounts) == 1
    shown = _in_major_units(frame)
    shown = shown.drop("currency") if is_single else shown
    found = shown.to_pandas(use_pyarrow_extension_array=True).style.format(
        {name: partial(theme.cell, name) for name in shown.columns}, na_rep=theme.NOTHING
    )
    for currency in frame["currency"].unique() if amounts else ():
        its = frame["currency"].eq(currency).arg_true().to_list()
        written = partial(theme.money, currency, tail=f" {currency}" if is_single else "")
        found.format(written, subset=(its, amounts))
    return found


def _linked(frame: pl.DataFrame, links: list[str]) -> pl.DataFrame:
    """A reference becomes the address it leads to; the table shows what stands behind the #."""
    staff = warehouse.settings().api_url
    addresses = [
        pl.concat_str(pl.lit(staff), f"{name}{PAGE}", pl.lit("#"), pl.col(name)).alias(name)
        for name in links
    ]
    return frame.with_columns(addresses).drop([f"{name}{PAGE}" for name in links])


def _in_major_units(frame: pl.DataFrame) -> pl.DataFrame:
    """Minor units become exact amounts in the unit people count in, by the row's currency."""
    columns = [
        pl.Series(
            name,
            [
                theme.major(minor, currency)
                for minor, currency in zip(frame[name], frame["currency"], strict=True)
            ],
            MAJOR,
        )
        for name in frame.columns
        if name.endswith(MINOR)
    ]
    return frame.with_columns(columns)


def _columns(schema: Mapping[str, pl.DataType], links: list[str]) -> dict[str, Any]:
    """Headings in words, numbers on the right, references as links."""
    return {
        name: st.column_config.LinkColumn(
            theme.heading(name), display_text="#(.*)$", alignment="left"
        )
        if name in links
        else st.column_config.Column(
            theme.heading(name), alignment="right" if kind.is_numeric() else "left"
        )
        for name, kind in schema.items()
    }
