"""Where does a number come from: its definition, its days, its rows, its SQL and its lineage?"""

from functools import partial

import polars as pl
import streamlit as st

from dashboards import theme, warehouse, widgets
from dashboards.charts import lineage as pictures
from dashboards.charts import series
from dashboards.reader import Reader
from dashboards.warehouse import ask
from dashboards.widgets import Period
from lake import lineage
from lake.metrics import METRICS, Metric
from lake.publication import Publication

PATH = "number"
COLUMN_TAILS = {"usd": "_usd", "percent": "_percent"}
"""What a column's name ends in, so that its numbers are written as their unit is."""


def page(who: Reader) -> st.Page:
    return st.Page(
        partial(render, who), title="Open a number", url_path=PATH, icon=":material/search:"
    )


def render(who: Reader) -> None:
    st.title("A number, opened")
    found = widgets.published(who)
    # The address carries the title, so that a link can be read.
    chosen = st.selectbox(
        "Number",
        [metric.title for metric in METRICS],
        key="metric",
        bind="query-params",
        label_visibility="collapsed",
    )
    metric = next(each for each in METRICS if each.title == chosen)
    period = widgets.period(found)

    value = ask(found.snapshot, metric.total_sql, **period.bounds)["value"][0]
    row_count = ask(found.snapshot, metric.count_sql, **period.bounds)["row_count"][0]
    st.metric(metric.title, theme.exact(value, metric.unit), border=True)
    st.write(metric.sentence)
    st.caption(
        f"{period}, made of {row_count:,} rows of `{metric.mart}` at snapshot {found.snapshot}."
    )
    by_day, rows, sql, made_of = st.tabs(["By day", "Rows", "SQL", "Lineage"])
    with by_day:
        _by_day(metric, found, period)
    with rows:
        widgets.rows(who, found, metric.mart, metric.condition, metric.day, **period.bounds)
    with sql:
        _sql(who, metric, found, period)
    with made_of:
        _made_of(metric)


def _by_day(metric: Metric, found: Publication, period: Period) -> None:
    frame = ask(found.snapshot, metric.daily_sql, **period.bounds)
    if frame.is_empty():
        st.info("Nothing happened in this period.")
        return
    figure = series.daily(
        frame, period.since, period.until, day="day", value="value", unit=metric.unit
    )
    widgets.plot(figure, "by_day")
    column = metric.name + COLUMN_TAILS.get(metric.unit, "")
    widgets.table(frame.reverse().rename({"value": column}))
    if not metric.is_additive:
        st.caption("The days do not add up to the period: each is counted by itself.")


def _sql(who: Reader, metric: Metric, found: Publication, period: Period) -> None:
    st.caption("The number")
    st.code(_asked(metric.total_sql, found, period), language="sql")
    st.caption("The rows behind it, masked for your roles")
    st.code(metric.rows_sql(who.permissions), language="sql")


def _asked(sql: str, found: Publication, period: Period) -> str:
    """The statement, below what it was asked with."""
    asked = f"-- snapshot {found.snapshot}, $since = '{period.since}', $until = '{period.until}'"
    return f"{asked}\n{sql}"


def _made_of(metric: Metric) -> None:
    steps = lineage.of(warehouse.settings(), metric.mart)
    if not steps:
        st.info("The models are being written down anew; look again in a moment.")
        return
    st.write(f"`{steps[0].name}`: {steps[0].description}")
    st.mermaid_chart(pictures.flow(steps), alt=f"What {metric.mart} is made of")
    described = [
        {"layer": step.layer, "name": step.name, "what it holds": step.description}
        for step in steps
    ]
    widgets.table(pl.DataFrame(described))
