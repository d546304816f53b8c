"""Files to sheets: a folder of CSV files or a workbook, with all that Excel does to them."""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime as dt
import io
import re
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from matching.columns import Table
from matching.errors import DataError, Problem
from matching.schemas import TABLES
from matching.sheets import Sheet, sheet_of_records, sheet_without_cells
from matching.values import word_key

if TYPE_CHECKING:
    from openpyxl import Workbook

_PLAIN = str.maketrans({"\xa0": " ", "\u202f": " ", "\u2007": " ", "\u200b": "", "\ufeff": ""})
_CSV_SUFFIXES = (".csv", ".tsv", ".txt")
_WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")


class _AnyCell(Protocol):
    """A cell of a workbook."""

    @property
    def value(self) -> object: ...

    @property
    def number_format(self) -> str: ...


@dataclass(slots=True)
class Sheets:
    """The sheets of a district as they are found, by table, with what is wrong beside them."""

    by_table: dict[str, Sheet] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, name: str, sheet: Sheet) -> None:
        """Add the sheet of a table, unless it is quite empty; a second one for the table is a problem."""
        if name in self.by_table:
            found = "two files or sheets of this name"
            self.problems.append(Problem(name, None, None, found, "one file or sheet a table"))
        if len(sheet.cells.columns) or sheet.problems:
            self.by_table[name] = sheet

    def missing(self) -> list[Problem]:
        """Return a problem for each required table that is not there."""
        required = (table.name for table in TABLES.values() if table.is_required)
        absent = [name for name in required if name not in self.by_table]
        return [
            Problem(name, None, None, "no such table", f"{name}.csv or a sheet {name}") for name in absent
        ]


def read_sheets(path: Path) -> Sheets:
    """Return the sheets of a folder of CSV files or of one workbook.

    Raises
    ------
    DataError
        When there is neither at this path.
    """
    if path.is_dir():
        return _read_folder(path)
    if path.is_file() and path.suffix.lower() in _WORKBOOK_SUFFIXES:
        return _read_workbook(path)
    found = f"{path.name}, which is neither" if path.exists() else f"nothing at {path}"
    raise DataError([Problem("", None, None, found, "a folder of CSV files or one .xlsx workbook")])


def read_sheet(path: Path, table: Table) -> Sheets:
    """Return the sheet of one table: a CSV file of any name, or the sheet of this name in a workbook.

    Raises
    ------
    DataError
        When there is neither at this path.
    """
    suffix = path.suffix.lower()
    if path.is_file() and suffix in _WORKBOOK_SUFFIXES:
        return _read_workbook(path, {table.name: table})
    if not path.is_file() or suffix not in _CSV_SUFFIXES:
        found = f"{path.name}, which is neither" if path.exists() else f"nothing at {path}"
        raise DataError([Problem(table.name, None, None, found, "a CSV file or an .xlsx workbook")])
    sheets = Sheets()
    _add_csv(sheets, table, path)
    return sheets


def sheet_of_frame(name: str, frame: pd.DataFrame) -> Sheet:
    """Return a data frame as a sheet, its header in row 1 and its first row in row 2."""
    records = [[str(header) for header in frame.columns]]
    records += [
        [_plain(cell_text(value)).strip() for value in row]
        for row in frame.itertuples(index=False, name=None)
    ]
    return sheet_of_records(TABLES[name], records)


def cell_text(value: object) -> str:
    """Return the text of a value of any type, as a spreadsheet would write it into a CSV file."""
    if isinstance(value, (str, dt.time)):
        return value if isinstance(value, str) else value.strftime("%H:%M")
    if isinstance(value, (list, tuple)):
        return "|".join(map(cell_text, value))
    if value is None or pd.isna(value):  # type: ignore[call-overload]  # any scalar is allowed
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    return _number_text(value) if isinstance(value, (Real, np.bool_)) else str(value)


def _number_text(value: Real | np.bool_) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "TRUE" if value else "FALSE"
    number = float(value)
    if isinstance(value, Integral):
        return str(int(value))
    return str(int(number)) if number.is_integer() else format(number, ".15g")


def _read_folder(folder: Path) -> Sheets:
    sheets, unread = Sheets(), []
    for path in sorted(folder.iterdir()):
        suffix, name = path.suffix.lower(), word_key(path.stem)
        if path.name.startswith((".", "~")) or suffix not in (*_CSV_SUFFIXES, *_WORKBOOK_SUFFIXES):
            continue
        if name in TABLES and suffix in _CSV_SUFFIXES:
            _add_csv(sheets, TABLES[name], path)
        else:
            unread.append(path.name)
    if unread:
        sheets.warnings.append(f"Not read, for no table has this name: {', '.join(unread)}.")
    return sheets


def _add_csv(sheets: Sheets, table: Table, path: Path) -> None:
    name = table.name
    text, encoding = _decoded(path.read_bytes())
    if text is None:
        expected = "a CSV file saved as UTF-8"
        problem = Problem(name, None, None, "letters in an encoding that is not known", expected)
        sheets.add(name, sheet_without_cells(TABLES[name], problem))
        return
    if encoding == "cp1252":
        sheets.warnings.append(f"{name}: not UTF-8; read as Windows-1252.")
    text = _plain(text)
    first, _, rest = text.partition("\n")
    if match := re.fullmatch(r"sep=(.)\s*", first):
        delimiter, text = match[1], rest
    else:
        delimiter = _delimiter(text.lstrip().partition("\n")[0], table)
    records, problems = _csv_records(text, delimiter, name)
    sheets.problems += problems
    sheets.add(name, sheet_of_records(table, records, decimal_comma=delimiter == ";"))


def _decoded(data: bytes) -> tuple[str | None, str]:
    """Return the text of a file and its encoding; no text where neither encoding of Excel's fits."""
    has_utf16_mark = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ("utf-16",) if has_utf16_mark else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return None, ""


def _delimiter(header: str, table: Table) -> str:
    """Return the delimiter under which most headers are known."""
    keys = {word_key(column.name) for column in table.columns}

    def num_known(delimiter: str) -> int:
        return len(keys & {word_key(name) for name in header.split(delimiter)})

    return max((",", ";", "\t"), key=num_known)


def _csv_records(text: str, delimiter: str, name: str) -> tuple[list[list[str]], list[Problem]]:
    """Return all records, one a spreadsheet row whatever its line breaks, and the rows that are no CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    problems: list[Problem] = []
    while True:
        try:
            records.extend([cell.strip() for cell in record] for record in reader)
            return records, problems
        except csv.Error as error:
            records.append([])
            expected = 'cells with a double quote in them to be quoted, like "the ""big"" hall"'
            problems.append(Problem(name, len(records), None, f"a stray quote ({error})", expected))


def _read_workbook(path: Path, tables: Mapping[str, Table] = TABLES) -> Sheets:
    """Return the sheets of a workbook; openpyxl, slow to import, is loaded only here.

    It warns of what it leaves out, drop-down lists for one, which does not matter to a reader.
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            with contextlib.closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as workbook:
                return _sheets_of_workbook(workbook, tables)
    except (OSError, KeyError, ValueError, SyntaxError, zipfile.BadZipFile, zlib.error) as error:
        expected = "a workbook that opens in Excel without a password"
        found = f"{path.name}, which cannot be read"
        raise DataError([Problem("", None, None, found, expected)]) from error


def _sheets_of_workbook(workbook: Workbook, tables: Mapping[str, Table]) -> Sheets:
    sheets, unread = Sheets(), []
    for worksheet in workbook.worksheets:
        name = word_key(worksheet.title)
        if name in tables:
            worksheet.reset_dimensions()
            records = [
                [_plain(_workbook_text(cell)).strip() for cell in row] for row in worksheet.iter_rows()
            ]
            sheets.add(name, sheet_of_records(tables[name], records))
        else:
            unread.append(worksheet.title)
    if unread:
        sheets.warnings.append(f"Not read, for no table has this name: {', '.join(unread)}.")
    return sheets


def _workbook_text(cell: _AnyCell) -> str:
    """Return the text of a cell; a number shown in percent is 45%, though the file holds 0.45."""
    value = cell.value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and "%" in str(cell.number_format):
        return f"{value * 100:.12g}%"
    return cell_text(value)


def _plain(text: str) -> str:
    """Return the text with plain spaces and line ends, composed accents and no marks of byte order."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_PLAIN))
    return text.replace("\r\n", "\n").replace("\r", "\n")
