"""What must hold between cells and tables: unique keys, references, and columns that limit each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.columns import Cell, Column
from matching.errors import Problem
from matching.schemas import MOST_SLOTS, TABLES
from matching.sheets import Sheet


@dataclass(frozen=True, slots=True, eq=False)
class CheckedSheet:
    """A sheet with its typed table.

    Parameters
    ----------
    typed
        The documented columns that the sheet has, in their types.
    bad
        Whether each cell of these columns is a problem by itself, shape ``(num_rows,)`` each.
    problems
        All problems of the sheet alone.
    """

    sheet: Sheet
    typed: pd.DataFrame
    bad: Mapping[str, NDArray[np.bool_]]

    problems: tuple[Problem, ...] = ()

    def has(self, *columns: str) -> bool:
        """Whether the file holds all these columns."""
        return all(column in self.typed for column in columns)

    def problems_where(self, wrong: NDArray[np.bool_], column: str, expected: str) -> list[Problem]:
        """Return a problem for each row where ``wrong`` holds and the cell is not a problem already."""
        return self.sheet.problems_at(wrong & ~self.bad[column], column, expected)


Checked = Mapping[str, CheckedSheet]


def relation_problems(sheets: Checked) -> Iterator[Problem]:
    """Yield every problem between the cells of the tables that are there."""
    for name, checked in sheets.items():
        for column in TABLES[name].columns:
            if column.refers and checked.has(column.name):
                yield from _unknown_references(checked, column, sheets)
        if "latitude" in TABLES[name].columns_by_name:
            yield from _half_places(checked)
    yield from _numbers_above_slots(sheets)
    yield from _schools_above_most_slots(sheets)
    yield from _repeated_partnerships(sheets)
    yield from _needs_of_another_school(sheets)


def _unknown_references(checked: CheckedSheet, column: Column, sheets: Checked) -> Iterator[Problem]:
    """Yield references to no row; where the other table or its key is absent, that alone is the problem."""
    other = sheets.get(column.refers)
    key = TABLES[column.refers].key
    if other is None or not other.has(key):
        return
    known, cells = other.typed[key], checked.typed[column.name]
    if column.cell is Cell.LIST:
        parts = cells.str.split("|").explode()
        wrong = ~(parts.isin(known) | (parts == "")).groupby(level=0).all().to_numpy()
        expected = f"ids from table {column.refers}, split by |"
    else:
        wrong = ~(cells.isin(known) | (cells == "")).to_numpy()
        expected = f"a {key} from table {column.refers}"
    yield from checked.problems_where(wrong, column.name, expected)


def _half_places(checked: CheckedSheet) -> Iterator[Problem]:
    for one, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if checked.has(one, other):
            half = (checked.typed[one].isna() & checked.typed[other].notna()).to_numpy()
            yield from checked.problems_where(half, one, f"a number, for there is a {other}")
        elif checked.has(other) and checked.typed[other].notna().any():
            yield Problem(
                checked.sheet.table.name, None, one, "no such column", f"one, for there is a {other}"
            )


def _numbers_above_slots(sheets: Checked) -> Iterator[Problem]:
    for table, column in (("needs", "min_slots"), ("offers", "trained_slots")):
        checked = sheets.get(table)
        if checked is not None and checked.has(column, "slots"):
            above = (checked.typed[column] > checked.typed["slots"]).fillna(False).to_numpy(dtype=bool)
            yield from checked.problems_where(
                above & ~checked.bad["slots"], column, "at most the row's slots"
            )


def _schools_above_most_slots(sheets: Checked) -> Iterator[Problem]:
    """Yield the rows with which a school's needs come to more slots than the optimizer counts."""
    needs = sheets.get("needs")
    if needs is None or not needs.has("school_id", "slots"):
        return
    slots = needs.typed["slots"].where(~needs.bad["slots"], 0).fillna(0).astype("int64")
    above = slots.groupby(needs.typed["school_id"]).cumsum() > MOST_SLOTS
    expected = f"at most {MOST_SLOTS} slots in all needs of a school"
    yield from needs.problems_where(above.to_numpy(dtype=bool) & ~needs.bad["slots"], "slots", expected)


def _repeated_partnerships(sheets: Checked) -> Iterator[Problem]:
    """Yield rows with the pair of an earlier row; what ended or was declined does not count, for it may come again."""
    checked = sheets.get("partnerships")
    if checked is None or not checked.has("need_id", "offer_id", "status"):
        return
    standing = checked.typed[~checked.typed["status"].isin(["ended", "declined"])]
    repeated = standing.duplicated(["need_id", "offer_id"]).reindex(checked.typed.index, fill_value=False)
    expected = (
        "a pair of need and offer that stands in no earlier row, unless one of them is ended or declined"
    )
    yield from checked.problems_where(repeated.to_numpy(dtype=bool), "offer_id", expected)


def _needs_of_another_school(sheets: Checked) -> Iterator[Problem]:
    needs = sheets.get("needs")
    if needs is None or not needs.has("need_id", "school_id"):
        return
    limited = [name for name in ("evidence", "evaluations") if name in sheets]
    if not limited:
        return
    school_of = needs.typed.drop_duplicates("need_id").set_index("need_id")["school_id"]
    for checked in (sheets[name] for name in limited):
        if checked.has("need_id", "school_id"):
            school, owner = checked.typed["school_id"], checked.typed["need_id"].map(school_of)
            other = (owner.notna() & (school != "") & (school != owner)).to_numpy(dtype=bool)
            yield from checked.problems_where(other, "need_id", "a need of the row's school")
