"""An upload tried on a district: what would become of it, or which cells stand in the way, as its sender knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from matching.district import District
from matching.errors import DataError, Problem
from matching.mapping.applying import Names, Origin, Upload, applied
from matching.mapping.grids import Grid
from matching.mapping.guessing import SheetReading
from matching.merging import Mode, merged
from matching.schemas import TABLES

_MOST_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class PlacedProblem:
    """A problem of an upload, with where it stands in the file that was sent.

    Parameters
    ----------
    sheet, row, header
        Blank, 0 and blank where it stands in none.
    """

    problem: Problem
    sheet: str
    row: int
    header: str


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What became of an upload.

    Parameters
    ----------
    after
        The district with it, None where there are problems.
    left
        Rows that were left out for their problems, and these.
    """

    upload: Upload
    after: District | None
    problems: Sequence[PlacedProblem]
    left: Sequence[PlacedProblem] = ()


def tried(
    grids: Sequence[Grid],
    readings: Sequence[SheetReading],
    before: District,
    *,
    names: Names | None = None,
    mode: Mode = Mode.MERGE,
    without_bad: bool = False,
) -> Trial:
    """Return what becomes of sheets, brought into a district.

    Parameters
    ----------
    without_bad
        Whether rows with a problem are left out; those that need them then are too.
    """
    left: list[PlacedProblem] = []
    without: set[tuple[int, int]] = set()
    for _ in range(_MOST_ROUNDS):
        upload = applied(grids, readings, before, names=names, without=without)
        try:
            return Trial(upload, _merged(before, upload, readings, mode), (), left)
        except DataError as error:
            found = error.problems
        problems = [_placed(problem, upload, grids, readings) for problem in found]
        rows = _rows_of(found, upload.origins)
        if not without_bad or not rows - without:
            break
        without |= rows
        left += [problem for problem in problems if problem.row]
    return Trial(upload, None, problems, left)


def _merged(before: District, upload: Upload, readings: Sequence[SheetReading], mode: Mode) -> District:
    """Return the district with an upload; what only comes along with a sheet of another table replaces none."""
    sheets = upload.sheets
    own = {reading.table for reading in readings}
    along = {name: sheet for name, sheet in sheets.by_table.items() if name not in own}
    if mode is Mode.REPLACE and along:
        before = merged(before, replace(sheets, by_table=along), Mode.MERGE)
        sheets = replace(
            sheets, by_table={name: sheets.by_table[name] for name in sheets.by_table if name in own}
        )
    return merged(before, sheets, mode)


def _rows_of(problems: Sequence[Problem], origins: Mapping[str, Sequence[Origin]]) -> set[tuple[int, int]]:
    found = set()
    for problem in problems:
        if problem.row and problem.table in origins:
            origin = origins[problem.table][problem.row - 1]
            found.add((origin.sheet, origin.row))
    return found


def _placed(
    problem: Problem, upload: Upload, grids: Sequence[Grid], readings: Sequence[SheetReading]
) -> PlacedProblem:
    """Return a problem with the sheet, the row and the header that its sender knows."""
    if not problem.row or problem.table not in upload.origins:
        return PlacedProblem(problem, "", 0, "")
    origin = upload.origins[problem.table][problem.row - 1]
    grid, reading = grids[origin.sheet], readings[origin.sheet]
    wanted = {f"{problem.table}.{problem.column}"}
    refers = TABLES[problem.table].columns_by_name.get(problem.column or "")
    if refers is not None and refers.refers:
        wanted.add(f"{refers.refers}.name")
    headers = [
        header for header, target in zip(grid.headers, reading.columns, strict=True) if target in wanted
    ]
    return PlacedProblem(problem, grid.name, origin.row, " / ".join(headers))
