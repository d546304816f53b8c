"""The files of a mid-year plan: those of a match, what changes, and the partnerships once it is accepted."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from matching.rematching import Rematching, knee
from matching.report.changes import changes_story
from matching.report.results import Progress, write_results


def write_rematch(
    points: Sequence[Rematching], folder: Path, *, is_curve: bool = False, progress: Progress | None = None
) -> dict[str, Path]:
    """Write the last plan into `folder` and, of a curve, each into a folder of its own inside it.

    Beside the files of a match there are ``changes.csv``, ``partnerships.csv`` and, of a curve, ``curve.csv``.

    Raises
    ------
    OSError
        Where a folder or a file cannot be written.
    """
    last = points[-1]
    if not is_curve:
        return _write(points, folder, _tables(last), progress)
    for done, point in enumerate(points, start=1):
        _write([point], folder / folder_of(point), _tables(point))
        if progress:
            progress("write", done / (len(points) + 1))
    files = _write(points, folder, _tables(last) | {"curve.csv": curve_table(points)})
    if progress:
        progress("write", 1.0)
    return files


def folder_of(point: Rematching) -> str:
    """Return the name of the folder of one plan of a curve."""
    return f"moves-{point.max_moves:04}"


def curve_table(points: Sequence[Rematching]) -> pd.DataFrame:
    """Return a row a plan: max_moves, moves, slots filled at each level and in all, is_knee, folder."""
    levels = [level.name for level in points[0].matching.allocation.levels]
    table = pd.DataFrame([point.filled for point in points], columns=levels)
    table.insert(0, "max_moves", [point.max_moves for point in points])
    table.insert(1, "moves", [point.moves for point in points])
    return table.assign(
        slots_filled=[sum(point.filled) for point in points],
        is_knee=[index == knee(points) for index in range(len(points))],
        folder=[folder_of(point) for point in points],
    )


def _write(
    points: Sequence[Rematching],
    folder: Path,
    tables: dict[str, pd.DataFrame],
    progress: Progress | None = None,
) -> dict[str, Path]:
    matching, changes = points[-1].matching, changes_story(points)
    return write_results(matching, folder, tables=tables, changes=changes, progress=progress)


def _tables(point: Rematching) -> dict[str, pd.DataFrame]:
    return {"changes.csv": point.changes, "partnerships.csv": point.partnerships}
