"""One row of a district that is made or changed: read and checked as a file's, against the rows it has to do with."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.columns import Cell, Column, Table
from matching.district import blank_rows
from matching.errors import DataError, Problem
from matching.files import cell_text, plain_text
from matching.relations import CheckedSheet, relation_problems
from matching.schemas import TABLES
from matching.sheets import Sheet, is_student_record, long_cells
from matching.tables import check_sheet
from matching.typed import typed_column
from matching.values import word_key

LISTS: Final = (Cell.LIST, Cell.WORDS, Cell.SCHEDULE)
"""Cells that hold several values, split by |."""
_MOST_BITS: Final = 1000
_NO_LETTER: Final = re.compile("[\x00\ud800-\udfff]")
# The row stands in no file: nobody is shown this number.
_ROW: Final = np.array([2], dtype=np.int64)


def read_row(table: Table, cells: Mapping[str, object], before: pd.DataFrame | None = None) -> CheckedSheet:
    """Return a sheet of one row, with all that is wrong in its cells by themselves.

    Parameters
    ----------
    cells
        The cells to take in, in their own types or as text, None where blank.
    before
        The row as a `District` holds it, where there is one already: what ``cells`` leaves out stays. All is blank in
        a new one.

    Raises
    ------
    DataError
        When something is no cell of this table at all.
    """
    texts = _texts(table, cells, table.columns_by_name)
    if before is None:
        before = _blank_row(table.name)
        required = {column.name: "" for column in table.columns if column.is_required}
        texts = required | {name: text for name, text in texts.items() if text}
    frame = pd.DataFrame({name: pd.array([text], dtype="str") for name, text in texts.items()}, index=[0])
    new = check_sheet(Sheet(table, frame, _ROW))
    problems = tuple(problem.without_row() for problem in new.problems)
    kept = before[[name for name in table.columns_by_name if name not in texts]]
    sheet = replace(new.sheet, cells=pd.concat([_as_text(kept), frame], axis=1))
    return CheckedSheet(
        sheet, pd.concat([kept, new.typed], axis=1), _nothing_bad(kept) | dict(new.bad), problems
    )


def read_cell(table: Table, column: Column, value: object) -> pd.Series:
    """Return one cell in the type of its column, of a list one part.

    Raises
    ------
    DataError
        When it is no cell of this column.
    """
    texts = _texts(table, {column.name: value}, {column.name: column})
    cells, is_bad = typed_column(pd.Series(texts.values(), dtype="str"), column)
    if is_bad.any():
        raise DataError([Problem(table.name, None, column.name, f'"{texts[column.name]}"', column.expected)])
    return cells


def read_extra(table: Table, extra: Mapping[str, object]) -> dict[str, str]:
    """Return the cells of unknown columns as texts, under names that a file may give them.

    Raises
    ------
    DataError
        When one is no text, or its name is that of a documented column or of a student's record.
    """
    names = {name: " ".join(plain_text(name).split()) for name in extra}
    known = {word_key(column.name): column.name for column in table.columns}
    problems = [
        Problem(table.name, None, "extra", f"a column {given!a}", expected)
        for given, name in names.items()
        if (expected := "a name" if _NO_LETTER.search(given) else _better_name(name, known))
    ]
    if len(set(names.values())) < len(names):
        problems.append(Problem(table.name, None, "extra", "two columns of one name", "each column once"))
    if problems:
        raise DataError(problems)
    return _texts(table, {names[name]: value for name, value in extra.items()})


def related_problems(row: CheckedSheet, related: Mapping[str, pd.DataFrame]) -> Iterator[Problem]:
    """Yield what is wrong between a row and other rows.

    Parameters
    ----------
    row
        As `read_row` returns it.
    related
        By table, the rows that it and they refer to, and those that limit each other with it, with the columns that
        relations read, in the types of a `District`; the index numbers them. They break nothing without the row.
    """
    name = row.sheet.table.name
    sheets = {other: _sheet_of(TABLES[other], rows) for other, rows in related.items()}
    beside = sheets.pop(name, None)
    found = list(relation_problems({**sheets, name: row}))
    if beside is not None:
        found += relation_problems({name: _behind(beside, row)})
    for problem in found:
        told = problem.without_row()
        yield told if problem.table == name else replace(told, found=f"{told.found} in row {problem.row}")


def _texts(
    table: Table, cells: Mapping[str, object], known: Mapping[str, Column] | None = None
) -> dict[str, str]:
    """Return the texts of cells; of no matter which columns where none are known."""
    texts, problems = {}, []
    for name, value in cells.items():
        column = None if known is None else known.get(name)
        if known is not None and column is None:
            problems.append(Problem(table.name, None, name, "no such column", f"one of {', '.join(known)}"))
            continue
        try:
            texts[name] = _text(value, is_list=column is not None and column.cell in LISTS)
        except ValueError as error:
            expected = "a text" if column is None else column.expected
            problems.append(Problem(table.name, None, name, str(error), expected))
    columns = {name: (text,) for name, text in texts.items()}
    problems += [replace(problem, row=None) for problem in long_cells(table, columns, _ROW)]
    if problems:
        raise DataError(problems)
    return texts


def _text(value: object, *, is_list: bool = False) -> str:
    """Return the text that a file would hold for a value.

    Raises
    ------
    ValueError
        When no file can hold it; the message says what it is.
    """
    if isinstance(value, (list, tuple)) and is_list:
        return "|".join(_text(part) for part in value)
    if not isinstance(value, (str, int, float, dt.date, type(None))):
        raise ValueError(
            "several values" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"
        )
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"the number {value}")
        return float.__repr__(value)
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise ValueError(f"a number of {value.bit_length()} bits")
    text = cell_text(value)
    if letter := _NO_LETTER.search(text):
        raise ValueError(f"the letter U+{ord(letter[0]):04X}, which no database holds")
    return plain_text(text).strip()


def _better_name(name: str, known: Mapping[str, str]) -> str:
    """Return what to call a column instead, nothing where it may have its name."""
    if not name:
        return "a name"
    if word_key(name) in known:
        return f"{known[word_key(name)]} outside of extra"
    if is_student_record(name):
        return "no record of a single student: Partnermatch never holds one"
    return ""


def _sheet_of(table: Table, rows: pd.DataFrame) -> CheckedSheet:
    """Return rows that were checked before as a sheet."""
    numbers, typed = rows.index.to_numpy(dtype=np.int64), rows.reset_index(drop=True)
    return CheckedSheet(Sheet(table, typed, numbers), typed, _nothing_bad(typed))


def _behind(others: CheckedSheet, row: CheckedSheet) -> CheckedSheet:
    """Return a sheet with a row behind others, so that it is told of what they exceed or repeat together."""
    names = [str(name) for name in others.typed]
    cells = pd.concat([others.sheet.cells, row.sheet.cells[names]], ignore_index=True)
    typed = pd.concat([others.typed, row.typed[names]], ignore_index=True)
    numbers = np.concatenate([others.sheet.rows, row.sheet.rows])
    bad = {name: np.concatenate([others.bad[name], row.bad[name]]) for name in names}
    return CheckedSheet(Sheet(row.sheet.table, cells, numbers), typed, bad)


def _as_text(typed: pd.DataFrame) -> pd.DataFrame:
    """Return one row as the texts of a file."""
    return pd.DataFrame({str(name): [cell_text(typed[name].iloc[0])] for name in typed}, dtype="str")


@cache
def _blank_row(table: str) -> pd.DataFrame:
    return blank_rows(table)


def _nothing_bad(typed: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    return {str(name): np.zeros(len(typed), dtype=np.bool_) for name in typed}
