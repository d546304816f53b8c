"""The map of a generated district: towns, neighborhoods that are richer or poorer, and their names."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.generate.grammar import Grammar, Template

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

SCHOOLS_A_TOWN = 150
SCHOOLS_A_NEIGHBORHOOD = 5
CENTER = (38.4, -98.3)
KM_A_DEGREE = 111.2
SECOND_LANGUAGES = ("Vietnamese", "Arabic", "Mandarin", "Somali", "Haitian Creole", "Ukrainian", "Tagalog")


@dataclass(frozen=True, slots=True, eq=False)
class Neighborhoods:
    """Arrays of shape ``(num_neighborhoods,)``; ``poverty`` is 0 to 1; ``language`` indexes SECOND_LANGUAGES.

    ``east`` and ``north`` are km from the middle of the map.
    """

    names: list[str]
    east: Floats
    north: Floats
    poverty: Floats
    language: Index

    def __len__(self) -> int:
        """Return the number of neighborhoods."""
        return len(self.names)

    def near(self, rng: np.random.Generator, where: Index, spread_km: float) -> tuple[Floats, Floats]:
        """Return the latitude and longitude of a random point near each neighborhood of `where`."""
        east, north = self.east[where], self.north[where]
        east, north = (axis + rng.normal(0, spread_km, len(where)) for axis in (east, north))
        latitude = CENTER[0] + north / KM_A_DEGREE
        longitude = CENTER[1] + east / (KM_A_DEGREE * np.cos(np.radians(CENTER[0])))
        return latitude.round(6), longitude.round(6)


def make_neighborhoods(rng: np.random.Generator, num_schools: int, grammar: Grammar) -> Neighborhoods:
    """Return the neighborhoods of a district: one town to each 150 schools, poverty rising to one side of it."""
    num_towns = -(-num_schools // SCHOOLS_A_TOWN)
    count = max(3, round(num_schools / SCHOOLS_A_NEIGHBORHOOD))
    town = np.arange(count) % num_towns
    side_km = 28.0 * np.sqrt(num_towns) if num_towns > 1 else 0.0
    spread_km = 2.0 + 0.3 * np.sqrt(num_schools / num_towns)
    centers = rng.uniform(-side_km / 2, side_km / 2, (num_towns, 2))
    offsets = rng.normal(0, spread_km, (count, 2))
    poor_side = rng.uniform(0, 2 * np.pi, num_towns)[town]
    toward = offsets[:, 0] * np.cos(poor_side) + offsets[:, 1] * np.sin(poor_side)
    level = rng.normal(0.52, 0.08, num_towns)[town]
    poverty = level + 0.3 * np.tanh(toward / spread_km) + rng.normal(0, 0.1, count)
    return Neighborhoods(
        names=place_names(rng, count, grammar),
        east=centers[town, 0] + offsets[:, 0],
        north=centers[town, 1] + offsets[:, 1],
        poverty=np.clip(poverty, 0.04, 0.97),
        language=rng.integers(0, len(SECOND_LANGUAGES), count),
    )


def place_names(rng: np.random.Generator, count: int, grammar: Grammar) -> list[str]:
    """Return `count` invented names such as "Alder Bend", distinct up to some 16,000."""
    first, second, direction = (
        plain(grammar.words["places"][key]) for key in ("first", "second", "direction")
    )
    num_pairs = len(first) * len(second)
    blocks = -(-count // num_pairs)
    order = np.concatenate([rng.permutation(num_pairs) + block * num_pairs for block in range(blocks)])[
        :count
    ]
    return [
        direction[number // num_pairs % len(direction)]
        + f"{first[number % num_pairs // len(second)]} {second[number % len(second)]}"
        for number in order.tolist()
    ]


def plain(templates: tuple[Template, ...]) -> list[str]:
    """Return the texts of templates that hold no alternatives and no slots."""
    return ["".join(map(str, template)) for template in templates]
