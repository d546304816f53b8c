"""What a sample of cells looks like: whether a column of a table could hold them, and how much that tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

import pandas as pd

from matching.columns import Cell, Column
from matching.mapping.names import Known, name_key
from matching.mapping.repairs import repaired
from matching.typed import typed_column

_EMAIL: Final = re.compile(r"\S+@\S+\.\S+")
_PHONE: Final = re.compile(r"(?=(?:.*\d){7})\+?[\d()./ x-]{7,24}")
_NUMBER: Final = re.compile(r"[-$]?[\d.,]+%?")
_CODE: Final = re.compile(r"(?=.*\d)[\w./-]{1,16}|[A-Z]{1,6}")
_ADDRESS: Final = re.compile(r"https?://.*|www\..*")
_LANGUAGE: Final = re.compile(
    r"english|spanish|espanol|español|ingl[eé]s|chinese|cantonese|mandarin|vietnamese|tagalog|arabic|french|korean|"
    r"russian|portuguese|haitian|somali|hmong|ukrainian|farsi|hindi|urdu|samoan",
    re.IGNORECASE,
)
_LONG_TEXTS: Final = frozenset({"statement", "focus", "description", "text"})
_FEDERAL: Final = re.compile(r"\d{11,12}")
_TELLING: Final = frozenset({Cell.GRADES, Cell.SCHEDULE, Cell.DATE, Cell.WORD, Cell.WORDS})
_READ_BY_NAME: Final = frozenset({"priority", "radius_km", "languages"})
_WORDY: Final = 4.0
_LONGEST_NAME: Final = 5


def looks_like(cells: Sequence[str], owner: str, column: Column, known: Known) -> tuple[float, float]:
    """Return which share of the cells a column of a table could hold, and how much they tell that it is this one."""
    if not cells:
        return 0.5, 0.0
    if column.cell in (Cell.TEXT, Cell.LIST):
        return _text(cells, owner, column, known)
    if column.cell is Cell.CONTACT:
        share = _share(cells, {"contact_email": _EMAIL, "contact_phone": _PHONE}.get(column.name))
        return (share, share) if share is not None else (_person(cells), 0.0)
    if column.cell is Cell.ID:
        return _ids(cells, owner, column, known)
    share = _readable(tuple(cells), _read_alike(column))
    return share, share if column.cell in _TELLING and share > 0.5 else 0.0  # noqa: PLR2004


def _read_alike(column: Column) -> Column:
    """Return a column that reads cells as this one does, the same for all that do."""
    name = column.name if column.name in _READ_BY_NAME else ""
    blank = column.blank if column.is_required or column.blank == "all grades" else "anything"
    return replace(column, name=name, meaning="", blank=blank)


@lru_cache(maxsize=1_000)
def _readable(cells: tuple[str, ...], column: Column) -> float:
    """Return which share of a sheet's cells can be read; several columns of ten tables ask the same."""
    values, bad = typed_column(pd.Series([repaired(cell, column) for cell in cells], dtype="str"), column)
    good = ~bad
    if column.cell in (Cell.WHOLE, Cell.NUMBER):
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=0.0)
        good &= numbers >= (-(10**9) if column.at_least is None else column.at_least)
        good &= numbers <= (10**9 if column.at_most is None else column.at_most)
    if column.cell is Cell.WORD:
        good &= values.isin(column.words).to_numpy()
    return float(good.mean())


def _text(cells: Sequence[str], owner: str, column: Column, known: Known) -> tuple[float, float]:
    if column.name == "languages":
        share = sum(bool(_LANGUAGE.search(cell)) for cell in cells) / len(cells)
        return max(share, 0.1), share
    plain = sum(
        bool(_NUMBER.fullmatch(cell) or _EMAIL.fullmatch(cell) or _ADDRESS.match(cell)) for cell in cells
    )
    numbers = plain / len(cells)
    if column.name == "name":
        names = {name_key(name) for name in known.names.get(owner, {}).values()}
        share = sum(name_key(cell) in names for cell in cells) / len(cells)
        return max(share, 0.85 - 0.75 * numbers - 0.05 * max(_words(cells) - 8, 0)), share
    if column.name in _LONG_TEXTS:
        return max(min(_words(cells) / _WORDY, 1.0) - numbers, 0.1), 0.0
    return max(0.7 - 0.5 * numbers, 0.1), 0.0


def _ids(cells: Sequence[str], owner: str, column: Column, known: Known) -> tuple[float, float]:
    if column.name == "nces_id":
        share = _share(cells, _FEDERAL) or 0.0
        return max(share, 0.2), share
    ids = known.ids.get(column.refers or owner, frozenset())
    share = sum(cell in ids for cell in cells) / len(cells)
    coded = _share(cells, _CODE) or 0.0
    return max(share, 0.1 + 0.75 * coded), share


def _person(cells: Sequence[str]) -> float:
    like = sum(
        not any(map(str.isdigit, cell)) and "@" not in cell and len(cell.split()) <= _LONGEST_NAME
        for cell in cells
    )
    return 0.8 * like / len(cells)


def _share(cells: Sequence[str], pattern: re.Pattern[str] | None) -> float | None:
    return None if pattern is None else sum(bool(pattern.fullmatch(cell)) for cell in cells) / len(cells)


def _words(cells: Sequence[str]) -> float:
    return sum(len(cell.split()) for cell in cells) / len(cells)
