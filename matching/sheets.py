"""A sheet: the cells of a table as text, under headers that are known, with the row numbers of a spreadsheet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.columns import Cell, Table
from matching.errors import Problem
from matching.values import word_key

MOST_LETTERS = 32_000
"""A little less than a cell of Excel holds, so that all can be written there, also with an apostrophe in front."""
_PERSON = frozenset(
    {"student", "pupil", "child", "learner", "scholar", "kid", "mentee", "tutee"}
    | {"estudiante", "alumno", "alumna", "nino", "nina"}
)
_PERSONAL = frozenset(
    {"name", "first", "last", "surname", "id", "number", "photo", "email", "phone", "address", "birth"}
    | {"nombre", "apellido", "apellidos", "correo", "telefono", "direccion", "numero", "matricula"}
)
_NAMING = frozenset(
    {"name", "first", "last", "full", "middle", "surname", "nickname"} | {"nombre", "apellido", "completo"}
)
_OF_OTHERS = frozenset(
    {"need", "ask", "request", "partner", "mentor", "tutor", "volunteer", "offer", "program", "organization"}
    | {"necesidad", "necesidade", "organizacion", "voluntario", "programa", "oferta"}
)
"""What a sheet lists, though students stand in its title."""
_PRIVATE = frozenset(
    {"dob", "ssn", "iep", "birthdate", "birthday", "gpa", "guardian", "curp", "nacimiento", "tutelado"}
)
_TOGETHER = ({"date", "birth"}, {"social", "security"}, {"seguro", "social"}, {"lunch", "status"})
"""Words that say it together."""
_COUNTED = frozenset(
    {"pct", "percent", "rate", "share", "count", "num", "total", "average", "avg", "mean"} | {"porcentaje"}
)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One table as text: a column for each header, a row for each that is not blank.

    Parameters
    ----------
    cells
        The texts, blank as "", documented columns under their own names.
    rows
        Row number of each row as a spreadsheet shows it, shape ``(num_rows,)``.
    """

    table: Table
    cells: pd.DataFrame
    rows: NDArray[np.int64]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()

    def problems_at(self, wrong: NDArray[np.bool_], column: str, expected: str) -> list[Problem]:
        """Return a problem for the cell of this column in each row where ``wrong`` holds."""
        places = np.flatnonzero(wrong)
        if not len(places):
            return []
        found = self.cells[column].iloc[places].tolist()
        rows = self.rows[places].tolist()
        name = self.table.name
        return [Problem(name, row, column, text, expected) for row, text in zip(rows, found, strict=True)]


def sheet_of_records(table: Table, records: Iterable[Sequence[str]], *, decimal_comma: bool = False) -> Sheet:
    """Return the sheet of a table from its records, the first that is not blank being the header."""
    numbered = [(row, record) for row, record in enumerate(records, start=1) if any(record)]
    if not numbered:
        return sheet_without_cells(table)
    headers = _known_names(table, [" ".join(header.split()) for header in numbered[0][1]])
    if not any(header in table.columns_by_name for header in headers):
        required = ", ".join(column.name for column in table.columns if column.is_required)
        expected = f"a header row with {required}"
        return sheet_without_cells(
            table, Problem(table.name, numbered[0][0], None, "no column that is known", expected)
        )
    rows = np.array([row for row, _ in numbered[1:]], dtype=np.int64)
    columns = list(zip_longest(*(record for _, record in numbered[1:]), fillvalue=""))
    blank = ("",) * len(rows)
    columns += [blank] * (len(headers) - len(columns))
    kept = {name: column for name, column in zip(headers, columns, strict=False) if name}
    cells = pd.DataFrame({name: pd.array(column, dtype="str") for name, column in kept.items()})
    if decimal_comma:
        cells = _with_points(cells, table)
    problems = [*_header_problems(table, headers), *_loose_cells(table, headers, columns, rows)]
    problems += long_cells(table, kept, rows)
    return Sheet(table, cells, rows, tuple(problems), tuple(header_warnings(table, headers)))


def sheet_without_cells(table: Table, *problems: Problem) -> Sheet:
    """Return a sheet with nothing in it but the problems that stand in the way of reading it."""
    return Sheet(table, pd.DataFrame(dtype="str"), np.empty(0, np.int64), problems)


def header_warnings(table: Table, headers: Iterable[str]) -> Iterator[str]:
    """Yield a warning that names the columns which nobody knows, where there are any."""
    unknown = [header for header in dict.fromkeys(headers) if header and header not in table.columns_by_name]
    if unknown:
        yield f"{table.name}: unknown columns, kept but not used: {', '.join(unknown)}."


def _known_names(table: Table, headers: Sequence[str]) -> list[str]:
    """Return the documented name of each header that differs from one only in case, spaces and the like."""
    known = {word_key(column.name): column.name for column in table.columns}
    return [known.get(word_key(header), header) for header in headers]


def _with_points(cells: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the cells with decimal points: where ``;`` splits the columns, ``37,5`` is a number."""
    numbers = [c.name for c in table.columns if c.cell is Cell.NUMBER and c.name in cells]
    return cells.assign(**{name: cells[name].str.replace(",", ".", n=1) for name in numbers})


def _header_problems(table: Table, headers: Sequence[str]) -> Iterator[Problem]:
    for header in dict.fromkeys(headers):
        if header and headers.count(header) > 1:
            found = f"{headers.count(header)} columns of this name"
            yield Problem(table.name, None, header, found, "each column once")
        if header not in table.columns_by_name and is_student_record(header):
            expected = "no record of a single student: Partnermatch never holds one; delete the column"
            yield Problem(table.name, None, header, "a column that looks like a student's record", expected)
    for column in table.columns:
        if column.is_required and column.name not in headers:
            yield Problem(table.name, None, column.name, "no such column", f"a column with {column.expected}")


def _loose_cells(
    table: Table, headers: Sequence[str], columns: Sequence[Sequence[str]], rows: NDArray[np.int64]
) -> Iterator[Problem]:
    """Yield the rows with a cell under no header; its text is not shown, for it may be a contact."""
    loose = np.zeros(len(rows), dtype=np.int64)
    for index, column in enumerate(columns):
        if index >= len(headers) or not headers[index]:
            loose += np.array([bool(cell) for cell in column], dtype=np.int64)
    for row, count in zip(rows[loose > 0].tolist(), loose[loose > 0].tolist(), strict=True):
        found = f"{count} filled cell{'s' if count > 1 else ''} under no header"
        yield Problem(table.name, row, None, found, "every cell under a header; quote cells with a comma")


def long_cells(
    table: Table, columns: Mapping[str, Sequence[str]], rows: NDArray[np.int64]
) -> Iterator[Problem]:
    """Yield the cells that hold more than a spreadsheet's; the text is not shown, for it may be a contact."""
    for name, column in columns.items():
        if max(map(len, column), default=0) * 2 <= MOST_LETTERS:
            continue
        for row, cell in zip(rows.tolist(), column, strict=True):
            num_letters = len(cell.encode("utf-16-le")) // 2
            if num_letters > MOST_LETTERS:
                found = f"{num_letters} letters in column {name}"
                yield Problem(table.name, row, None, found, f"at most {MOST_LETTERS} letters in a cell")


def is_student_record(header: str) -> bool:
    """Whether a column by its name holds records of single students; counts and shares of students do not."""
    words = _words(header)
    if words & _COUNTED:
        return False
    joined = word_key(header) in {person + personal for person in _PERSON for personal in _PERSONAL}
    of_person = bool(words & _PERSON and words & _PERSONAL) or joined
    return of_person or bool(words & _PRIVATE) or any(together <= words for together in _TOGETHER)


def is_of_students(title: str) -> bool:
    """Whether a sheet by its name or title is a list of students, as "Student roster" or "Alumnos"."""
    words = {_one(word) for word in _words(title)}
    return bool(words & _PERSON) and not words & _OF_OTHERS


def can_name_students(header: str) -> bool:
    """Whether a column by its name alone may name people: in a list of students these are students."""
    words = {_one(word) for word in _words(header)}
    return bool(words) and words <= _NAMING


def is_student(header: str) -> bool:
    """Whether a column is called nothing but "Student" or "Mentees": it holds them, unless it counts them."""
    words = {_one(word) for word in _words(header)}
    return bool(words) and words <= _PERSON


def _words(text: str) -> set[str]:
    """Return the words of a header, without accents."""
    apart = unicodedata.normalize("NFKD", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).casefold())
    return set(re.findall(r"[a-z]+", re.sub(r"[\u0300-\u036f]", "", apart)))


def _one(word: str) -> str:
    return "child" if word == "children" else word.removesuffix("s")
