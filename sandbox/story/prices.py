"""Price paths: real bars, moved to the story's days by whole weeks, where a folder of them is given.

For every other symbol the platform quotes its own price.
"""

import csv
import io
import zipfile
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

_WEEK = timedelta(weeks=1)
_HOUR = timedelta(hours=1)
_BARS_MAX = 5000
"""Ten months of hours; no story is longer."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Hourly opens and closes of one symbol, oldest first."""

    digits: int
    times: list[datetime]
    opens: list[Decimal]
    closes: list[Decimal]
    shift: timedelta
    """Whole weeks between the story's time and the bars'."""

    def at(self, when: datetime) -> Decimal | None:
        """The price, on a straight line from a bar's open to its close; None between bars."""
        then = when - self.shift
        place = bisect_right(self.times, then) - 1
        if place < 0 or then >= self.times[place] + _HOUR:
            return None
        into = (then - self.times[place]) // timedelta(seconds=1)
        moved = (self.closes[place] - self.opens[place]) * into / 3600
        return round(self.opens[place] + moved, self.digits)


def paths(folder: Path | None, end: datetime) -> dict[str, Bars]:
    """What the folder has: EURUSD and XAUUSD by the hour. Nothing without a folder."""
    if folder is None or not folder.is_dir():
        return {}
    found = {}
    zipped, gold = folder / "fxcm_eurusd_hour.zip", folder / "XAUUSD_1hour.csv"
    if zipped.exists():
        with zipfile.ZipFile(zipped) as archive:
            text = archive.read("eurusd.csv").decode()
        rows = [(f"{row[0]}+00:00", row[1], row[4]) for row in csv.reader(io.StringIO(text))]
        found["EURUSD"] = _path(rows, 5, "%Y%m%d %H:%M%z", end)
    if gold.exists():
        with gold.open(newline="") as file:
            rows = [(row["time"], row["open"], row["close"]) for row in csv.DictReader(file)]
        found["XAUUSD"] = _path(rows, 2, "%Y-%m-%d %H:%M:%S%z", end)
    return found


def _path(rows: list[tuple[str, str, str]], digits: int, layout: str, end: datetime) -> Bars:
    rows = rows[-_BARS_MAX:]
    times = [datetime.strptime(time, layout).astimezone(UTC) for time, _, _ in rows]
    weeks = -((times[-1] - end) // _WEEK)
    return Bars(
        digits=digits,
        times=times,
        opens=[Decimal(opened) for _, opened, _ in rows],
        closes=[Decimal(closed) for _, _, closed in rows],
        shift=weeks * _WEEK,
    )
