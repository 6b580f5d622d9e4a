"""How is the brokerage doing, and where does each number come from?"""

from decimal import Decimal
from itertools import groupby
from typing import Literal

import polars as pl
import streamlit as st

from dashboards import theme, widgets
from dashboards.charts import series
from dashboards.reader import Reader
from dashboards.views import number
from dashboards.warehouse import ask
from dashboards.widgets import Period
from lake.metrics import METRICS, Metric, board_sql, days_sql
from lake.publication import Publication

DELTA_COLOR: dict[str, Literal["normal", "inverse", "off"]] = {
    "up": "normal",
    "down": "inverse",
    "neither": "off",
}


def render(who: Reader) -> None:
    st.title("Key figures")
    found = widgets.published(who)
    period = widgets.period(found)

    st.caption(f"{period}. Changes are against {period.before}.")
    values = _board(found, period)
    before = _board(found, period.before)
    days = ask(found.snapshot, days_sql(METRICS), **period.bounds)
    for group, metrics in groupby(METRICS, key=lambda metric: metric.group):
        st.subheader(group)
        with st.grid(4, min_column_width=widgets.TILE_WIDTH_MIN, gap="small"):
            for metric in metrics:
                drawn = _drawn(days, metric, period)
                with st.container(border=True, gap="xsmall"):
                    _tile(metric, values[metric.name], before[metric.name], drawn)
                    number.link(who, metric.title)


def _board(found: Publication, period: Period) -> dict[str, Decimal | None]:
    frame = ask(found.snapshot, board_sql(METRICS), **period.bounds)
    return dict(frame.iter_rows())


def _drawn(days: pl.DataFrame, metric: Metric, period: Period) -> list[float]:
    own = days.filter(pl.col("name") == metric.name)
    return series.every_day(own, period.since, period.until, day="day", value="value")


def _tile(
    metric: Metric, value: Decimal | None, before: Decimal | None, drawn: list[float]
) -> None:
    change, is_change = theme.change(value, before, metric.unit)
    st.metric(
        metric.title,
        theme.amount(value, metric.unit),
        change,
        delta_color=DELTA_COLOR[metric.better] if is_change else "off",
        delta_arrow="auto" if is_change else "off",
        help=metric.sentence,
        chart_data=drawn,
        chart_type="bar",
    )
