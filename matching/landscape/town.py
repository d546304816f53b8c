"""Areas of town: a district's schools in up to eight groups that lie together, each named after its middle."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_HALVINGS = 3
FEWEST_SCHOOLS = 5
"""In an area: fewer would be schools, not a part of town."""
NOWHERE = -1
KM_A_DEGREE = 111.2


@dataclass(frozen=True, slots=True, eq=False)
class Town:
    """The areas of a town, and where its schools and partners are.

    Parameters
    ----------
    names
        The school in the middle of each area; none where too few schools have a place.
    of_schools, of_partners
        The area of each row of the tables, `NOWHERE` where it has no place; a partner belongs to the nearest area.
    school_places
        Kilometres east and north of somewhere, NaN where there is no place; shape ``(num_schools, 2)``.
    """

    names: tuple[str, ...]
    of_schools: Index
    of_partners: Index
    school_places: Floats


def town_of(schools: pd.DataFrame, partners: pd.DataFrame) -> Town:
    """Return the areas of a town: its schools in halves along the wider side, and these again in halves.

    Areas so have as many schools each, which lets their figures be compared.
    """
    north = schools["latitude"].mean()
    places, homes = _kilometres(schools, north), _kilometres(partners, north)
    placed = np.flatnonzero(~np.isnan(places[:, 0]))
    most = int(np.log2(max(len(placed) / FEWEST_SCHOOLS, 1)))
    groups = _halved(places, placed, min(most, MOST_HALVINGS)) if most else []
    of_schools = np.full(len(schools), NOWHERE, np.int64)
    for number, group in enumerate(groups):
        of_schools[group] = number
    middles = np.array([places[group].mean(axis=0) for group in groups]).reshape(-1, 2)
    names = schools["name"].tolist()
    central = [
        names[group[np.lexsort((group, _squared(places[group], middle)))[0]]]
        for group, middle in zip(groups, middles, strict=True)
    ]
    return Town(tuple(central), of_schools, _nearest(homes, middles), places)


def _kilometres(table: pd.DataFrame, north: float) -> Floats:
    """Return places on a plane, near enough for a town."""
    latitude, longitude = (table[name].to_numpy(np.float64) for name in ("latitude", "longitude"))
    return np.stack((longitude * np.cos(np.radians(north)), latitude), axis=1) * KM_A_DEGREE


def _halved(places: Floats, rows: Index, times: int) -> list[Index]:
    if not times:
        return [np.sort(rows)]
    axis = int(np.ptp(places[rows], axis=0).argmax())
    order = rows[np.lexsort((rows, places[rows, axis]))]
    middle = len(order) // 2
    return _halved(places, order[:middle], times - 1) + _halved(places, order[middle:], times - 1)


def _nearest(homes: Floats, middles: Floats) -> Index:
    if not len(middles):
        return np.full(len(homes), NOWHERE, np.int64)
    nearest = _squared(homes[:, np.newaxis], middles).argmin(axis=1)
    return np.where(np.isnan(homes[:, 0]), NOWHERE, nearest)


def _squared(places: Floats, others: Floats) -> Floats:
    squared: Floats = ((places - others) ** 2).sum(axis=-1)
    return squared
