"""How much of what was asked for is filled: by level, kind and school, and how evenly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.facts import positions
from matching.pipeline import Matching
from matching.vocabulary import KINDS

Index = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Slots needed and filled under one name, and over how many needs."""

    name: str
    num_needs: int
    needed: int
    filled: int

    @property
    def unmet(self) -> int:
        """Slots without a match."""
        return self.needed - self.filled

    @property
    def share(self) -> float:
        """The filled share, 0 to 1; nothing needed is all filled."""
        return self.filled / self.needed if self.needed else 1.0


@dataclass(frozen=True, slots=True)
class Evenness:
    """How the unmet slots spread over the schools: the largest unmet share and the Gini coefficient of all."""

    worst_share: float
    gini: float


def filled_by_need(matching: Matching) -> Index:
    """Return the slots that each need gets, shape ``(num_needs,)``."""
    needs, matches = matching.district.needs, matching.allocation.matches
    need = positions(matches["need_id"], needs["need_id"])
    return np.bincount(need, weights=matches["slots"], minlength=len(needs)).astype(np.int64)


def coverage_by_kind(matching: Matching) -> list[Coverage]:
    """Return the coverage of each kind that is asked for, mentoring first."""
    rows = _coverage(matching, _kinds(matching), KINDS)
    return [row for row in rows if row.num_needs]


def coverage_by_school(matching: Matching) -> list[Coverage]:
    """Return the coverage of each school, in the order of the table of schools."""
    schools = matching.district.schools
    school = positions(matching.district.needs["school_id"], schools["school_id"])
    return _coverage(matching, school, schools["name"].tolist())


def coverage_by_kind_of_school(matching: Matching) -> list[tuple[str, list[tuple[int, int]]]]:
    """Return each school's name with slots (filled, needed) of each kind that is asked for, by name."""
    needs, schools = matching.district.needs, matching.district.schools
    school, kind = positions(needs["school_id"], schools["school_id"]), _kinds(matching)
    size = len(schools) * len(KINDS)
    cell = school * len(KINDS) + kind
    filled = np.bincount(cell, weights=filled_by_need(matching), minlength=size).reshape(-1, len(KINDS))
    needed = np.bincount(cell, weights=needs["slots"], minlength=size).reshape(-1, len(KINDS))
    asked = np.flatnonzero(np.bincount(kind, minlength=len(KINDS)))
    names = schools["name"].tolist()
    return [
        (names[row], [(int(filled[row, column]), int(needed[row, column])) for column in asked])
        for row in sorted(np.flatnonzero(needed.sum(axis=1)).tolist(), key=lambda row: (names[row], row))
    ]


def evenness_of(coverage: Sequence[Coverage]) -> Evenness:
    """Return how evenly schools with needs are left short."""
    shares = np.array([1 - row.share for row in coverage if row.needed], dtype=np.float64)
    worst = round(float(shares.max(initial=0.0)), 6)
    return Evenness(worst, round(gini(shares), 6))


def gini(values: Floats) -> float:
    """Return the Gini coefficient of values >= 0: 0 where all are equal, towards 1 where one holds it all.

    The mean absolute difference of all ordered pairs, over twice the mean.

    References
    ----------
    C. Gini, "Variabilità e mutabilità" (1912); A. Sen, "On Economic Inequality" (1973), section 2.7.
    """
    total, count = float(values.sum()), len(values)
    if total == 0:
        return 0.0
    rank = np.arange(1, count + 1)
    return float((2 * rank - count - 1) @ np.sort(values)) / (count * total)


def _kinds(matching: Matching) -> Index:
    return np.array([KINDS.index(kind) for kind in matching.district.needs["kind"]], dtype=np.int64)


def _coverage(matching: Matching, group: Index, names: Sequence[str]) -> list[Coverage]:
    size = len(names)
    num_needs = np.bincount(group, minlength=size)
    needed = np.bincount(group, weights=matching.district.needs["slots"], minlength=size)
    filled = np.bincount(group, weights=filled_by_need(matching), minlength=size)
    rows = zip(names, num_needs.tolist(), needed.tolist(), filled.tolist(), strict=True)
    return [Coverage(name, count, int(asked), int(given)) for name, count, asked, given in rows]
