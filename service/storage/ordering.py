"""The order of a table's rows and where a page of them ends: by one column, then by the rows' numbers."""

import base64
import datetime as dt
import json
import math
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, collate, false, literal, or_

from matching.columns import Cell, Column
from matching.rows import LISTS
from matching.schemas import TABLES
from service.storage.tables import DISTRICT_TABLES, column_is_nullable

Condition = ColumnElement[bool]
_MOST: Final = 2**63
_PYTHON: Final = {Cell.WHOLE: int, Cell.NUMBER: float, Cell.FLAG: bool}
_NO_TEXTS: Final = (Cell.WHOLE, Cell.NUMBER, Cell.DATE, Cell.FLAG)


def seen_cell(table: str, column: Column, contacts: Condition | None) -> ColumnElement[Any]:  # Any: its type
    """Return a stored cell, blank where it is a contact that is not seen."""
    cell = DISTRICT_TABLES[table].c[column.name]
    hides = contacts is not None and column.cell is Cell.CONTACT
    return case((contacts, cell), else_="") if hides else cell  # type: ignore[arg-type]  # it is a condition


def is_blank(cell: ColumnElement[Any], column: Column) -> Condition:  # Any: a cell's Python type
    """Return the condition that a stored cell is blank."""
    if column.is_required or column.cell is Cell.FLAG:
        return false()
    return cell.is_(None) if column_is_nullable(column) else cell == ""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """An order of rows, blank cells behind all others.

    Parameters
    ----------
    sort
        As it was asked for: a column or ``number``, with ``-`` in front from the last on.
    column
        The column; None where it is the number alone.
    cell, number
        What the database sorts by.
    """

    sort: str
    column: Column | None
    cell: ColumnElement[Any]  # Any: a cell's Python type
    number: ColumnElement[int]

    @classmethod
    def of(cls, connection: Connection, table: str, sort: str, contacts: Condition | None) -> "Order":
        """Return the order of a name.

        Raises
        ------
        ValueError
            When there is no such column.
        """
        name, stored = sort.removeprefix("-"), DISTRICT_TABLES[table].c
        if name == "number":
            return cls(sort, None, stored.number, stored.number)
        column = TABLES[table].columns_by_name.get(name)
        if column is None:
            known = ", ".join(TABLES[table].columns_by_name)
            raise ValueError(f"Order of {table}: expected number or one of {known}, got {name!a}.")
        cell = seen_cell(table, column, contacts)
        if connection.dialect.name == "postgresql" and column.cell not in _NO_TEXTS:
            cell = collate(cell, "C")  # by code point, as SQLite does
        return cls(sort, column, cell, stored.number)

    @property
    def terms(self) -> list[ColumnElement[Any]]:  # Any: a cell's Python type
        """What the database sorts by."""
        cells: list[ColumnElement[Any]] = [self.number] if self.column is None else [self.cell, self.number]
        ends: list[ColumnElement[Any]] = [
            cell.desc() if self._is_descending else cell.asc() for cell in cells
        ]
        if self.column is None or self._has_no_blanks:
            return ends
        return [case((is_blank(self.cell, self.column), 1), else_=0), *ends]

    def cursor(self, number: int, cell: object) -> str:
        """Return where a page ends whose last row has this number and, as a value of JSON, this cell."""
        text = json.dumps([self.sort, number, cell], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode()

    def behind(self, cursor: str) -> Condition:
        """Return the condition that a row stands behind the end of a page.

        Raises
        ------
        ValueError
            When no page in this order ends so; whatever else it holds can only name another place in it.
        """
        try:
            sort, number, value = json.loads(base64.b64decode(cursor, altchars="-_", validate=True))
            end = literal(self._end(value))
            is_place = sort == self.sort and type(number) is int and 0 <= number < _MOST
        except (ValueError, TypeError, RecursionError):
            is_place = False
        if not is_place:
            raise ValueError(f"Page: expected the next of a page in the order {self.sort}, got {cursor!a}.")
        later: Condition = self.number < number if self._is_descending else self.number > number
        if self.column is None:
            return later
        if value is None:
            return and_(is_blank(self.cell, self.column), later)
        beyond = self.cell < end if self._is_descending else self.cell > end
        filled = or_(beyond, and_(self.cell == end, later))
        if self._has_no_blanks:
            return filled
        blank = is_blank(self.cell, self.column)
        return or_(blank, and_(~blank, filled))

    @property
    def _is_descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def _has_no_blanks(self) -> bool:
        return self.column is None or self.column.is_required or self.column.cell is Cell.FLAG

    def _end(self, value: Any) -> Any:  # Any: any value of JSON comes in, a cell goes out
        """Return the cell that a page ends with, None where it is blank.

        Raises
        ------
        ValueError, TypeError
            When it is none of the column.
        """
        if self.column is None or (value is None and not self._has_no_blanks):
            return None
        kind = self.column.cell
        if kind is Cell.DATE:
            return dt.date.fromisoformat(value)
        if kind in LISTS:
            value = "|".join(value)
        if type(value) is not _PYTHON.get(kind, str) or not is_storable(value):
            raise ValueError(f"Expected a cell of {self.column.name}, got {value!r}.")
        return value


def is_storable(value: object) -> bool:
    """Whether a database can hold a value, and so compare with it."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and abs(value) < _MOST
