"""How numbers, times and plots look: as people write them, exact to the last digit shown."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from operational.kit.money import exponent

INK = "#16324f"
ACCENT = "#0b7285"
LOSS = "#c92a2a"
SERIES = (ACCENT, "#e8590c", "#5f3dc4", "#2b8a3e", "#c2255c", "#1971c2", "#66a80f", "#868e96")
PLOT_OPTIONS = {"displayModeBar": False, "scrollZoom": False}

NOTHING = "—"
"""Where there is no value."""

WRITTEN: dict[str, tuple[str, int]] = {
    "count": ("{}", 0),
    "usd": ("${}", 2),
    "lots": ("{}", 2),
    "percent": ("{} %", 1),
}
"""Of each unit: how a number is written, and the decimals it has at least."""

NUMBERS = frozenset({"login", "deal", "position", "snapshot"})
"""Whole numbers that name something: no thousands separators."""

VERBATIM = frozenset({"name"})
"""Texts that are shown letter by letter."""

THOUSAND = 1_000
LARGE = ((1_000_000_000, " bn"), (1_000_000, " M"))

_HEADINGS = {"psp": "PSP"}
_DAY = timedelta(days=1)


def digits(value: Decimal | int, places: int = 2) -> str:
    """A number with thousands separators, without needless zeros, with `places` decimals at least."""
    whole, _, fraction = f"{Decimal(value):,f}".partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def exact(value: Decimal | int | None, unit: str) -> str:
    """A number with its unit and every digit it has."""
    if value is None:
        return NOTHING
    form, places = WRITTEN[unit]
    return ("-" if value < 0 else "") + form.format(digits(abs(Decimal(value)), places))


def amount(value: Decimal | int | None, unit: str) -> str:
    """A number with its unit, short enough for a tile on a phone: 4 to 6 digits that count."""
    if value is None:
        return NOTHING
    form, places = WRITTEN[unit]
    size = abs(Decimal(value))
    for least, tail in LARGE:
        if size >= least:
            text = f"{round(size / least, 3)}{tail}"
            break
    else:
        # Cents matter below a thousand.
        text = f"{round(size, 0 if size >= THOUSAND else places):,f}"
    return ("-" if value < 0 else "") + form.format(text)


def change(
    value: Decimal | int | None, before: Decimal | int | None, unit: str
) -> tuple[str, bool]:
    """The difference with its sign, shares in percentage points; and whether there is one."""
    if value is None or before is None:
        return "nothing to compare", False
    if value == before:
        return "no change", False
    text = amount(value - before, unit).replace(" %", " pp")
    return (text if value < before else f"+{text}"), True


def major(minor: int, currency: str) -> Decimal:
    """An amount in the unit people count in."""
    return Decimal(minor).scaleb(-exponent(currency))


def money(currency: str, value: Decimal, tail: str = "") -> str:
    """An amount with the decimals its currency has."""
    return digits(value, exponent(currency)) + tail


def cell(name: str, value: Any) -> str:
    """A value of a table's column."""
    match value:
        case None:
            text = NOTHING
        case bool():
            text = "yes" if value else "no"
        case datetime():
            text = f"{value:%Y-%m-%d %H:%M}"
        case Decimal() if name.endswith("_percent"):
            text = exact(value, "percent")
        case Decimal():
            text = digits(value)
        case int():
            text = str(value) if name in NUMBERS else f"{value:,}"
        case str() if name not in VERBATIM and re.fullmatch("[a-z_]+", value):
            # A code such as too_short reads as words; references have capitals, digits or dots.
            text = value.replace("_", " ")
        case _:
            text = str(value)
    return text


def heading(name: str) -> str:
    """A column's name in words: `amount_usd` is "Amount, USD", `closed_at` is "Closed"."""
    if name in _HEADINGS:
        return _HEADINGS[name]
    words = re.sub("_at$", ", UTC", name)
    words = re.sub("_seconds$", ", s", words)
    words = re.sub("_(reference|code|minor)$", "", words).replace("_", " ")
    words = re.sub(" usd$", ", USD", words)
    words = re.sub(" percent$", ", %", words)
    return words[:1].upper() + words[1:]


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the unit a reader thinks in."""
    passed = max(now - since, timedelta())
    return "just now" if passed < timedelta(seconds=1) else f"{duration(passed)} ago"


def duration(passed: timedelta) -> str:
    """A span of time in its largest sensible unit."""
    seconds = int(passed.total_seconds())
    if passed < timedelta(minutes=2):
        return f"{seconds} s"
    if passed < timedelta(hours=2):
        return f"{seconds // 60} min"
    if passed < 2 * _DAY:
        return f"{seconds // 3600} h {seconds // 60 % 60:02} min"
    return f"{passed.days} days"


def plain(figure: go.Figure, *, height: int = 260) -> go.Figure:
    """Every plot looks like every other: no chart junk, room for the data, no drag by a thumb."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        colorway=SERIES,
        font={"color": INK},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "title": None},
        hovermode="x unified",
        plot_bgcolor="white",
        dragmode=False,
    )
    figure.update_xaxes(title=None, showgrid=False, fixedrange=True)
    figure.update_yaxes(title=None, gridcolor="#e9ecef", fixedrange=True)
    return figure
