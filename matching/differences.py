"""What differs between two states of a district: rows added, changed and removed, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.columns import Cell, Table
from matching.district import District
from matching.exporting import cell_texts
from matching.schemas import TABLES

Positions = NDArray[np.int64]

ADDED: Final = "added"
CHANGED: Final = "changed"
REMOVED: Final = "removed"


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell before and after, as a CSV file would hold it; of a contact it is only told that it changed.

    Parameters
    ----------
    before, after
        None for a contact, and for the side where there is no such row.
    """

    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that was added, changed or removed, with the cells that this is about.

    Parameters
    ----------
    key
        The row's id, blank in a table without ids.
    cells
        Of a changed row those that differ, of others those that are not blank.
    """

    table: str
    change: str
    key: str
    cells: tuple[CellChange, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TableDifference:
    """What differs in one table, as row numbers from 0.

    Parameters
    ----------
    before, after
        The table in both states.
    added, removed
        Rows of ``after`` and of ``before``.
    changed
        Rows of ``before`` beside rows of ``after``, shape ``(num_changed, 2)``.
    """

    table: Table
    before: pd.DataFrame
    after: pd.DataFrame
    added: Positions
    changed: Positions
    removed: Positions

    @property
    def num_unchanged(self) -> int:
        """Rows that are the same in both."""
        return len(self.after) - len(self.added) - len(self.changed)

    @property
    def counts(self) -> dict[str, int]:
        """Rows added, changed, removed and unchanged."""
        counted = {ADDED: len(self.added), CHANGED: len(self.changed), REMOVED: len(self.removed)}
        return counted | {"unchanged": self.num_unchanged}

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)

    def rows(self, start: int, stop: int) -> Iterator[RowChange]:
        """Yield some of the rows that differ: the changed ones first, then those added, then those removed."""
        old = np.concatenate([self.changed[:, 0], np.full(len(self.added), -1), self.removed])[start:stop]
        new = np.concatenate([self.changed[:, 1], self.added, np.full(len(self.removed), -1)])[start:stop]
        names = [str(name) for name in all_columns(self.before, self.after)]
        texts = {
            name: (_texts_at(self.before, name, old), _texts_at(self.after, name, new)) for name in names
        }
        for index, (was, now) in enumerate(zip(old.tolist(), new.tolist(), strict=True)):
            cells = [(name, before[index], after[index]) for name, (before, after) in texts.items()]
            yield self._row(was, now, cells)

    def _row(self, was: int, now: int, cells: list[tuple[str, str, str]]) -> RowChange:
        changes = []
        for name, before, after in cells:
            column = self.table.columns_by_name.get(name)
            if before != after and column is not None and column.cell is Cell.CONTACT:
                changes.append(CellChange(name, None, None))
            elif before != after:
                changes.append(CellChange(name, before if was >= 0 else None, after if now >= 0 else None))
        kind = ADDED if was < 0 else REMOVED if now < 0 else CHANGED
        key = next((before or after for name, before, after in cells if name == self.table.key), "")
        return RowChange(self.table.name, kind, key, tuple(changes))


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """What differs between two states of a district, table by table."""

    tables: Mapping[str, TableDifference]

    def __len__(self) -> int:
        return sum(map(len, self.tables.values()))

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Rows added, changed, removed and unchanged of each table."""
        return {name: table.counts for name, table in self.tables.items()}

    def rows(self, start: int = 0, count: int | None = None) -> list[RowChange]:
        """Return the rows that differ from the ``start``-th on, at most ``count`` of them."""
        stop = len(self) if count is None else start + count
        found: list[RowChange] = []
        for table in self.tables.values():
            found += table.rows(max(start, 0), max(stop, 0))
            start, stop = start - len(table), stop - len(table)
        return found


def differences(before: District, after: District) -> Differences:
    """Return what differs; the order of rows does not count, nor does a column without a single cell in it."""
    return Differences(
        {
            name: _table_difference(table, before.tables[name], after.tables[name])
            for name, table in TABLES.items()
        }
    )


def same_rows(table: Table, before: pd.DataFrame, after: pd.DataFrame) -> Positions:
    """Return for each row of ``after`` the row of ``before`` that it is, -1 for none.

    That is the one with its id; in a table without ids, one with the same cells; each is it for one row only.
    """
    if table.key:
        places = _places(before[table.key], after[table.key])
        return np.where(pd.Series(places).duplicated(), -1, places)
    names = all_columns(before, after)
    group = np.zeros(len(before) + len(after), dtype=np.int64)
    for name in names:
        cells = pd.concat([column_of(before, name), column_of(after, name)], ignore_index=True)
        codes, _ = pd.factorize(cells, use_na_sentinel=False)
        group = pd.factorize(group * (len(group) + 1) + codes)[0].astype(np.int64)
    sides = group[: len(before)], group[len(before) :]
    nth = [side * (len(group) + 1) + pd.Series(side).groupby(side).cumcount().to_numpy() for side in sides]
    return _places(nth[0], nth[1])


def all_columns(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Return the columns that either table has, in their order."""
    return list(dict.fromkeys([*map(str, before), *map(str, after)]))


def column_of(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column, blank texts where the table has no such unknown one; whole numbers all of one type."""
    if name not in table:
        return pd.Series([""] * len(table), dtype="str")
    values = table[name]
    return values.astype("Int64") if values.dtype == "int64" else values


def _places(known: pd.Series | Positions, wanted: pd.Series | Positions) -> Positions:
    """Return where each value stands among those known, -1 for nowhere."""
    return np.asarray(pd.Index(known).get_indexer(pd.Index(wanted)), dtype=np.int64)


def _table_difference(table: Table, before: pd.DataFrame, after: pd.DataFrame) -> TableDifference:
    same = same_rows(table, before, after)
    new = np.flatnonzero(same >= 0)
    old = same[new]
    differs = np.zeros(len(new), dtype=np.bool_)
    for name in all_columns(before, after) if table.key else ():
        differs |= _differs(column_of(before, name).take(old), column_of(after, name).take(new))
    return TableDifference(
        table=table,
        before=before,
        after=after,
        added=np.flatnonzero(same < 0),
        changed=np.column_stack([old[differs], new[differs]]),
        removed=np.setdiff1d(np.arange(len(before)), old),
    )


def _differs(one: pd.Series, other: pd.Series) -> NDArray[np.bool_]:
    if one.dtype == "str":
        return np.asarray(one.to_numpy(dtype=object) != other.to_numpy(dtype=object), dtype=np.bool_)
    blank, blank_too = one.isna().to_numpy(), other.isna().to_numpy()
    equal = pd.Series(one.array == other.array).fillna(False).to_numpy(dtype=np.bool_)
    return ~(equal | (blank & blank_too))


def _texts_at(table: pd.DataFrame, name: str, rows: Positions) -> list[str]:
    """Return the texts of some rows of a column, blank for row -1."""
    texts = cell_texts(column_of(table, name).take(np.maximum(rows, 0))) if len(table) else [""] * len(rows)
    return ["" if row < 0 else text for row, text in zip(rows.tolist(), texts, strict=True)]
