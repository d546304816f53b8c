"""Bad data: every problem of a district at once, each naming its cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a table.

    A problem with both a row and a column is about one cell, and ``found`` is that cell's text. Any other is
    about a table, a column or a row, and ``found`` says in words what is there.

    Parameters
    ----------
    table
        Name of the table, blank where the whole district is meant.
    row
        Row number as a spreadsheet shows it: the header is row 1.
    column
        Name of the column.
    found
        What is there, blank for a blank cell.
    expected
        What should be there, in words.
    """

    table: str
    row: int | None
    column: str | None
    found: str
    expected: str

    def __str__(self) -> str:
        place = " ".join(part for part in (self.table, f"row {self.row}" if self.row else "") if part)
        where = ", ".join(part for part in (place, f"column {self.column}" if self.column else "") if part)
        said = f"found {self._shown()}, expected {self.expected}"
        return f"{where}: {said}" if where else said

    def without_row(self) -> Problem:
        """Return the same of a row that stands in no file: its cell is told in words."""
        return replace(self, row=None, found=self._shown())

    def _shown(self) -> str:
        if self.row is None or self.column is None:
            return self.found
        if not self.found:
            return "a blank cell"
        text = " ".join(self.found.split())
        return f'"{text}"' if len(text) <= _LONGEST else f'"{text[:_LONGEST]}..."'


class DataError(ValueError):
    """A district's tables hold problems; ``problems`` lists all of them, in the order of the tables."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[DataError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)
