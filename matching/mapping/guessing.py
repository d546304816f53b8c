"""Which table a sheet is and which column each of its columns: by its words, by their meaning, by what its cells hold.

Every column of a sheet is compared with every column of a table; an assignment then gives each at most one, so that all
fit best together, and the table is the one whose columns fit best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from embeddings import Encoder
from matching.blank_workbook import GUIDE
from matching.columns import Column
from matching.mapping.cells import looks_like
from matching.mapping.grids import Grid
from matching.mapping.likeness import Likeness
from matching.mapping.names import Known
from matching.mapping.words import OWNERS, phrases_of, sheet_phrases
from matching.schemas import TABLES

EXTRA: Final = "+"
"""A column that is kept though nothing reads it."""
LEFT: Final = "-"
"""A column that is left out."""
SURE: Final = 0.7
"""From this confidence on a guess need not be looked at twice."""

_LEAST: Final = 0.36
_SAID: Final = 0.3
_SAMPLE: Final = 40
_NAMED: Final = 0.7
_REQUIRED: Final = 0.5
_OF_OWNER: Final = 0.5


@dataclass(frozen=True, slots=True)
class SheetReading:
    """How a sheet is read.

    Parameters
    ----------
    table
        What its rows are, "" where it is left out.
    columns
        Of each of its columns in their order: a column's name like ``needs.slots``, `EXTRA` or `LEFT`.
    constants
        What cells say that are blank or have no column, by the column's name.
    """

    table: str
    columns: tuple[str, ...]
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guess:
    """How a sheet is read by the look of it, and how sure that is of each column, 0 to 1."""

    reading: SheetReading
    confidence: tuple[float, ...]


def targets_of(table: str) -> dict[str, Column]:
    """Return the columns that a sheet of a table may have, those of its school or partner too, by their full names."""
    own = {f"{table}.{column.name}": column for column in TABLES[table].columns}
    for owner, names in OWNERS.get(table, {}).items():
        own |= {f"{owner}.{name}": TABLES[owner].columns_by_name[name] for name in names}
    return own


def required_of(table: str) -> list[str]:
    """Return the columns that each row of a table must fill and that nothing but the sheet can say."""
    columns = TABLES[table].columns
    return [
        f"{table}.{column.name}" for column in columns if column.is_required and not _is_found(table, column)
    ]


def guessed(grids: Sequence[Grid], known: Known, encoder: Encoder | None = None) -> list[Guess]:
    """Return how each sheet is read by the look of it.

    Parameters
    ----------
    encoder
        Tells what headers mean; without one only their words count.
    """
    likeness = Likeness(encoder, [phrase for table in TABLES for phrase in _all_phrases(table)])
    return [_guess(grid, known, likeness) for grid in grids]


def guessed_as(grid: Grid, table: str, known: Known, encoder: Encoder | None = None) -> Guess:
    """Return how a sheet is read if it is one of this table."""
    likeness = Likeness(encoder, _all_phrases(table))
    return _assigned(grid, table, known, likeness)[0]


def _guess(grid: Grid, known: Known, likeness: Likeness) -> Guess:
    if grid.name == GUIDE:
        return Guess(SheetReading("", tuple(LEFT for _ in grid.headers)), tuple(1.0 for _ in grid.headers))
    ranked = []
    for table in TABLES:
        guess, fit = _assigned(grid, table, known, likeness)
        named = max(likeness.of([grid.name], [table, *sheet_phrases(table)])[0])
        ranked.append((fit + _NAMED * float(named), guess))
    _, best = max(ranked, key=lambda pair: pair[0])
    taken = sum(target not in (EXTRA, LEFT) for target in best.reading.columns)
    if not taken:
        columns = tuple(LEFT for _ in grid.headers)
        return Guess(SheetReading("", columns), tuple(0.0 for _ in grid.headers))
    return best


def _assigned(grid: Grid, table: str, known: Known, likeness: Likeness) -> tuple[Guess, float]:
    """Return the best reading as a sheet of a table, and how well it fits."""
    targets = targets_of(table)
    scores = _scores(grid, table, targets, known, likeness)
    names = list(targets)
    columns, sure = [EXTRA] * len(grid.headers), [0.0] * len(grid.headers)
    for row, place in zip(*linear_sum_assignment(scores, maximize=True), strict=True):
        if scores[row, place] >= _LEAST:
            columns[row], sure[row] = names[place], min(float(scores[row, place]), 1.0)
    for index, cells in enumerate(grid.columns):
        if not any(cells):
            columns[index] = LEFT
    total = sum(
        score * (1.0 if target.startswith(f"{table}.") else _OF_OWNER)
        for score, target in zip(sure, columns, strict=True)
    )
    required = required_of(table)
    met = sum(name in columns for name in required) / max(len(required), 1)
    fit = total / max(len(grid.headers), 1) + _REQUIRED * met
    return Guess(SheetReading(table, tuple(columns)), tuple(sure)), fit


def _scores(
    grid: Grid, table: str, targets: Mapping[str, Column], known: Known, likeness: Likeness
) -> NDArray[np.float64]:
    """Return how well each column of a sheet would be each target, shape ``(num_headers, num_targets)``."""
    samples = [[cell for cell in cells if cell][:_SAMPLE] for cells in grid.columns]
    scores = np.zeros((len(grid.headers), len(targets)))
    for place, (name, column) in enumerate(targets.items()):
        owner = name.partition(".")[0]
        phrases = [column.name, *phrases_of(owner, column.name, within=table)]
        alike = likeness.of(grid.headers, phrases if owner == table else phrases[1:]).max(axis=1)
        for row, cells in enumerate(samples):
            fit, tells = looks_like(cells, owner, column, known)
            scores[row, place] = _score(float(alike[row]), fit, tells)
    return scores


def _score(alike: float, fit: float, tells: float) -> float:
    """Return how well a column would do, by its header, by its cells, and by how much these tell."""
    said = _SAID if alike == 1.0 else 0.0
    return alike * (0.35 + 0.65 * fit) + said + 0.25 * tells * min(2.5 * alike + 0.2, 1.0)


def _is_found(table: str, column: Column) -> bool:
    """Whether what a column says can be found out: its own id, or that of a school or partner by its name."""
    owners = OWNERS.get(table, {})
    return column.name == TABLES[table].key or column.refers in owners


def _all_phrases(table: str) -> list[str]:
    found = [table, *sheet_phrases(table)]
    for name, column in targets_of(table).items():
        found += [column.name, *phrases_of(name.partition(".")[0], column.name, within=table)]
    return found
