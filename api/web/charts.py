"""Small charts as shapes of an SVG: where each bar stands. Templates draw them."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 180
_TOP, _BOTTOM, _GAP = 22, 26, 14


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with what stands above and below it."""

    x: int
    y: int
    width: int
    height: int
    label: str
    value: str
    href: str = ""
    tone: str = ""

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(frozen=True, slots=True)
class Point:
    """What a bar shows."""

    label: str
    number: int
    value: str
    href: str = ""
    tone: str = ""


def bars(points: Sequence[Point]) -> list[Bar]:
    """Bars side by side, the tallest as high as the chart; whatever is not zero can be seen."""
    if not points:
        return []
    tallest = max(abs(point.number) for point in points) or 1
    room, width = HEIGHT - _TOP - _BOTTOM, (WIDTH - _GAP) // len(points) - _GAP
    found = []
    for place, point in enumerate(points):
        height = abs(point.number) * room // tallest
        height = max(height, 2) if point.number else 0
        found.append(
            Bar(
                x=_GAP + place * (width + _GAP),
                y=_TOP + room - height,
                width=width,
                height=height,
                label=point.label,
                value=point.value,
                href=point.href,
                tone=point.tone,
            )
        )
    return found
