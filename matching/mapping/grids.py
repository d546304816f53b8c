"""Sheets as people make them: any name, any headers, titles above and totals below; what is about one student is left.

No cell of a column that looks like records of single students goes any further than this module.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from matching.archives import (
    LIMITS,
    Limits,
    check_size,
    check_workbook,
    counted,
    opened_zip,
    read_entry,
    refusal,
)
from matching.errors import DataError, Problem
from matching.files import (
    CSV_SUFFIXES,
    MOST_SHEETS,
    OLD_WORKBOOK,
    WORKBOOK_SUFFIXES,
    csv_records,
    decoded,
    plain_text,
    sheet_text,
)
from matching.mapping.headers import header_of
from matching.sheets import can_name_students, is_of_students, is_student, is_student_record

Records = Sequence[Sequence[str]]

_DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE: Final = 20
_TOTAL: Final = re.compile(
    r"(?:(?:grand|sub|gran)[- ]?)?total(?:s|es)?\b.{0,40}|suma\b.{0,40}|sum", re.IGNORECASE
)
_COUNT: Final = re.compile(r"\D{0,10}\d")
_SOCIAL_SECURITY: Final = re.compile(r"\d{3}-\d{2}-\d{4}")
_LONGEST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class LeftRow:
    """A row that is none of the table's: ``why`` is title, total, note or header."""

    row: int
    why: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A sheet as text.

    Parameters
    ----------
    name
        Of the sheet or the file.
    headers
        One a column, none blank and none twice.
    columns
        The cells of each, as many as ``rows``.
    rows
        Number of each row as a spreadsheet shows it.
    private
        Headers of columns that look like records of single students; their cells are not here.
    decimal_comma
        Whether ``37,5`` is a number in it.
    """

    name: str
    headers: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[int, ...]
    left_rows: tuple[LeftRow, ...] = ()
    private: tuple[str, ...] = ()
    decimal_comma: bool = False


def read_grids(files: Sequence[tuple[str, BinaryIO]], limits: Limits = LIMITS) -> list[Grid]:
    """Return all sheets of some files with any cell in them: workbooks, zips of CSV files, CSV files.

    Raises
    ------
    DataError
        When a file is none of these, is damaged or goes beyond the limits, or there is nothing in any.
    """
    reader = _Reader(limits)
    for name, file in files:
        reader.read(name, file)
    if not reader.grids:
        raise refusal("no sheet with a header and a row", "a sheet with headers and rows below them")
    return reader.grids


class _Reader:
    """Reads sheets as long as all together stay within the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.grids: list[Grid] = []
        self.num_cells = 0

    def read(self, name: str, file: BinaryIO) -> None:
        check_size(file.seek(0, io.SEEK_END), name, self.limits)
        file.seek(0)
        start = file.read(4)
        file.seek(0)
        path = PurePosixPath(name.replace("\\", "/"))
        if start.startswith(b"PK"):
            self._read_packed(name, file)
        elif start != OLD_WORKBOOK and path.suffix.lower() in CSV_SUFFIXES:
            self._read_csv(path, file.read())
        else:
            old = ", which is an old workbook or has a password" if start == OLD_WORKBOOK else ""
            expected = "an .xlsx workbook, CSV files or a .zip of them"
            raise refusal(f"{path.name}{old}", expected)

    def _read_packed(self, name: str, file: BinaryIO) -> None:
        with opened_zip(file, name, self.limits) as archive:
            if "[Content_Types].xml" in archive.namelist():
                check_workbook(archive, name, self.limits)
                self._read_workbook(name, file)
                return
            for entry in archive.infolist():
                path = PurePosixPath(entry.filename.replace("\\", "/"))
                is_hidden = path.name.startswith((".", "~")) or "__MACOSX" in path.parts
                if path.suffix.lower() in (*WORKBOOK_SUFFIXES, ".zip"):
                    raise refusal(f"{path.name} in {name}, which is packed itself", "CSV files in a zip")
                if not entry.is_dir() and not is_hidden and path.suffix.lower() in CSV_SUFFIXES:
                    self._read_csv(path, read_entry(archive, entry))

    def _read_csv(self, path: PurePosixPath, data: bytes) -> None:
        text, _ = decoded(data)
        if text is None:
            raise refusal(f"{path.name}, in an encoding that is not known", "a CSV file saved as UTF-8")
        text = plain_text(text)
        first, _, rest = text.partition("\n")
        if match := re.fullmatch(r"sep=(.)\s*", first):
            delimiter, text = match[1], rest
        else:
            delimiter = _delimiter(text)
        problems: list[Problem] = []
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        self._add(path.stem, csv_records(reader, path.name, problems), decimal_comma=delimiter == ";")
        if problems:
            raise DataError(problems)

    def _read_workbook(self, name: str, file: BinaryIO) -> None:
        import openpyxl

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                opened = openpyxl.load_workbook(file, read_only=True, data_only=True)
                with contextlib.closing(opened) as workbook:
                    if len(workbook.worksheets) > MOST_SHEETS:
                        found = f"{len(workbook.worksheets)} sheets"
                        raise refusal(found, f"at most {MOST_SHEETS}")
                    for sheet in workbook.worksheets:
                        if sheet.sheet_state == "visible":
                            sheet.reset_dimensions()
                            rows = ([sheet_text(cell) for cell in row] for row in sheet.iter_rows())
                            self._add(sheet.title, rows)
        except DataError:
            raise
        except Exception as error:
            # openpyxl raises anything at all for a damaged file.
            expected = "a workbook that opens in Excel without a password"
            raise refusal(f"{name}, which cannot be read", expected) from error

    def _add(self, name: str, records: Iterator[list[str]], *, decimal_comma: bool = False) -> None:
        read = list(counted(records, name, self.limits, self.num_cells))
        self.num_cells += sum(map(len, read))
        grid = grid_of(name, read, decimal_comma=decimal_comma)
        if grid is not None:
            self.grids.append(grid)


def grid_of(name: str, records: Records, *, decimal_comma: bool = False) -> Grid | None:
    """Return the sheet of records, None where there is nothing but a title; the first record is row 1."""
    numbered = [(row, record) for row, record in enumerate(records, start=1) if any(record)]
    header = header_of([record for _, record in numbered[:_SAMPLE]])
    if header is None or not numbered[header.stop :]:
        return None
    left = [_left(row, record, "title") for row, record in numbered[: header.start]]
    body = []
    for row, record in numbered[header.stop :]:
        why = _why_left(record, header.cells)
        if why:
            left.append(_left(row, record, why))
        else:
            body.append((row, record))
    while body and len(header.labels) > 2 and sum(map(bool, body[-1][1])) == 1 < len(body):  # noqa: PLR2004
        left.append(_left(*body.pop(), "note"))
    columns = list(zip_longest(*(record for _, record in body), fillvalue="")) if body else []
    columns += [("",) * len(body)] * (len(header.labels) - len(columns))
    labels = _labels(header.labels, columns)
    titles = [name, *(cell for _, record in numbered[: header.start] for cell in record)]
    of_students = any(map(is_of_students, titles))
    private = [label for label, cells in labels if _is_private(label, cells, of_students=of_students)]
    kept = [(label, cells) for label, cells in labels if label not in private]
    return Grid(
        name=" ".join(name.split()),
        headers=tuple(label for label, _ in kept),
        columns=tuple(tuple(cells) for _, cells in kept),
        rows=tuple(row for row, _ in body),
        left_rows=tuple(left),
        private=tuple(private),
        decimal_comma=decimal_comma,
    )


def _labels(labels: Sequence[str], columns: Sequence[Sequence[str]]) -> list[tuple[str, Sequence[str]]]:
    """Return a label of its own for each column that holds anything, header or cell."""
    taken: dict[str, int] = {}
    found = []
    for index, cells in enumerate(columns):
        label = labels[index] if index < len(labels) else ""
        if not label and not any(cells):
            continue
        label = label or f"Column {_letters(index)}"
        taken[label] = taken.get(label, 0) + 1
        found.append((label if taken[label] == 1 else f"{label} ({taken[label]})", cells))
    return found


def _letters(index: int) -> str:
    """Return what a spreadsheet calls a column."""
    above, letter = divmod(index, 26)
    return (_letters(above - 1) if above else "") + chr(ord("A") + letter)


def _why_left(record: Sequence[str], header: Sequence[str]) -> str:
    """Return why a row below the header is none of the table's, "" where it is one."""
    filled = [cell for cell in record if cell]
    if [cell for cell in record if cell] == [cell for cell in header if cell]:
        return "header"
    is_short = 2 * len(filled) <= len([cell for cell in header if cell]) + 1
    return "total" if is_short and _TOTAL.fullmatch(filled[0].strip(" :")) else ""


def _left(row: int, record: Sequence[str], why: str) -> LeftRow:
    return LeftRow(row, why, next(cell for cell in record if cell)[:_LONGEST_SHOWN])


def _is_private(label: str, cells: Sequence[str], *, of_students: bool) -> bool:
    """Whether a column tells of single students, in a list of students also by names under whatever header."""
    sample = [cell for cell in cells if cell][:_SAMPLE]
    if is_student_record(label) or any(map(_SOCIAL_SECURITY.fullmatch, sample)):
        return True
    if is_student(label):
        return not all(_COUNT.match(cell) for cell in sample)
    return of_students and can_name_students(label)


def _delimiter(text: str) -> str:
    """Return the delimiter that splits most of the first lines into most cells."""
    lines = [line for line in text.splitlines()[: 4 * _SAMPLE] if line.strip()][:_SAMPLE]

    def width(delimiter: str) -> int:
        counts = sorted(line.count(delimiter) for line in lines)
        return counts[len(counts) // 2] if counts else 0

    return max(_DELIMITERS, key=width)
