"""What do our books and the outside disagree on, for how long, and is client money whole?"""

import polars as pl
import streamlit as st

from dashboards import tables, widgets
from dashboards.charts import series
from dashboards.queries import reconciliation
from dashboards.reader import Reader
from dashboards.views import number
from dashboards.widgets import Period
from lake.publication import Publication


def render(who: Reader) -> None:
    st.title("Reconciliation")
    found = widgets.published(who)
    period = widgets.period(found)
    _open(who, found)
    _over_time(who, found, period)
    _client_money(who, found, period)


def _open(who: Reader, found: Publication) -> None:
    ages = number.block(who, found, reconciliation.BY_AGE)
    if ages.is_empty():
        st.success("No break is open: all that should have come has come.")
        return
    late = ages["late"].sum()
    if late:
        st.warning(f"{late:,} breaks are open past their deadline.")
    left, right = st.columns(2)
    with left:
        oldest_on_top = ages.with_columns(pl.col("age") + " days")
        widgets.plot(series.ranked(oldest_on_top, name="age", value="breaks"), "ages")
    with right:
        tables.table(ages)
    left, right = st.columns(2)
    with left:
        tables.table(number.block(who, found, reconciliation.BY_KIND))
    with right:
        tables.table(number.block(who, found, reconciliation.BY_CURRENCY))
    st.subheader("Newest open breaks")
    tables.rows(who, found, reconciliation.OPEN)


def _over_time(who: Reader, found: Publication, period: Period) -> None:
    daily = number.block(who, found, reconciliation.FOUND, period)
    if daily.is_empty():
        st.info("No break was found in this period.")
    else:
        figure = series.stacked(
            daily, period.since, period.until, day="day", value="breaks", by="leg", unit="count"
        )
        widgets.plot(figure, "found")
    ended = number.block(who, found, reconciliation.ENDED, period)
    tables.table(ended, empty="No break was closed in this period.")


def _client_money(who: Reader, found: Publication, period: Period) -> None:
    money = number.block(who, found, reconciliation.CLIENT_MONEY, period)
    unsigned = money.filter(pl.col("status") != "signed")
    if not unsigned.is_empty():
        days = unsigned["day"].n_unique()
        st.warning(f"{days:,} days of this period are not signed.")
    tables.table(money, empty="No report was prepared in this period.")
