"""What a column and a table of a district are, and how each is told to a reader."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Cell(Enum):
    """What a column's cells hold, and how a reader of the documentation is told so."""

    ID = "id"
    TEXT = "text"
    CONTACT = "contact"
    WORD = "word"
    WORDS = "words"
    LIST = "list"
    GRADES = "grades"
    SCHEDULE = "schedule"
    WHOLE = "whole number"
    NUMBER = "number"
    DATE = "date"
    FLAG = "yes or no"


_LIKE: Final = {
    Cell.ID: "an id",
    Cell.TEXT: "a text",
    Cell.CONTACT: "a text",
    Cell.LIST: "a list split by |",
    Cell.GRADES: "grades like PK-5 or K|3-5 (PK, TK, K, 1 to 13)",
    Cell.SCHEDULE: "times like Mon 15:00-16:30|Wed 15:00-16:30",
    Cell.WHOLE: "a whole number",
    Cell.NUMBER: "a number",
    Cell.DATE: "a date like 2026-09-14 or 9/14/2026",
    Cell.FLAG: "yes or no",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name
        Header of the column.
    cell
        What its cells hold.
    meaning
        What the column says, with its unit.
    blank
        What a blank cell means; a column without this text is required, in the header and in every row.
    words
        The words allowed, for ``Cell.WORD`` and ``Cell.WORDS``.
    at_least, at_most
        Least and largest number allowed.
    above
        A number that every number exceeds.
    refers
        Table whose id each value must be.
    separators
        Letters that split a list.
    """

    name: str
    cell: Cell
    meaning: str
    blank: str = ""
    words: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    above: int | None = None
    refers: str = ""
    separators: str = "|"

    @property
    def is_required(self) -> bool:
        """Whether the header must name the column and every row must fill it."""
        return not self.blank

    @property
    def expected(self) -> str:
        """What a cell must hold, in words, for a problem's message."""
        if self.cell is Cell.WORD:
            like = f"one of {', '.join(self.words)}"
        elif self.cell is Cell.WORDS:
            like = f"one or more of {', '.join(self.words)}, split by |"
        else:
            like = _LIKE[self.cell] + self._range()
        return like if self.is_required else f"{like}, or blank"

    def _range(self) -> str:
        if self.above is not None:
            return f" > {self.above}"
        if self.at_least is not None and self.at_most is not None:
            return f" from {self.at_least} to {self.at_most}"
        return "" if self.at_least is None else f" >= {self.at_least}"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a district; the values of ``key``, where it has one, are unique."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: str = ""
    is_required: bool = False

    @property
    def columns_by_name(self) -> dict[str, Column]:
        """The columns under their names, in the order of the documentation."""
        return {column.name: column for column in self.columns}
