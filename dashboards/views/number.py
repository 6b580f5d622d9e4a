"""Where does a number come from: its definition, its rows, its SQL, its lineage and its snapshot?"""

from functools import partial

import polars as pl
import streamlit as st

from dashboards import opened, tables, theme, widgets
from dashboards.charts import series
from dashboards.figures import Figure
from dashboards.queries import books, clients, partners, payments, reconciliation, trades
from dashboards.reader import Reader
from dashboards.warehouse import ask
from dashboards.widgets import Period
from lake.metrics import METRICS, Metric
from lake.publication import Publication

PATH = "number"
CHOSEN = "of"
"""What the address calls the chosen number. It carries the title, so that a link can be read."""
COLUMN_TAILS = {"usd": "_usd", "percent": "_percent"}
"""What a column's name ends in, so that its numbers are written as their unit is."""

_METRICS = {metric.title: metric for metric in METRICS}


def page(who: Reader) -> st.Page:
    return st.Page(
        partial(render, who), title="Open a number", url_path=PATH, icon=":material/search:"
    )


def link(who: Reader, title: str) -> None:
    """The way to where a number comes from. The period chosen here goes along."""
    st.page_link(
        page(who),
        label="Open",
        icon=":material/search:",
        help=f"{title}: definition, rows, SQL, lineage",
        query_params=st.query_params.to_dict() | {CHOSEN: title},
    )


def block(
    who: Reader, found: Publication, figure: Figure, period: Period | None = None
) -> pl.DataFrame:
    """The heading of a block, with the way to where it comes from; what it shows."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.subheader(figure.title, help=figure.sentence, width="content")
        link(who, figure.title)
    return ask(found.snapshot, figure.sql, **(period.bounds if period else {}))


def render(who: Reader) -> None:
    st.title("A number, opened")
    found = widgets.published(who)
    figures = {figure.title: figure for figure in _figures(who)}
    chosen = st.selectbox(
        "Number",
        [*_METRICS, *figures],
        key=CHOSEN,
        bind="query-params",
        label_visibility="collapsed",
    )
    if chosen in _METRICS:
        _metric(who, found, _METRICS[chosen])
    else:
        _figure(who, found, figures[chosen])


def _figures(who: Reader) -> list[Figure]:
    """Every block this reader may see on some page."""
    modules = (clients, payments, trades, partners, books, reconciliation)
    known = [each for module in modules for each in vars(module).values()]
    figures = [each for each in known if isinstance(each, Figure)]
    figures.append(partners.earned(who.permissions))
    return [figure for figure in figures if not figure.opens_to or who.may(*figure.opens_to)]


def _metric(who: Reader, found: Publication, metric: Metric) -> None:
    period = widgets.period(found)
    value = ask(found.snapshot, metric.total_sql, **period.bounds)["value"][0]
    st.metric(metric.title, theme.exact(value, metric.unit), border=True)
    total = Figure(metric.title, metric.sentence, metric.total_sql, metric.origin)
    draw = partial(_by_day, metric, found, period)
    opened.draw(who, found, total, period, first="By day", answer=draw)


def _figure(who: Reader, found: Publication, figure: Figure) -> None:
    period = widgets.period(found) if figure.is_of_a_period else None
    answer = ask(found.snapshot, figure.sql, **(period.bounds if period else {}))
    draw = partial(tables.table, answer)
    opened.draw(who, found, figure, period, first="Answer", answer=draw)


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
    tables.table(frame.reverse().rename({"value": column}))
    if not metric.is_additive:
        st.caption("The days do not add up to the period: each is counted by itself.")
