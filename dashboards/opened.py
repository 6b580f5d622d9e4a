"""What every number opens to: its definition, its rows, its SQL, its lineage and its snapshot."""

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from dashboards import tables, warehouse
from dashboards.charts import lineage as pictures
from dashboards.figures import Figure
from dashboards.reader import Reader
from dashboards.warehouse import ask
from dashboards.widgets import Period
from lake import lineage
from lake.publication import Publication


def draw(
    who: Reader,
    found: Publication,
    figure: Figure,
    period: Period | None,
    *,
    first: str,
    answer: Callable[[], None],
) -> None:
    """Draw all of it. The first tab, called `first`, holds the answer."""
    asked: dict[str, Any] = period.bounds if period else {}
    origin = figure.origin
    row_count = ask(found.snapshot, origin.count_sql, **asked)["row_count"][0]
    st.write(figure.sentence)
    st.caption(
        f"{period or 'As it stands'}, made of {row_count:,} rows of `{origin.mart}`"
        f" at snapshot {found.snapshot}."
    )
    numbers, rows, statements, made_of = st.tabs([first, "Rows", "SQL", "Lineage"])
    with numbers:
        answer()
    with rows:
        tables.rows(who, found, origin, **asked)
    with statements:
        _sql(who, found, figure, period)
    with made_of:
        _made_of(origin.mart)


def _sql(who: Reader, found: Publication, figure: Figure, period: Period | None) -> None:
    asked = f"-- snapshot {found.snapshot}"
    if period is not None:
        asked += f", $since = '{period.since}', $until = '{period.until}'"
    st.caption("The number")
    st.code(f"{asked}\n{figure.sql.strip()}", language="sql")
    st.caption("The rows behind it, masked for your roles")
    st.code(figure.origin.rows_sql(who.permissions), language="sql")


def _made_of(mart: str) -> None:
    steps = lineage.of(warehouse.settings(), mart)
    if not steps:
        st.info("The models are being written down anew; look again in a moment.")
        return
    st.write(f"`{steps[0].name}`: {steps[0].description}")
    st.mermaid_chart(pictures.flow(steps), alt=f"What {mart} is made of")
    described = [
        {"layer": step.layer, "name": step.name, "what it holds": step.description}
        for step in steps
    ]
    tables.table(pl.DataFrame(described))
