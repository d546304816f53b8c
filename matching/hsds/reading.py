"""HSDS files to rows of text: a datapackage of CSV files, or JSON as an API gives it.

Cells are kept exactly as they stand; a program wrote them, so nothing is guessed.
"""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from matching.errors import DataError, Problem
from matching.hsds.specification import (
    HSDS_TABLES,
    NESTED_LISTS,
    NESTED_ROWS,
    Row,
    Rows,
    link_column,
    reference_column,
)

Source = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_MOST_BYTES: Final = 500_000_000
_DEEPEST: Final = 12
_SUFFIXES: Final = (".csv", ".json")
_DESCRIPTION: Final = "datapackage.json"
_EXPECTED: Final = "a folder or a zip of HSDS CSV files, or HSDS JSON files"


@dataclass(slots=True)
class HsdsRows:
    """All rows of HSDS files.

    Parameters
    ----------
    rows
        The rows by table, in the order of the files.
    places
        Where each row stands: the row of a spreadsheet in a CSV file, in JSON the number of the object that holds it.
    problems
        What could not be read.
    unread
        Names of files that hold no table.
    """

    rows: Rows = field(default_factory=lambda: {name: [] for name in HSDS_TABLES})
    places: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in HSDS_TABLES})
    problems: list[Problem] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def add(self, table: str, place: int, row: Row) -> None:
        """Add a row and where it stands."""
        self.rows[table].append(row)
        self.places[table].append(place)


def read_rows(source: Source) -> HsdsRows:
    """Return all rows of a folder, a zip, a file or several files; where there is a CSV table, JSON is not read.

    Raises
    ------
    DataError
        When there are no HSDS files.
    """
    files = _files(source)
    tables = {name: _TABLE_OF_STEM.get(Path(name).stem.casefold(), "") for name in files if _is_csv(name)}
    found = HsdsRows(unread=sorted(name for name, table in tables.items() if not table))
    named = {name: table for name, table in tables.items() if table}
    for name, table in named.items():
        if list(named.values()).count(table) > 1:
            found.problems.append(Problem(table, None, None, "two files of this name", "one file a table"))
        _read_csv(found, table, files[name])
    objects = {} if named else {name: data for name, data in files.items() if not _is_csv(name)}
    seen: dict[tuple[str, str], Row] = {}
    for name, data in objects.items():
        _read_json(found, seen, name, data)
    if not named and not objects:
        raise DataError([Problem("", None, None, "no HSDS table among the files", _EXPECTED)])
    return found


_TABLE_OF_STEM: Final = {
    stem: name for name, table in HSDS_TABLES.items() for stem in (name, table.entity, f"{table.entity}s")
}


def _is_csv(name: str) -> bool:
    return name.lower().endswith(".csv")


def _files(source: Source) -> dict[str, bytes]:
    """Return the bytes of all CSV and JSON files under their names."""
    if not isinstance(source, (str, os.PathLike)):
        return {name: data for path in source for name, data in _files(path).items()}
    path = Path(source)
    if path.is_dir():
        return {
            file.name: file.read_bytes()
            for file in sorted(path.iterdir())
            if _is_read(file.name, file.is_file())
        }
    if path.is_file() and path.suffix.lower() == ".zip":
        return _files_of_zip(path)
    if path.is_file() and path.suffix.lower() in _SUFFIXES:
        return {path.name: path.read_bytes()}
    found = f"{path.name}, which is neither" if path.exists() else f"nothing at {path}"
    raise DataError([Problem("", None, None, found, _EXPECTED)])


def _files_of_zip(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if sum(entry.file_size for entry in entries) > _MOST_BYTES:
                found = f"{path.name}, more than {_MOST_BYTES // 1_000_000} megabytes unpacked"
                raise DataError([Problem("", None, None, found, _EXPECTED)])
            names = [(Path(entry.filename).name, entry) for entry in entries]
            return {name: archive.read(entry) for name, entry in names if _is_read(name)}
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        found = f"{path.name}, which cannot be unpacked"
        raise DataError([Problem("", None, None, found, _EXPECTED)]) from error


def _is_read(name: str, is_file: bool = True) -> bool:
    hidden = name.startswith((".", "~"))
    return is_file and not hidden and name.lower().endswith(_SUFFIXES) and name != _DESCRIPTION


def _read_csv(found: HsdsRows, table: str, data: bytes) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        found.problems.append(Problem(table, None, None, "letters that are not UTF-8", "a CSV file in UTF-8"))
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    place = 0
    try:
        header = [name.strip() for name in next(reader, [])]
        place = 1
        found.problems += _header_problems(table, header)
        for place, record in enumerate(reader, start=2):
            if any(record):
                found.add(
                    table, place, {name: cell for name, cell in zip(header, record, strict=False) if cell}
                )
            if any(record[len(header) :]):
                loose = "filled cells under no header"
                found.problems.append(Problem(table, place, None, loose, "every cell under a header"))
    except csv.Error as error:
        expected = "a row of CSV; cells with a quote in them are quoted"
        found.problems.append(Problem(table, place + 1, None, str(error), expected))


def _header_problems(table: str, header: Sequence[str]) -> Iterator[Problem]:
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield Problem(table, None, name, "several columns of this name", "each column once")
    if "id" not in header:
        yield Problem(table, None, "id", "no such column", "a column with UUIDs")


def _read_json(found: HsdsRows, seen: dict[tuple[str, str], Row], name: str, data: bytes) -> None:
    """Add the rows of one service or organization, of a list of them, or of a page of such a list."""
    try:
        # Numbers stay as they are written: 100.0 is not 100 when it is given back.
        content = json.loads(data.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=str)
        json.dumps(
            content, ensure_ascii=False
        ).encode()  # half a letter, as in "\\ud800", cannot be written again
    except (ValueError, RecursionError) as error:
        found.problems.append(Problem("", None, None, f"{name}: {error}", "a JSON file in UTF-8"))
        return
    if isinstance(content, dict) and isinstance(content.get("contents"), list):
        content = content["contents"]
    for place, value in enumerate(content if isinstance(content, list) else [content], start=1):
        if isinstance(value, dict):
            table = (
                "services"
                if value.keys() & {"status", "organization", "organization_id"}
                else "organizations"
            )
            _Flattening(found, seen, place).add(table, value, 0)
        else:
            expected = "a service or an organization of HSDS"
            found.problems.append(Problem("", place, None, f"{name}: {type(value).__name__}", expected))


@dataclass(frozen=True, slots=True)
class _Flattening:
    """One object of a JSON file on its way to rows; what is nested twice is one row."""

    found: HsdsRows
    seen: dict[tuple[str, str], Row]
    place: int

    def add(self, table: str, value: Mapping[str, object], depth: int) -> str:
        """Add a row and all that is nested in it; return its id."""
        row = {
            key: cell
            for key, part in value.items()
            if not isinstance(part, dict | list) and (cell := _cell(part))
        }
        parts = {key: part for key, part in value.items() if isinstance(part, dict | list)}
        for key, part in parts.items():
            if key not in NESTED_LISTS and key not in NESTED_ROWS:
                row[key] = json.dumps(part, ensure_ascii=False)
        known = self._known(table, row)
        for key, part in parts.items():
            if depth >= _DEEPEST:
                problem = Problem(table, self.place, key, "objects in objects", f"at most {_DEEPEST} of them")
                self.found.problems.append(problem)
            elif key in NESTED_LISTS:
                self._add_list(table, known, key, part, depth)
            elif key in NESTED_ROWS and isinstance(part, dict):
                row_id = self.add(NESTED_ROWS[key], part, depth + 1)
                known.setdefault(reference_column(key), row_id)
        return known.get("id", "")

    def _known(self, table: str, row: Row) -> Row:
        """Return the row under its id, with what an earlier place left out."""
        key = (table, row.get("id", ""))
        if key in self.seen:
            earlier = self.seen[key]
            earlier.update({name: cell for name, cell in row.items() if name not in earlier})
            return earlier
        self.found.add(table, self.place, row)
        if key[1]:
            self.seen[key] = row
        return row

    def _add_list(self, parent: str, owner: Row, key: str, part: object, depth: int) -> None:
        table = NESTED_LISTS[key]
        link = link_column(table, parent)
        for value in part if isinstance(part, list) else [part]:
            if not isinstance(value, dict):
                problem = Problem(parent, self.place, key, str(value), "a list of objects")
                self.found.problems.append(problem)
                continue
            linked = {link: owner.get("id")} if link in HSDS_TABLES[table].columns else {}
            kind = {"link_entity": HSDS_TABLES[parent].entity} if table == "attributes" else {}
            kind |= {"resource_type": HSDS_TABLES[parent].entity} if table == "metadata" else {}
            self.add(table, {**linked, **kind, **value}, depth + 1)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
