"""Equity: how far each school is helped, beside who goes there, and schools left out next to others that are not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.landscape.supply import Ground
from matching.report.coverage import Coverage, Evenness, evenness_of

Floats = NDArray[np.float64]

NEARBY = 3
"""A school is compared with so many that are nearest."""
WIDE = 3
"""So many partners more than a school without any has a neighbour worth telling of."""


@dataclass(frozen=True, slots=True)
class SchoolHelped:
    """One school: slots filled and needed, partners, and what is known of its students.

    ``enrollment`` is None where it is not known.
    """

    school_id: str
    name: str
    grades: str
    title_i: bool
    enrollment: int | None
    num_partners: int
    filled: int
    needed: int

    @property
    def open(self) -> int:
        """Slots that nobody fills."""
        return self.needed - self.filled

    @property
    def share(self) -> float:
        """The filled share, 0 to 1; nothing needed is all filled."""
        return self.filled / self.needed if self.needed else 1.0

    @property
    def per_hundred(self) -> float | None:
        """Filled slots per 100 students."""
        return 100 * self.filled / self.enrollment if self.enrollment else None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A school without a partner, and one near it with many; ``km`` apart."""

    without: SchoolHelped
    helped: SchoolHelped
    km: float


def schools_helped(ground: Ground) -> list[SchoolHelped]:
    """Return the schools, those with the least filled share first, of like ones that with most open slots."""
    schools, needs = ground.district.schools, ground.needs
    size = len(schools)
    sums = [
        np.bincount(needs["school"], weights=needs[name], minlength=size).astype(np.int64).tolist()
        for name in ("filled", "slots")
    ]
    partners = ground.links.groupby("school_id")["partner_id"].nunique()
    counts = schools["school_id"].map(partners).fillna(0).astype(np.int64)
    enrolled = [int(count) if count else None for count in schools["enrollment"].fillna(0).tolist()]
    told = (schools[name].tolist() for name in ("school_id", "name", "grades", "title_i"))
    found = [SchoolHelped(*row) for row in zip(*told, enrolled, counts.tolist(), *sums, strict=True)]
    return sorted(found, key=lambda school: (school.share, -school.open, school.school_id))


def evenness(schools: Iterable[SchoolHelped]) -> Evenness:
    """Return the largest unmet share and the Gini coefficient of all, as a result tells them."""
    return evenness_of([Coverage(school.name, 0, school.needed, school.filled) for school in schools])


def together(schools: Iterable[SchoolHelped]) -> Coverage:
    """Return slots needed and filled at several schools, over how many that need any."""
    asking = [school for school in schools if school.needed]
    needed, filled = (sum(getattr(school, name) for school in asking) for name in ("needed", "filled"))
    return Coverage("", len(asking), needed, filled)


def left_out(ground: Ground, schools: Sequence[SchoolHelped], most: int) -> list[Neighbours]:
    """Return the schools that need help and have no partner beside a near one that has many.

    The widest differences come first, of like ones the nearest schools.
    """
    places = dict(zip(ground.district.schools["school_id"], ground.town.school_places, strict=True))
    placed = [school for school in schools if not np.isnan(places[school.school_id][0])]
    if len(placed) < NEARBY:
        return []
    at: Floats = np.array([places[school.school_id] for school in placed])
    found = []
    for row, school in enumerate(placed):
        if school.num_partners == 0 and school.needed:
            km = np.sqrt(((at - at[row]) ** 2).sum(axis=1))
            near = [other for other in np.argsort(km, kind="stable").tolist() if other != row][:NEARBY]
            best = max(near, key=lambda other: placed[other].num_partners)
            if placed[best].num_partners >= WIDE:
                found.append(Neighbours(school, placed[best], float(km[best])))
    return sorted(found, key=lambda pair: (-pair.helped.num_partners, pair.km, pair.without.school_id))[:most]
