"""Generated schools and the evidence about them; what is measured follows how poor the neighborhood is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.generate.draws import stated
from matching.generate.frames import Columns, frame_of, ids
from matching.generate.grammar import Grammar, Phrases
from matching.generate.people import contacts
from matching.generate.places import SECOND_LANGUAGES, Neighborhoods, place_names
from matching.values import GRADES

Index = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SchoolType:
    """A type of school with its share of all schools and its usual enrollment."""

    grades: str
    names: str
    share: float
    enrollment: int

    @property
    def span(self) -> tuple[int, int]:
        """First and last grade as indices into GRADES."""
        first, _, last = self.grades.partition("-")
        return GRADES.index(first), GRADES.index(last or first)


TYPES = (
    SchoolType("K-5", "elementary", 0.28, 430),
    SchoolType("6-8", "middle", 0.18, 720),
    SchoolType("9-12", "high", 0.16, 1250),
    SchoolType("PK-5", "elementary", 0.16, 460),
    SchoolType("K-8", "K-8", 0.09, 610),
    SchoolType("TK-5", "elementary", 0.05, 400),
    SchoolType("6-12", "6-12", 0.04, 880),
    SchoolType("PK", "PK", 0.03, 110),
    SchoolType("9-13", "high", 0.01, 480),
)


@dataclass(frozen=True, slots=True, eq=False)
class Schools:
    """The schools table and what the other tables follow; arrays of shape ``(num_schools,)``.

    ``types`` indexes TYPES, ``neighborhood`` the neighborhoods; ``hardship`` is 0 to 1.
    """

    table: pd.DataFrame
    types: Index
    neighborhood: Index
    hardship: Floats
    enrollment: Index


def make_schools(
    rng: np.random.Generator, num_schools: int, neighborhoods: Neighborhoods, grammar: Grammar
) -> Schools:
    """Return the schools, spread over the neighborhoods."""
    types = _types(rng, num_schools)
    where = rng.permutation(np.arange(num_schools) % len(neighborhoods))
    hardship = np.clip(neighborhoods.poverty[where] + rng.normal(0, 0.07, num_schools), 0.02, 0.98)
    usual = np.array([kind.enrollment for kind in TYPES])[types]
    enrollment = np.rint(usual * rng.lognormal(0, 0.3, num_schools)).astype(np.int64)
    latitude, longitude = neighborhoods.near(rng, where, 0.6)
    phrases = Phrases(rng)
    names = place_names(rng, num_schools, grammar)
    max_partners = stated(rng, rng.integers(3, 11, num_schools), 0.25)
    columns: Columns = {
        "school_id": ids("S", num_schools, digits=4),
        "name": [
            f"{name} {phrases.say(grammar.words['schools'][TYPES[kind].names], {})}"
            for name, kind in zip(names, types.tolist(), strict=True)
        ],
        "grades": [TYPES[kind].grades for kind in types.tolist()],
        "latitude": latitude,
        "longitude": longitude,
        "enrollment": stated(rng, enrollment, 0.97),
        "title_i": hardship > 0.45,  # noqa: PLR2004 - some 45 % low income, where schools begin to qualify
        "languages": _languages(rng, hardship, neighborhoods.language[where]),
        "max_partners": max_partners,
        "nces_id": [
            f"00{number:010d}" if phrases.chance(0.8) else "" for number in range(1, num_schools + 1)
        ],
        **contacts(phrases, num_schools, grammar, share=0.9),
    }
    return Schools(frame_of("schools", num_schools, columns), types, where, hardship, enrollment)


def _types(rng: np.random.Generator, num_schools: int) -> Index:
    """Return types in their shares as nearly as whole schools allow; the first three are always there."""
    exact = np.array([kind.share for kind in TYPES]) * num_schools
    count = np.floor(exact).astype(np.int64)
    count[:3] = np.maximum(count[:3], 1)
    for kind in np.argsort(count - exact, kind="stable")[: max(num_schools - count.sum(), 0)]:
        count[kind] += 1
    return rng.permutation(np.repeat(np.arange(len(TYPES)), count)[:num_schools])


def _languages(rng: np.random.Generator, hardship: Floats, second: Index) -> list[str]:
    draws = rng.random((len(hardship), 2))
    return [
        "|".join(
            ["English"]
            + (["Spanish"] if first < 0.05 + 0.75 * hard else [])
            + ([SECOND_LANGUAGES[language]] if other < 0.5 * hard else [])
        )
        if max(first, other) > 0.05  # noqa: PLR2004 - a few schools leave the cell blank
        else ""
        for (first, other), hard, language in zip(
            draws.tolist(), hardship.tolist(), second.tolist(), strict=True
        )
    ]
