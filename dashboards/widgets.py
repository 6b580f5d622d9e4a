"""The pieces every page uses: how old its numbers are, a period, a plot."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboards import patience, reader, theme, warehouse
from dashboards.reader import Reader
from lake.publication import NothingPublished, Publication, Standing
from operational.kit.clock import utc_now

PERIODS = {"Today": 1, "7 days": 7, "30 days": 30, "90 days": 90, "A year": 365}
"""Days, the published one included."""
MONTH, DATES = "This month", "Dates"
USUAL = "30 days"

TILE_WIDTH_MIN = 165
"""In pixels: two tiles beside each other on a phone."""
LATE = timedelta(minutes=2)
"""A running hub's numbers are less than a minute old; older ones are marked."""


@dataclass(frozen=True)
class Period:
    """Days, both ends included."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def before(self) -> "Period":
        """As many days, just before."""
        return Period(self.since - timedelta(days=self.days), self.since - timedelta(days=1))

    @property
    def bounds(self) -> dict[str, date]:
        """What every question about a period is asked with."""
        return {"since": self.since, "until": self.until}

    def __str__(self) -> str:
        if self.days == 1:
            return f"{self.until:%d %b %Y}"
        return f"{self.since:%d %b %Y} to {self.until:%d %b %Y}"


def published(who: Reader) -> Publication:
    """What stands, and how old it is. Ends the rerun plainly if nothing was published yet."""
    try:
        standing = warehouse.standing()
    except NothingPublished:
        st.info(
            "No numbers yet: the first refresh has not finished. This page will fill by itself."
        )
        patience.try_again()
        st.stop()
    _watch(who, _shown(standing))
    if standing.refused is not None:
        held_back(standing.refused)
    return standing.published


def held_back(refused: Publication) -> None:
    """Say plainly that newer numbers exist and were not let through."""
    failed = ", ".join(f"“{check_name(check.name)}”" for check in refused.failures)
    st.warning(
        f"**A newer refresh was held back** ({theme.age(refused.decided_at, utc_now())})."
        f" Failed: {failed}. What you see are the last numbers that passed every check.",
        icon=":material/front_hand:",
    )


def check_name(name: str) -> str:
    """A check's name as a sentence would have it."""
    return name.removeprefix("assert_").replace("_", " ")


# Looks by itself, so that a deposit shows up without anybody pressing reload. Only this line runs
# every few seconds; the page runs again when there is something new, or the session has ended.
@st.fragment(run_every="5s")
def _watch(who: Reader, shown: tuple[Any, ...]) -> None:
    standing = warehouse.standing()
    if _shown(standing) != shown or not reader.is_still(who):
        patience.renew()
    found, now = standing.published, utc_now()
    age = theme.age(found.as_of, now)
    if now - found.as_of > LATE:
        age = f":orange[**{age}, later than they should be**]"
    st.caption(
        f"As of **{found.as_of:%d %b %Y %H:%M:%S} UTC** ({age}), snapshot {found.snapshot},"
        f" {len(found.checks)} checks passed"
    )
    if found.unavailable:
        silent = ", ".join(check_name(source) for source in sorted(found.unavailable))
        st.caption(
            f":orange[**Without news from {silent}**]: no answer to the newest refresh, so what"
            " they tell is older than that."
        )


def _shown(standing: Standing) -> tuple[Any, ...]:
    """What a page is drawn from; the period ends on the published day."""
    refused = standing.refused and standing.refused.decided_at
    return standing.published.snapshot, standing.published.as_of.date(), refused


def period(found: Publication) -> Period:
    """The days a reader asks for. The choice stands in the address, so it can be sent to others."""
    until = found.as_of.date()
    chosen = st.segmented_control(
        "Period",
        [*list(PERIODS)[:3], MONTH, *list(PERIODS)[3:], DATES],
        default=USUAL,
        required=True,
        key="period",
        bind="query-params",
        label_visibility="collapsed",
    )
    if chosen == DATES:
        return _dates(until)
    since = until.replace(day=1) if chosen == MONTH else None
    return Period(since or until - timedelta(days=PERIODS[chosen or USUAL] - 1), until)


def _dates(until: date) -> Period:
    asked = st.date_input(
        "From and to",
        (until - timedelta(days=6), until),
        max_value=until,
        key="dates",
        bind="query-params",
        format="YYYY-MM-DD",
        width=280,
    )
    # While the second day is not chosen yet, the first stands for both.
    days = asked if isinstance(asked, tuple) else (asked,)
    return Period(days[0], days[-1]) if days else Period(until, until)


def plot(figure: go.Figure, key: str) -> None:
    st.plotly_chart(figure, key=key, config=theme.PLOT_OPTIONS)
