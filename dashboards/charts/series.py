"""Figures over days and over categories. Numbers become floats here and nowhere else."""

from datetime import date, timedelta

import plotly.graph_objects as go
import polars as pl

from dashboards import theme

_PREFIX = {"usd": "$"}
_SUFFIX = {"percent": " %"}
_DAY = timedelta(days=1)


def every_day(
    frame: pl.DataFrame, since: date, until: date, *, day: str, value: str
) -> list[float]:
    """The value of each day from `since` to `until`, zero where there was none."""
    known = dict(zip(frame[day], frame[value].cast(pl.Float64), strict=True))
    days = (since + timedelta(days=number) for number in range((until - since).days + 1))
    return [known.get(each) or 0.0 for each in days]


def daily(
    frame: pl.DataFrame, since: date, until: date, *, day: str, value: str, unit: str = "count"
) -> go.Figure:
    """One bar a day, over the whole period.

    Args:
        frame: one row per day.
        since: the first day of the period.
        until: its last day, included.
        day: the date column of `frame`.
        value: its number column, in `unit`.
        unit: one of `theme.WRITTEN`.
    """
    bars = go.Bar(
        x=frame[day].to_list(), y=_floats(frame, value), marker_color=theme.ACCENT, name=""
    )
    figure = _over(theme.plain(go.Figure(bars)), since, until)
    figure.update_yaxes(tickprefix=_PREFIX.get(unit), ticksuffix=_SUFFIX.get(unit))
    return figure


def stacked(
    frame: pl.DataFrame, since: date, until: date, *, day: str, value: str, by: str, unit: str
) -> go.Figure:
    """Bars a day, one colour per value of `by`, largest first."""
    figure = go.Figure()
    order = frame.group_by(by).agg(pl.col(value).sum()).sort(value, descending=True)[by].to_list()
    for name in order:
        part = frame.filter(pl.col(by) == name).sort(day)
        figure.add_bar(x=part[day].to_list(), y=_floats(part, value), name=str(name))
    figure = _over(theme.plain(figure), since, until)
    figure.update_layout(barmode="stack")
    figure.update_yaxes(tickprefix=_PREFIX.get(unit))
    return figure


def ranked(
    frame: pl.DataFrame, *, name: str, value: str, unit: str = "count", most: int = 12
) -> go.Figure:
    """Horizontal bars, the largest on top."""
    top = frame.sort(value, descending=True).head(most).reverse()
    names = [theme.cell(name, each) for each in top[name]]
    bars = go.Bar(x=_floats(top, value), y=names, orientation="h", marker_color=theme.ACCENT)
    figure = theme.plain(go.Figure(bars), height=max(160, 26 * top.height + 50))
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(tickprefix=_PREFIX.get(unit))
    # Names stay names: a code of digits is no number.
    figure.update_yaxes(type="category")
    return figure


def signed(frame: pl.DataFrame, *, name: str, value: str, unit: str, most: int = 12) -> go.Figure:
    """Horizontal bars to both sides of zero, the largest on top; what is below zero is red."""
    top = frame.sort(pl.col(value).abs(), descending=True).head(most).sort(value)
    figure = ranked(top, name=name, value=value, unit=unit)
    colours = [theme.LOSS if size < 0 else theme.ACCENT for size in top[value]]
    figure.update_traces(marker_color=colours)
    return figure


def funnel(frame: pl.DataFrame, *, step: str, value: str) -> go.Figure:
    """How many are left after each step, in the order given."""
    bars = go.Funnel(
        y=frame[step].to_list(),
        x=frame[value].to_list(),
        textinfo="value+percent initial",
        marker={"color": theme.ACCENT},
    )
    figure = theme.plain(go.Figure(bars))
    figure.update_layout(hovermode="closest")
    return figure


def _over(figure: go.Figure, since: date, until: date) -> go.Figure:
    """The whole period on the axis, also the days on which nothing happened."""
    figure.update_xaxes(type="date", range=[f"{since - _DAY} 12:00", f"{until} 12:00"])
    if until - since < 4 * _DAY:
        # Hours under a bar that stands for a day would mislead.
        figure.update_xaxes(dtick=_DAY.total_seconds() * 1000, tickformat="%d %b %Y")
    return figure


def _floats(frame: pl.DataFrame, column: str) -> list[float | None]:
    return frame[column].cast(pl.Float64).to_list()
