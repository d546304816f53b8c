"""An upload into a district: its rows added to those that are there, or put in their place, and all checked again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.columns import Table
from matching.differences import Positions, all_columns, column_of, same_rows
from matching.district import District
from matching.errors import DataError, Problem
from matching.exporting import cell_texts
from matching.files import Sheets
from matching.relations import CheckedSheet, relation_problems
from matching.schemas import TABLES
from matching.sheets import Sheet
from matching.tables import check_sheet, district_of, sheet_warnings
from matching.typed import blank_column


class Mode(Enum):
    """What becomes of the rows of an uploaded table that are not in the upload, and of columns it leaves out."""

    MERGE = "merge"
    """They stay; a row with a known id changes it, a row without one is added unless it is there."""
    REPLACE = "replace"
    """They go: the table is what the upload says."""


def merged(before: District, upload: Sheets, mode: Mode = Mode.MERGE) -> District:
    """Return the district with an upload's rows in it, checked as if all of it had been read from one file.

    Tables that the upload does not hold stay as they are. Rows that stay keep their order; new ones follow.

    Raises
    ------
    DataError
        When anything is wrong; rows are those of the upload, and other rows of the district are told by their id.
    """
    given = {name: check_sheet(sheet) for name, sheet in upload.by_table.items()}
    if not given and not upload.problems:
        found, expected = "no table of a district", f"at least one of {', '.join(TABLES)}"
        raise DataError([Problem("", None, None, found, expected)])
    checked = {
        name: _with(before.tables[name], given[name], mode)
        if name in given
        else _standing(table, before.tables[name])
        for name, table in TABLES.items()
    }
    warnings = [*upload.warnings, *(line for sheet in given.values() for line in sheet_warnings(sheet))]
    try:
        return district_of(checked, before.name, problems=upload.problems, warnings=warnings)
    except DataError as error:
        raise DataError(_told_by_id(problem, before) for problem in error.problems) from None


def check_relations(district: District) -> None:
    """Check what must hold between the rows of a district; each cell by itself is right.

    Raises
    ------
    DataError
        When anything is wrong; rows are told by their id.
    """
    standing = {name: _standing(table, district.tables[name]) for name, table in TABLES.items()}
    problems = [_told_by_id(problem, district) for problem in relation_problems(standing)]
    if problems:
        raise DataError(problems)


def _with(own: pd.DataFrame, given: CheckedSheet, mode: Mode) -> CheckedSheet:
    """Return a table with its uploaded rows; an upload without ids stays alone, for that is a problem already."""
    table = given.sheet.table
    if table.key and not given.has(table.key):
        return given
    uploaded = _frame_of(given)
    if mode is Mode.MERGE:
        place = same_rows(table, own[[name for name in own if name in uploaded]], uploaded)
        kept = np.concatenate([np.arange(len(own)), len(own) + np.flatnonzero(place < 0)])
        changed = kept.copy()
        changed[place[place >= 0]] = len(own) + np.flatnonzero(place >= 0)
    else:
        uploaded = _blanks_added(uploaded, table)
        place = same_rows(table, own, uploaded)
        own = own[[name for name in own if name in uploaded]]
        order = np.where(place < 0, len(own) + np.arange(len(place)), place)
        kept = changed = len(own) + np.argsort(order, kind="stable")
    return _taken(own, given, changed, kept)


def _taken(own: pd.DataFrame, given: CheckedSheet, changed: Positions, kept: Positions) -> CheckedSheet:
    """Return rows of a table and, numbered on, of its upload: ``changed`` for columns the upload has, else ``kept``."""
    table, uploaded = given.sheet.table, _frame_of(given)
    columns, bad = {}, {}
    full = _blanks_added(uploaded, table)
    for name in all_columns(own, full):
        rows = changed if name in uploaded else kept
        both = pd.concat([column_of(own, name), column_of(full, name)], ignore_index=True)
        columns[name] = both.take(rows).reset_index(drop=True)
        is_bad = given.bad.get(name, np.zeros(len(uploaded), dtype=np.bool_))
        bad[name] = np.concatenate([np.zeros(len(own), dtype=np.bool_), is_bad])[rows]
    numbers = np.concatenate([-1 - np.arange(len(own)), given.sheet.rows])[changed]
    return _checked(table, pd.DataFrame(columns), bad, numbers, given.problems)


def _standing(table: Table, own: pd.DataFrame) -> CheckedSheet:
    """Return a table of the district as a sheet whose rows are numbered -1, -2, ...: those of no file."""
    bad = {str(name): np.zeros(len(own), dtype=np.bool_) for name in own}
    return _checked(table, own, bad, -1 - np.arange(len(own)), ())


def _checked(
    table: Table,
    rows: pd.DataFrame,
    bad: Mapping[str, NDArray[np.bool_]],
    numbers: Positions,
    problems: tuple[Problem, ...],
) -> CheckedSheet:
    cells = pd.DataFrame(
        {str(name): pd.Series(cell_texts(rows[name]), index=rows.index, dtype="str") for name in rows}
    )
    typed = rows[[column.name for column in table.columns]]
    return CheckedSheet(Sheet(table, cells, numbers), typed, bad, problems)


def _frame_of(given: CheckedSheet) -> pd.DataFrame:
    """Return the columns that the upload has, unknown ones too."""
    cells = given.sheet.cells
    return pd.DataFrame(
        {str(name): given.typed[name] if name in given.typed else cells[name] for name in cells}
    )


def _blanks_added(uploaded: pd.DataFrame, table: Table) -> pd.DataFrame:
    absent = [column for column in table.columns if column.name not in uploaded]
    return uploaded.assign(**{column.name: blank_column(column, len(uploaded)) for column in absent})


def _told_by_id(problem: Problem, before: District) -> Problem:
    """Return a problem of a row that no file holds with its id in place of the row's number."""
    if problem.row is None or problem.row > 0:
        return problem
    key, own = TABLES[problem.table].key, before.tables[problem.table]
    row = f"{key} {own[key].iat[-1 - problem.row]}" if key else f"row {-problem.row}"
    found = f'"{problem.found}" at {row} of the district'
    return replace(problem, row=None, found=found)
