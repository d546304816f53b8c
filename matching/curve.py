"""The curve of a mid-year plan: what more moves bring, where that ends, and which point is advised."""

from collections.abc import Sequence
from dataclasses import dataclass

MENTORING = "mentoring-"


@dataclass(frozen=True, slots=True)
class Gain:
    """Slots that a level has more, or fewer, than at the point before."""

    level: str
    slots: int


@dataclass(frozen=True, slots=True)
class Point:
    """A plan of at most ``max_moves`` moves: those it makes, and the slots filled at each level of its curve."""

    max_moves: int
    moves: int
    filled: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """The plans of a curve, fewest moves first, and the names of the levels in the policy's order."""

    levels: tuple[str, ...]
    points: Sequence[Point]

    def gains(self, point: int) -> tuple[Gain, ...]:
        """Return what a point changes beside the one before it, level by level; of the first, nothing."""
        if point == 0:
            return ()
        here, before = self.points[point].filled, self.points[point - 1].filled
        changed = zip(self.levels, here, before, strict=True)
        return tuple(Gain(level, now - then) for level, now, then in changed if now != then)

    def filled(self, point: int, *, is_mentoring: bool) -> int:
        """Return the slots that a point fills at the levels of mentoring, or at all others."""
        return sum(self._part(point, is_mentoring=is_mentoring))

    @property
    def best(self) -> int:
        """The first point that fills all levels as the last does: nothing gets better after it."""
        return self._first_like_last([point.filled for point in self.points])

    @property
    def advised(self) -> int:
        """The last point at which another move still gains a mentoring slot, 0 where none does.

        Whoever is moved has to begin anew; that is worth it for students without a mentor.
        """
        return self._first_like_last(
            [self._part(point, is_mentoring=True) for point in range(len(self.points))]
        )

    def _part(self, point: int, *, is_mentoring: bool) -> tuple[int, ...]:
        named = zip(self.levels, self.points[point].filled, strict=True)
        return tuple(slots for level, slots in named if level.startswith(MENTORING) is is_mentoring)

    @staticmethod
    def _first_like_last(filled: Sequence[tuple[int, ...]]) -> int:
        found = len(filled) - 1
        while found and filled[found - 1] == filled[-1]:
            found -= 1
        return found
