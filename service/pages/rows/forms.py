"""A row as a form: a field a column, made from `matching.schemas`, and back from what a form sends to cells.

Each field holds one text: several values stand on lines of their own, yes or no is ``yes`` or ``no``, and what is blank
is "". A form sends along what stood in its fields when it was shown, so what someone changed is told from what another
did meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import FormData

from matching.columns import Cell, Column, Table
from matching.errors import Problem
from matching.rows import LISTS
from service.storage.rows import Row

#: In front of a column's name: what stood in its field, and whose of two values is taken.
WAS, TAKE = "was:", "take:"
#: Texts that take more than a line.
_LONG: Final = frozenset({"statement", "description", "focus", "text", "goal", "reason"})
Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Parameters
    ----------
    text
        What stands in it.
    was
        What stood in it when the form was first shown.
    shape
        How it is asked for: ``text``, ``long``, ``lines``, ``number``, ``date``, ``check``, ``one``, ``several``.
    choices
        Values and what they are called, where it is one or several of some.
    problem
        What is wrong with it.
    theirs
        What someone else wrote meanwhile; None where nobody did.
    """

    column: Column
    text: str
    was: str
    shape: str
    choices: Choices = ()
    problem: Problem | None = None
    theirs: str | None = None

    @property
    def values(self) -> list[str]:
        """The lines of its text."""
        return self.text.split("\n") if self.text else []


def fields_of(
    columns: Iterable[Column],
    texts: Mapping[str, str],
    was: Mapping[str, str],
    choices: Mapping[str, Choices],
    *,
    problems: Iterable[Problem] = (),
    theirs: Mapping[str, str] | None = None,
) -> list[Field]:
    """Return the fields of columns; ``choices`` are those of columns that name other rows."""
    wrong = {problem.column: problem for problem in reversed(list(problems))}
    return [
        Field(
            column,
            texts.get(column.name, ""),
            was.get(column.name, ""),
            _shape(column, choices, texts.get(column.name, "")),
            choices.get(column.name, tuple((word, word) for word in column.words)),
            wrong.get(column.name),
            (theirs or {}).get(column.name),
        )
        for column in columns
    ]


def texts_of(table: Table, row: Row) -> dict[str, str]:
    """Return what stands in each field of a row."""
    return {column.name: text_of(row.cells[column.name]) for column in table.columns}


def text_of(value: object) -> str:
    """Return the text of a cell, which is a value of JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(value)
    return repr(value).removesuffix(".0") if isinstance(value, float) else _in_lines(str(value))


def sent_texts(columns: Iterable[Column], sent: FormData) -> dict[str, str]:
    """Return what a form sends for its columns, as `texts_of` has it."""
    return {column.name: _sent(column, sent) for column in columns}


def was_texts(columns: Iterable[Column], sent: FormData) -> dict[str, str]:
    """Return what stood in the fields of a form when it was shown."""
    return {
        column.name: _in_lines(str(sent[WAS + column.name])).strip()
        for column in columns
        if WAS + column.name in sent
    }


def cells_of(table: Table, texts: Mapping[str, str]) -> dict[str, Any]:  # Any: values of JSON
    """Return the cells that texts of fields say, as `service.storage.rows` takes them."""
    known = table.columns_by_name
    return {
        name: ("|".join(text.split("\n")) if known[name].cell in LISTS else text) or None
        for name, text in texts.items()
    }


def _sent(column: Column, sent: FormData) -> str:
    if column.cell is Cell.FLAG:
        return "yes" if sent.get(column.name) else "no"
    lines = [_in_lines(str(value)).strip() for value in sent.getlist(column.name)]
    return "\n".join(line for line in lines if line)


def _in_lines(text: str) -> str:
    """Return a text as a browser gives it back, with one letter between two lines."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _shape(column: Column, choices: Mapping[str, Choices], text: str) -> str:
    if column.cell is Cell.WORDS or (column.cell is Cell.LIST and column.name in choices):
        return "several"
    if column.cell is Cell.WORD or column.name in choices:
        return "one"
    if column.cell in LISTS:
        return "lines"
    named = {Cell.WHOLE: "number", Cell.NUMBER: "number", Cell.DATE: "date", Cell.FLAG: "check"}
    # A field of one line would lose what stands behind the first.
    return named.get(column.cell, "long" if column.name in _LONG or "\n" in text else "text")
