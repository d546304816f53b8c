"""A district's files, read and checked: every bad cell of every table in one go, or a `District`.

The way of a table: its sheet of text (`matching.files`), typed columns (`matching.typed`), one pandera schema that
checks them, then what must hold between tables (`matching.relations`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.columns import Cell, Column, Table
from matching.district import District
from matching.errors import DataError, Problem
from matching.files import Sheets, read_sheet, read_sheets, sheet_of_frame
from matching.relations import Checked, CheckedSheet, relation_problems
from matching.schemas import MATCHES, TABLES
from matching.sheets import Sheet, header_warnings
from matching.typed import blank_column, dtype_of, typed_column
from matching.values import is_date_like

if TYPE_CHECKING:
    import pandera.pandas as pa


def read_district(path: str | PathLike[str]) -> District:
    """Return the district in a folder of CSV files or in one .xlsx workbook with a sheet a table.

    Raises
    ------
    DataError
        When anything is wrong; it holds every problem of every table.
    """
    place = Path(path)
    name = place.resolve().name if place.is_dir() else place.stem
    return _district(read_sheets(place), name)


def district_from_tables(tables: Mapping[str, pd.DataFrame], *, name: str = "district") -> District:
    """Return the district in data frames, checked exactly as if they had been read from a workbook.

    Parameters
    ----------
    tables
        Data frames under the names of their tables; cells may be text or of their own type.

    Raises
    ------
    DataError
        When anything is wrong; the first row of a frame counts as row 2.
    ValueError
        When a name is not that of a table.
    """
    sheets = Sheets()
    for table, frame in tables.items():
        if table not in TABLES:
            raise ValueError(f"Table {table}: expected one of {', '.join(TABLES)}.")
        sheets.add(table, sheet_of_frame(table, frame))
    return _district(sheets, name)


def read_matches(path: str | PathLike[str]) -> pd.DataFrame:
    """Return an allocation from a CSV file or the sheet ``matches`` of a workbook, also one typed by hand.

    Of the columns that may be left out, the table has only those of the file; unknown ones are left out.

    Raises
    ------
    DataError
        When anything is wrong; it holds every problem.
    """
    sheets = read_sheet(Path(path), MATCHES)
    if MATCHES.name not in sheets.by_table:
        missing = Problem(
            MATCHES.name, None, None, "no such table", "need_id, offer_id and slots in each row"
        )
        raise DataError([*sheets.problems, missing])
    checked = check_sheet(sheets.by_table[MATCHES.name])
    problems = [*sheets.problems, *checked.problems]
    if problems:
        raise DataError(problems)
    return checked.typed.reset_index(drop=True)


def warnings_of(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Yield what checked tables warn of, wherever they come from: unknown columns, and blanks that are a trust."""
    for name, table in TABLES.items():
        yield from header_warnings(table, map(str, tables[name].columns))
    yield from _blank_warnings(tables)
    yield from _gone_warnings(tables)


def district_of(
    sheets: Checked, name: str, *, problems: Iterable[Problem] = (), warnings: Iterable[str] = ()
) -> District:
    """Return the district of checked sheets.

    Parameters
    ----------
    problems, warnings
        What was found before, beside the sheets' own problems and those between them.

    Raises
    ------
    DataError
        When there is any problem; it holds all of them in the order of the tables.
    """
    found = [*problems, *(problem for sheet in sheets.values() for problem in sheet.problems)]
    found += relation_problems(sheets)
    if found:
        raise DataError(sorted(found, key=_place))
    tables = {table: _finished(TABLES[table], sheets.get(table)) for table in TABLES}
    warned = [*warnings, *_blank_warnings(tables), *_gone_warnings(tables)]
    return District(name=name, warnings=tuple(warned), **tables)


def _district(sheets: Sheets, name: str) -> District:
    checked = {table: check_sheet(sheets.by_table[table]) for table in TABLES if table in sheets.by_table}
    warnings = [*sheets.warnings, *(line for sheet in checked.values() for line in sheet_warnings(sheet))]
    return district_of(checked, name, problems=[*sheets.problems, *sheets.missing()], warnings=warnings)


def check_sheet(sheet: Sheet) -> CheckedSheet:
    """Return the sheet with typed columns and every problem that a column alone can have."""
    columns = [column for column in sheet.table.columns if column.name in sheet.cells]
    pairs = {column.name: typed_column(sheet.cells[column.name], column) for column in columns}
    typed = pd.DataFrame({name: values for name, (values, _) in pairs.items()}, index=sheet.cells.index)
    failed = _failures(sheet.table, typed)
    problems = list(sheet.problems)
    bad = {}
    for column in columns:
        bad[column.name] = pairs[column.name][1] | failed.wrong[column.name]
        problems += sheet.problems_at(bad[column.name], column.name, column.expected)
        repeated = failed.repeated[column.name] & ~bad[column.name]
        problems += sheet.problems_at(repeated, column.name, "an id that no earlier row has")
    return CheckedSheet(sheet, typed, bad, tuple(problems))


@dataclass(frozen=True, slots=True, eq=False)
class _Failures:
    """Which cells of each column break its type, range or words, and which repeat a unique id."""

    wrong: Mapping[str, NDArray[np.bool_]]
    repeated: Mapping[str, NDArray[np.bool_]]


def _failures(table: Table, typed: pd.DataFrame) -> _Failures:
    """Return what pandera finds, all at once."""
    from pandera.errors import SchemaErrors

    names = [str(name) for name in typed]
    wrong = {name: np.zeros(len(typed), dtype=np.bool_) for name in names}
    repeated = {name: np.zeros(len(typed), dtype=np.bool_) for name in names}
    try:
        if len(typed):
            _schema(table).validate(typed, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        for (name, check), places in cases.groupby(["column", "check"])["index"]:
            kind = repeated if check == "field_uniqueness" else wrong
            kind[name][places.to_numpy(dtype=np.int64)] = True
    return _Failures(wrong, repeated)


@cache
def _schema(table: Table) -> pa.DataFrameSchema:
    """Return the pandera schema of a table; absent columns are the header's problem, not its."""
    import pandera.pandas as pa

    columns = {
        column.name: pa.Column(
            dtype_of(column),
            _checks(column),
            nullable=not column.is_required,
            unique=column.name == table.key,
            report_duplicates="exclude_first",
            required=False,
            description=column.meaning,
        )
        for column in table.columns
    }
    return pa.DataFrameSchema(columns, name=table.name, description=table.meaning)


def _checks(column: Column) -> list[pa.Check]:
    import pandera.pandas as pa

    checks = []
    if column.is_required and dtype_of(column) == "str":
        checks.append(pa.Check.ne(""))
    if column.cell is Cell.WORD:
        checks.append(pa.Check.isin(column.words if column.is_required else (*column.words, "")))
    if column.at_least is not None:
        checks.append(pa.Check.ge(column.at_least))
    if column.at_most is not None:
        checks.append(pa.Check.le(column.at_most))
    if column.above is not None:
        checks.append(pa.Check.gt(column.above))
    return checks


def _place(problem: Problem) -> tuple[int, int, int]:
    """Return where a problem stands: by table, row and column, as they are documented."""
    if problem.table not in TABLES:
        return -1, 0, 0
    columns = [column.name for column in TABLES[problem.table].columns]
    column = columns.index(problem.column) if problem.column in columns else len(columns)
    return list(TABLES).index(problem.table), problem.row or 0, column


def _finished(table: Table, checked: CheckedSheet | None) -> pd.DataFrame:
    """Return a faultless table with all its columns, then the unknown ones; empty for a table that is absent."""
    typed = pd.DataFrame() if checked is None else checked.typed
    num_rows = len(typed)
    columns = {
        column.name: typed[column.name] if column.name in typed else blank_column(column, num_rows)
        for column in table.columns
    }
    for column in table.columns:
        if column.cell is Cell.WHOLE and column.is_required:
            columns[column.name] = columns[column.name].astype("int64")
    if checked is not None:
        cells = checked.sheet.cells
        columns |= {str(name): cells[name] for name in cells if name not in columns}
    return pd.DataFrame(columns)


def sheet_warnings(checked: CheckedSheet) -> Iterator[str]:
    """Yield what a sheet by itself warns of: unknown columns, and grades that a spreadsheet had made dates."""
    yield from checked.sheet.warnings
    name, cells = checked.sheet.table.name, checked.sheet.cells
    if "grades" in cells:
        dates = cells["grades"][cells["grades"].map(is_date_like)]
        if len(dates):
            count = (
                "1 cell in grades had become a date"
                if len(dates) == 1
                else f"{len(dates)} cells in grades had become dates"
            )
            shown = checked.typed["grades"][dates.index[0]]
            yield f'{name}: {count}; "{dates.iloc[0]}" is read as {shown} and others likewise.'


def _blank_warnings(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Yield one warning, with its count, for each blank that stands for a trust the district should know of."""
    offers = tables["offers"]
    mentoring = offers[offers["kinds"].str.contains(r"(?:^|\|)mentoring(?:$|\|)")]
    blanks = (
        ("offers", mentoring, "trained_slots", "mentoring offers: all their slots count as trained"),
        ("offers", mentoring, "cleared_until", "mentoring offers: their clearance counts as without expiry"),
        (
            "partners",
            tables["partners"],
            "agreement_expires",
            "partners: their agreements count as without expiry",
        ),
    )
    for name, rows, column, meaning in blanks:
        count = int(rows[column].isna().sum())
        if count:
            yield f"{name}: {column} is blank for {count} of {len(rows)} {meaning}."


def _gone_warnings(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Yield how many decisions are about what is gone: they are a history, which outlives needs and offers."""
    decisions = tables["decisions"]
    is_known = decisions["need_id"].isin(tables["needs"]["need_id"])
    is_known &= decisions["offer_id"].isin(tables["offers"]["offer_id"])
    count = int((~is_known).sum())
    if count:
        yield f"decisions: need or offer is in no table for {count} of {len(decisions)} rows: they teach nothing."
