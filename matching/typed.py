"""Columns of text to columns of their own type; each distinct text is read once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.columns import Cell, Column
from matching.values import (
    format_grades,
    format_schedule,
    parse_date,
    parse_flag,
    parse_grades,
    parse_id,
    parse_number,
    parse_schedule,
    parse_whole,
    parse_word,
    split_list,
)

DTYPES: Final = {
    Cell.WHOLE: "Int64",
    Cell.NUMBER: "float64",
    Cell.DATE: "datetime64[s]",
    Cell.FLAG: "bool",
}
_BLANKS: Final = {Cell.WHOLE: None, Cell.NUMBER: float("nan"), Cell.DATE: None, Cell.FLAG: False}
_ERROR_VALUES: Final = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!"}
)


def dtype_of(column: Column) -> str:
    """Return the pandas type of a column, in which a blank cell is NA, NaN, NaT, no or ""."""
    return DTYPES.get(column.cell, "str")


def typed_column(cells: pd.Series, column: Column) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Return the cells in the column's type, and which of them say nothing of that type.

    Those that do not are blank, or keep their text where the type is text. Contacts are never looked at.
    """
    if column.cell is Cell.CONTACT:
        return cells, np.zeros(len(cells), dtype=np.bool_)
    codes, distinct = pd.factorize(cells.to_numpy(dtype=object))
    read = [_read(text, column) for text in distinct]
    values = pd.Series([value for value, _ in read], dtype=dtype_of(column))
    unreadable = np.array([not is_readable for _, is_readable in read], dtype=np.bool_)
    return values.take(codes).set_axis(cells.index), unreadable[codes]


def blank_column(column: Column, num_rows: int) -> pd.Series:
    """Return a column of blank cells in its type."""
    return pd.Series([_BLANKS.get(column.cell, "")] * num_rows, dtype=dtype_of(column))


def _read(text: str, column: Column) -> tuple[Hashable, bool]:
    blank = _BLANKS.get(column.cell, "")
    if not text:
        return blank, True
    try:
        if text in _ERROR_VALUES:
            raise ValueError(f"Expected a value, got the spreadsheet's error {text}.")
        return _PARSERS[column.cell](text, column), True
    except ValueError:
        return text if blank == "" else blank, False


def _list(text: str, column: Column) -> str:
    parts = split_list(text, column.separators)
    return "|".join(dict.fromkeys(filter(None, map(parse_id, parts))) if column.refers else parts)


def _words(text: str, column: Column) -> str:
    named = {parse_word(part, column.words) for part in split_list(text, column.separators)}
    return "|".join(word for word in column.words if word in named)


_PARSERS: Final[dict[Cell, Callable[[str, Column], Hashable]]] = {
    Cell.ID: lambda text, _: parse_id(text),
    Cell.TEXT: lambda text, _: text,
    Cell.WORD: lambda text, column: parse_word(text, column.words),
    Cell.WORDS: _words,
    Cell.LIST: _list,
    Cell.GRADES: lambda text, _: format_grades(parse_grades(text)),
    Cell.SCHEDULE: lambda text, _: format_schedule(parse_schedule(text)),
    Cell.WHOLE: lambda text, _: parse_whole(text),
    Cell.NUMBER: lambda text, _: parse_number(text),
    Cell.DATE: lambda text, _: parse_date(text),
    Cell.FLAG: lambda text, _: parse_flag(text),
}
