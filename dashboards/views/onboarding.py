"""How fast are people let in, how many by rule alone, and who waits for a person?"""

from datetime import timedelta

import polars as pl
import streamlit as st

from dashboards import tables, theme, widgets
from dashboards.charts import series
from dashboards.queries import clients
from dashboards.reader import Reader
from dashboards.views import number
from dashboards.warehouse import ask
from lake.metrics import BY_NAME
from lake.publication import Publication


def render(who: Reader) -> None:
    st.title("Onboarding")
    found = widgets.published(who)
    period = widgets.period(found)

    if ask(found.snapshot, clients.TURNAROUND.sql, **period.bounds).is_empty():
        st.info("Nobody was verified in this period.")
    else:
        share = ask(found.snapshot, BY_NAME["verified_by_rule"].total_sql, **period.bounds)
        turnaround = number.block(who, found, clients.TURNAROUND, period)
        _speed(turnaround, theme.exact(share["value"][0], "percent"))
        daily = number.block(who, found, clients.VERIFIED_DAILY, period)
        figure = series.stacked(
            daily,
            period.since,
            period.until,
            day="day",
            value="clients",
            by="decided",
            unit="count",
        )
        widgets.plot(figure, "verified")

    _waiting(who, found)


def _speed(turnaround: pl.DataFrame, share: str) -> None:
    """From the first check to the approval."""
    with st.grid(4, min_column_width=widgets.TILE_WIDTH_MIN, gap="small"):
        st.metric("Verified by rule", share, border=True)
        for decided, count, median, slow in turnaround.iter_rows():
            help_ = f"From first check to approval {decided}, of {count:,} clients."
            _span(f"{decided.split()[-1].title()}: median", median, help_)
            if slow > median:
                _span(f"{decided.split()[-1].title()}: 9 of 10", slow, help_)


def _span(title: str, seconds: int, help_: str) -> None:
    st.metric(title, theme.duration(timedelta(seconds=seconds)), border=True, help=help_)


def _waiting(who: Reader, found: Publication) -> None:
    count, since = number.block(who, found, clients.WAITING).row(0)
    if not count:
        st.success("Nobody waits for a person.")
        return
    oldest = f"; the first was checked {theme.age(since, found.as_of)}" if since else ""
    st.warning(f"{count:,} waiting{oldest}.")
    tables.rows(who, found, clients.WAITING.origin)
