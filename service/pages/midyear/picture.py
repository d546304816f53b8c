"""The curve of a mid-year plan as a picture: a panel for mentoring, one for all other help, a column a point."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from matching.curve import Curve

LEFT: Final = 64
WIDE, NARROW, WHOLE = 128, 66, 840
"""The most and the least width of a column, and what all together take where they can."""
PANEL: Final = 132
TOP: Final = 34
GAP: Final = 46
_ROOM: Final = 26
"""Above and below what a panel draws, in which its words stand."""
_FEWEST: Final = 4
"""Slots that a panel spans at least, so that one slot never looks like many."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One line of the picture: where it begins, its dots from left to right, and what its axis tells."""

    is_mentoring: bool
    top: int
    dots: tuple[tuple[float, float, int, int], ...]
    """x, y, slots filled, and how many more than at the point before."""
    low: int
    high: int
    low_y: float
    high_y: float

    @property
    def path(self) -> str:
        """The line through the dots, level up to where a point changes it."""
        start, *others = self.dots
        steps = "".join(f"H{x:g}V{y:g}" for x, y, _, _ in others)
        return f"M{start[0]:g} {start[1]:g}{steps}"


@dataclass(frozen=True, slots=True)
class Picture:
    """A curve drawn: its size, the width of a column, its panels, and the middle of each point's column."""

    width: int
    height: int
    column: int
    panels: tuple[Panel, ...]
    middles: tuple[int, ...]


def picture_of(curve: Curve, levels: Sequence[str]) -> Picture:
    """Return the picture of a curve; ``levels`` are those that have needs."""
    lines = [
        line for line in (True, False) if any(level.startswith("mentoring-") is line for level in levels)
    ]
    column = max(NARROW, min(WIDE, WHOLE // len(curve.points)))
    middles = tuple(LEFT + column // 2 + column * number for number in range(len(curve.points)))
    panels = tuple(
        _panel(curve, middles, is_mentoring=line, top=TOP + number * (PANEL + GAP))
        for number, line in enumerate(lines)
    )
    width, height = LEFT + column * len(curve.points) + 8, TOP + len(panels) * (PANEL + GAP) - GAP + 40
    return Picture(width, height, column, panels, middles)


def _panel(curve: Curve, middles: Sequence[int], *, is_mentoring: bool, top: int) -> Panel:
    filled = [curve.filled(point, is_mentoring=is_mentoring) for point in range(len(middles))]
    low, high = min(filled), max(filled)
    span = max(high - low, _FEWEST)
    foot, reach = top + PANEL - _ROOM, PANEL - 2 * _ROOM
    foot -= reach // 2 if high == low else 0

    def height(slots: int) -> float:
        return round(foot - reach * (slots - low) / span, 1)

    more = [0, *(now - before for before, now in pairwise(filled))]
    dots = tuple(
        (x, height(slots), slots, gain) for x, slots, gain in zip(middles, filled, more, strict=True)
    )
    return Panel(is_mentoring, top, dots, low, high, height(low), height(high))
