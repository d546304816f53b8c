"""A small map of our own: one place in the middle of those around it, with distances, and with how far partners come.

No tiles and nothing from elsewhere: places are drawn where they lie to each other. The projection is equirectangular at
the mean latitude of what is shown: a degree of longitude counts as long as it is there. Over a district, some 100 km
across, that bends no distance by more than about one percent; the distances told in numbers are great-circle ones.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import asin, cos, floor, hypot, isnan, log10, pi, radians, sin, sqrt
from numbers import Real
from typing import Any, Final

from matching.rules import EARTH_RADIUS_KM

#: All in units of the picture.
WIDTH: Final = 440.0
HEIGHT: Final = 340.0
MARGIN: Final = 30.0
DISC: Final = 11.0
#: The least that is shown, in km across: places in one house still have a scale.
LEAST_KM: Final = 1.0
#: Circles are shown whole as long as that makes the picture no more than so many times larger than its places.
MOST_WIDER: Final = 2.0
_KM_A_DEGREE: Final = EARTH_RADIUS_KM * pi / 180
_RINGS: Final = 12
_TURNS: Final = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Something that lies somewhere, or nobody knows where.

    Parameters
    ----------
    href
        Where its name leads.
    latitude, longitude
        In degrees; NaN where unknown.
    radius_km
        How far a partner comes; NaN: no limit is known, or it is a school.
    """

    name: str
    is_school: bool
    latitude: float
    longitude: float
    radius_km: float = float("nan")
    href: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it is known where it lies."""
        return not (isnan(self.latitude) or isnan(self.longitude))


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the picture: the dot where it lies, its disc with a number, and its circle, 0 for none."""

    place: Place
    number: int
    x: float
    y: float
    disc_x: float
    disc_y: float
    radius: float

    @property
    def is_aside(self) -> bool:
        """Whether its disc had to give way to others, so that a line leads from it to its dot."""
        return (self.x, self.y) != (self.disc_x, self.disc_y)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list beside the picture; ``number`` and ``km`` are None where a place is unknown."""

    place: Place
    number: int | None
    km: float | None

    @property
    def reaches(self) -> bool:
        """Whether the one that comes does come as far as that, as far as anyone knows."""
        return self.km is None or isnan(self.place.radius_km) or self.km <= self.place.radius_km


@dataclass(frozen=True, slots=True)
class Map:
    """A picture of places around one, and the list of their distances; no ``marks`` where its own place is unknown."""

    centre: Place
    marks: tuple[Mark, ...]
    rows: tuple[Row, ...]
    scale_km: float
    scale: float
    width: float = WIDTH
    height: float = HEIGHT


def place_of(cells: Mapping[Hashable, Any], *, is_school: bool, href: str = "") -> Place:  # Any: cells
    """Return the place of a row of the schools or of the partners."""
    return Place(
        str(cells["name"]),
        is_school,
        _number(cells.get("latitude")),
        _number(cells.get("longitude")),
        _number(cells.get("radius_km")),
        href,
    )


def map_of(centre: Place, others: Sequence[Place]) -> Map:
    """Return the map of a school and the partners around it, or of a partner and its schools.

    Places are numbered as they are given, from 1; those that nobody knows the place of stand in the list alone.
    """
    if not centre.is_known:
        return Map(centre, (), tuple(Row(place, None, None) for place in others), 0.0, 0.0)
    known = [place for place in others if place.is_known]
    numbers = {id(place): number for number, place in enumerate(known, start=1)}
    rows = tuple(
        Row(place, numbers.get(id(place)), km_between(centre, place) if place.is_known else None)
        for place in others
    )
    places = [centre, *known]
    points = _projected(places)
    km_a_unit, middle = _frame(points, [place.radius_km for place in places])
    spots = [
        (WIDTH / 2 + (x - middle[0]) / km_a_unit, HEIGHT / 2 - (y - middle[1]) / km_a_unit) for x, y in points
    ]
    marks = tuple(
        Mark(place, number, *_rounded(spot), *_rounded(disc), _radius(place.radius_km, km_a_unit))
        for number, (place, spot, disc) in enumerate(zip(places, spots, _apart(spots), strict=True))
    )
    scale_km = _round_km(km_a_unit * WIDTH / 4)
    return Map(centre, marks, rows, scale_km, round(scale_km / km_a_unit, 1))


def km_between(one: Place, other: Place) -> float:
    """Return the great-circle distance of two known places in km, as the rule `distance` measures it."""
    south, north = radians(one.latitude), radians(other.latitude)
    east = radians(other.longitude - one.longitude)
    squared = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(squared)))


def _number(cell: object) -> float:
    """Return a cell as a number; what is blank, in whatever way, as NaN."""
    return float(cell) if isinstance(cell, Real) else float("nan")


def _projected(places: Sequence[Place]) -> list[tuple[float, float]]:
    """Return km east and north of the first place, the shorter way round the earth."""
    first = places[0]
    narrow = cos(radians(sum(place.latitude for place in places) / len(places)))
    return [
        (
            ((place.longitude - first.longitude + 180) % 360 - 180) * narrow * _KM_A_DEGREE,
            (place.latitude - first.latitude) * _KM_A_DEGREE,
        )
        for place in places
    ]


def _frame(
    points: Sequence[tuple[float, float]], radii: Sequence[float]
) -> tuple[float, tuple[float, float]]:
    """Return km a unit of the picture, and what lies in its middle.

    Circles are within it where they are not much wider than the places are apart; wider ones are cut off.
    """
    km_a_unit, _ = _fitted([(x, y, x, y) for x, y in points])
    most = MOST_WIDER * km_a_unit * (WIDTH - 2 * MARGIN) / 2
    reach = [0.0 if isnan(radius) or radius > most else radius for radius in radii]
    return _fitted(
        [(x - more, y - more, x + more, y + more) for (x, y), more in zip(points, reach, strict=True)]
    )


def _fitted(
    boxes: Sequence[tuple[float, float, float, float]],
) -> tuple[float, tuple[float, float]]:
    left, low, right, high = (
        pick(box[side] for box in boxes) for side, pick in enumerate((min, min, max, max))
    )
    wide, tall = max(right - left, LEAST_KM), max(high - low, LEAST_KM * HEIGHT / WIDTH)
    km_a_unit = max(wide / (WIDTH - 2 * MARGIN), tall / (HEIGHT - 2 * MARGIN))
    return km_a_unit, ((left + right) / 2, (low + high) / 2)


def _apart(spots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return where discs stand that do not overlap: each at its place, or at the nearest free one around it."""
    taken: list[tuple[float, float]] = []
    for x, y in spots:
        free = (spot for spot in _around(x, y) if _is_free(spot, taken))
        taken.append(next(free, (x, y)))
    return taken


def _around(x: float, y: float) -> Iterable[tuple[float, float]]:
    yield x, y
    for ring in range(1, _RINGS + 1):
        for turn in range(_TURNS):
            angle = 2 * pi * turn / _TURNS - pi / 4
            spot = x + ring * 1.1 * DISC * cos(angle), y + ring * 1.1 * DISC * sin(angle)
            if DISC < spot[0] < WIDTH - DISC and DISC < spot[1] < HEIGHT - DISC:
                yield spot


def _is_free(spot: tuple[float, float], taken: Iterable[tuple[float, float]]) -> bool:
    return all(hypot(spot[0] - x, spot[1] - y) >= 2 * DISC for x, y in taken)


def _radius(km: float, km_a_unit: float) -> float:
    """Return a circle's radius, 0 where there is none or the whole picture lies within it."""
    radius = 0.0 if isnan(km) else km / km_a_unit
    return round(radius, 1) if radius < hypot(WIDTH, HEIGHT) else 0.0


def _round_km(km: float) -> float:
    """Return the greatest of 1, 2, 5, 10, 20 ... that is no more."""
    power = 10.0 ** floor(log10(km))
    return float(next(step * power for step in (5, 2, 1) if step * power <= km))


def _rounded(spot: tuple[float, float]) -> tuple[float, float]:
    return round(spot[0], 1), round(spot[1], 1)
