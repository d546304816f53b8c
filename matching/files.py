"""Files to sheets: CSV files in a folder or a zip, or a workbook, with all that Excel does to them."""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime as dt
import io
import re
import sys
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from numbers import Integral, Real
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import numpy as np
import pandas as pd

from matching.archives import (
    LIMITS,
    UNLIMITED,
    Limits,
    check_size,
    check_workbook,
    counted,
    opened_zip,
    read_entry,
    refusal,
)
from matching.columns import Table
from matching.errors import DataError, Problem
from matching.escaping import unescaped
from matching.schemas import TABLES
from matching.sheets import Sheet, sheet_of_records, sheet_without_cells
from matching.values import word_key

if TYPE_CHECKING:
    from openpyxl import Workbook

_PLAIN = str.maketrans({"\xa0": " ", "\u202f": " ", "\u2007": " ", "\u200b": "", "\ufeff": ""})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Letters that neither a workbook nor a database can hold."""
_LIKE_MARKS = re.compile(r"[^\w\s\x00-\x7f]{31}")
CSV_SUFFIXES = (".csv", ".tsv", ".txt")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")
PACKED = (".zip", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", *WORKBOOK_SUFFIXES)
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
"""How a workbook from before 2007 starts, and any with a password."""
MOST_SHEETS: Final = 100
_HEADER_SAMPLE: Final = 65_536


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
    limits: Limits = UNLIMITED
    num_cells: int = 0

    def counted(self, records: Iterator[list[str]], table: str) -> list[Sequence[str]]:
        """Return the records of a table, unless they and the sheets that are there go beyond the limits."""
        read = list(counted(records, table, self.limits, self.num_cells))
        self.num_cells += sum(map(len, read))
        return read

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
    """Return the sheets of a folder of CSV files, of a zip of them or of one workbook.

    Raises
    ------
    DataError
        When there is none of these at this path.
    """
    if path.is_dir():
        return _read_folder(path)
    suffix = path.suffix.lower()
    if path.is_file() and suffix in (*WORKBOOK_SUFFIXES, ".zip"):
        with path.open("rb") as file:
            return _read_packed(file, path.name, LIMITS if suffix == ".zip" else UNLIMITED)
    found = f"{path.name}, which is neither" if path.exists() else f"nothing at {path}"
    raise refusal(found, "a folder of CSV files, a .zip of them or one .xlsx workbook")


def read_upload(file: BinaryIO, name: str, limits: Limits = LIMITS) -> Sheets:
    """Return the sheets of a file that anyone may have made: a workbook, a zip of CSV files, or a table's CSV file.

    What it is shows in its first bytes; its name matters only where that is the table's. Not every table need
    be there.

    Raises
    ------
    DataError
        When it is none of these, is damaged, or goes beyond the limits.
    """
    file.seek(0)
    start = file.read(4)
    check_size(file.seek(0, io.SEEK_END), name, limits)
    file.seek(0)
    if start.startswith(b"PK"):
        return _read_packed(file, name, limits)
    place = PurePosixPath(name.replace("\\", "/"))
    table = TABLES.get(word_key(place.stem))
    if start == OLD_WORKBOOK or table is None or place.suffix.lower() not in CSV_SUFFIXES:
        found = f"{name}, which is an old workbook or has a password" if start == OLD_WORKBOOK else name
        expected = (
            "an .xlsx workbook, a .zip of CSV files, or one CSV file named after its table, like needs.csv"
        )
        raise refusal(found, expected)
    sheets = Sheets(limits=limits)
    _add_csv(sheets, table, file.read())
    return sheets


def read_sheet(path: Path, table: Table) -> Sheets:
    """Return the sheet of one table: a CSV file of any name, or the sheet of this name in a workbook.

    Raises
    ------
    DataError
        When there is neither at this path.
    """
    suffix = path.suffix.lower()
    if path.is_file() and suffix in WORKBOOK_SUFFIXES:
        with path.open("rb") as file:
            return _read_workbook(file, path.name, {table.name: table})
    if not path.is_file() or suffix not in CSV_SUFFIXES:
        found = f"{path.name}, which is neither" if path.exists() else f"nothing at {path}"
        raise DataError([Problem(table.name, None, None, found, "a CSV file or an .xlsx workbook")])
    sheets = Sheets()
    _add_csv(sheets, table, path.read_bytes())
    return sheets


def sheet_of_frame(name: str, frame: pd.DataFrame) -> Sheet:
    """Return a data frame as a sheet, its header in row 1 and its first row in row 2."""
    records = [[str(header) for header in frame.columns]]
    records += [
        [plain_text(cell_text(value)).strip() for value in row]
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
        if _is_passed_over(path.name):
            continue
        table = _table_of(path.name)
        if table is not None:
            _add_csv(sheets, table, path.read_bytes())
        else:
            unread.append(path.name)
    _warn_of_unread(sheets, unread)
    return sheets


def _read_packed(file: BinaryIO, name: str, limits: Limits) -> Sheets:
    """Return the sheets of a zip: a workbook is one too."""
    with opened_zip(file, name, limits) as archive:
        if "[Content_Types].xml" in archive.namelist():
            check_workbook(archive, name, limits)
            return _read_workbook(file, name, limits=limits)
        sheets, unread = Sheets(limits=limits), []
        for entry in archive.infolist():
            path = PurePosixPath(entry.filename.replace("\\", "/"))
            if path.suffix.lower() in PACKED:
                raise refusal(f"{path.name} in {name}, which is packed itself", "CSV files in a zip")
            if entry.is_dir() or _is_passed_over(path.name) or "__MACOSX" in path.parts:
                continue
            table = _table_of(path.name)
            if table is not None:
                _add_csv(sheets, table, read_entry(archive, entry))
            else:
                unread.append(path.name)
    _warn_of_unread(sheets, unread)
    return sheets


def _is_passed_over(name: str) -> bool:
    """Whether a file in a folder is none of a district's and not worth a word."""
    is_table = PurePosixPath(name).suffix.lower() in (*CSV_SUFFIXES, *WORKBOOK_SUFFIXES)
    return name.startswith((".", "~")) or not is_table


def _table_of(name: str) -> Table | None:
    path = PurePosixPath(name)
    return TABLES.get(word_key(path.stem)) if path.suffix.lower() in CSV_SUFFIXES else None


def _warn_of_unread(sheets: Sheets, names: Sequence[str]) -> None:
    if names:
        sheets.warnings.append(f"Not read, for no table has this name: {', '.join(names)}.")


def _add_csv(sheets: Sheets, table: Table, data: bytes) -> None:
    name = table.name
    text, encoding = decoded(data)
    if text is None:
        expected = "a CSV file saved as UTF-8"
        problem = Problem(name, None, None, "letters in an encoding that is not known", expected)
        sheets.add(name, sheet_without_cells(TABLES[name], problem))
        return
    if encoding == "cp1252":
        sheets.warnings.append(f"{name}: not UTF-8; read as Windows-1252.")
    text = plain_text(text)
    first, _, rest = text.partition("\n")
    if match := re.fullmatch(r"sep=(.)\s*", first):
        delimiter, text = match[1], rest
    else:
        delimiter = _delimiter(text.lstrip()[:_HEADER_SAMPLE].partition("\n")[0], table)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records = sheets.counted(csv_records(reader, name, sheets.problems), name)
    sheets.add(name, sheet_of_records(table, records, decimal_comma=delimiter == ";"))


def decoded(data: bytes) -> tuple[str | None, str]:
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


def csv_records(reader: Iterator[list[str]], name: str, problems: list[Problem]) -> Iterator[list[str]]:
    """Yield all records, one a spreadsheet row whatever its line breaks; note the rows that are no CSV."""
    row = 0
    while True:
        try:
            for record in reader:
                row += 1
                yield [_unescaped(cell.strip()) for cell in record]
            return
        except csv.Error as error:
            row += 1
            expected = 'cells with a double quote in them to be quoted, like "the ""big"" hall"'
            problems.append(Problem(name, row, None, f"a stray quote ({error})", expected))
        yield []


def _read_workbook(
    file: BinaryIO, name: str, tables: Mapping[str, Table] = TABLES, *, limits: Limits = UNLIMITED
) -> Sheets:
    """Return the sheets of a workbook; openpyxl, slow to import, is loaded only here.

    It warns of what it leaves out, drop-down lists for one, which does not matter to a reader, and it raises
    anything at all for a damaged file.
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            with contextlib.closing(openpyxl.load_workbook(file, read_only=True, data_only=True)) as workbook:
                return _sheets_of_workbook(workbook, tables, limits)
    except DataError:
        raise
    except Exception as error:
        expected = "a workbook that opens in Excel without a password"
        raise refusal(f"{name}, which cannot be read", expected) from error


def _sheets_of_workbook(workbook: Workbook, tables: Mapping[str, Table], limits: Limits) -> Sheets:
    sheets, unread = Sheets(limits=limits), []
    if len(workbook.worksheets) > MOST_SHEETS:
        raise refusal(f"{len(workbook.worksheets)} sheets", f"at most {MOST_SHEETS}")
    for worksheet in workbook.worksheets:
        name = word_key(worksheet.title)
        if name in tables:
            worksheet.reset_dimensions()
            records = sheets.counted(
                ([sheet_text(cell) for cell in row] for row in worksheet.iter_rows()), name
            )
            sheets.add(name, sheet_of_records(tables[name], records))
        else:
            unread.append(worksheet.title)
    _warn_of_unread(sheets, unread)
    return sheets


def sheet_text(cell: _AnyCell) -> str:
    """Return what a cell of a workbook says; Excel writes a text such as _x0041_ with x005F_ in front."""
    text = plain_text(_workbook_text(cell)).strip()
    if "_x005F_" in text:
        text = re.sub("_x005F_(?=x[0-9A-Fa-f]{4}_)", "_", text)
    return _unescaped(text)


def _unescaped(cell: str) -> str:
    return unescaped(cell) if cell[:1] == "'" else cell


def _workbook_text(cell: _AnyCell) -> str:
    """Return the text of a cell; a number shown in percent is 45%, though the file holds 0.45."""
    value = cell.value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and "%" in str(cell.number_format):
        return f"{value * 100:.12g}%"
    return cell_text(value)


def plain_text(text: str) -> str:
    """Return the text with plain spaces and line ends, composed accents, and no marks of byte order or control."""
    if text.isascii() and text.isprintable():
        return text
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if text.isascii():
        return text
    text = text.translate(_PLAIN)
    if _LIKE_MARKS.search(text):
        # Composing takes the square of their number: no letter of any language has more (Unicode annex 15).
        text = _marks().sub(lambda match: match[0][:30], text)
    return unicodedata.normalize("NFC", text)


@cache
def _marks() -> re.Pattern[str]:
    """Return what finds more than thirty accents on one letter."""
    marks = (chr(code) for code in range(0x300, sys.maxunicode + 1) if unicodedata.combining(chr(code)))
    return re.compile(f"[{''.join(marks)}]{{31,}}")
