"""The rows that one row has to do with: those its checks read, and those that refer to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
from sqlalchemy import ColumnElement, Connection, func, literal, select

from matching.columns import Cell, Column
from matching.schemas import TABLES
from service.storage.tables import DISTRICT_TABLES

# What relations read of a row that others refer to, besides its id.
_READ_OF: Final = {"needs": ("school_id",)}
# Where a row names a need and the school that has it.
_OF_NEED: Final = ("evidence", "evaluations")
_MOST_NAMED: Final = 3


def related_rows(
    connection: Connection, district_id: int, table: str, row: pd.DataFrame, number: int | None
) -> dict[str, pd.DataFrame]:
    """Return the rows that `matching.rows.related_problems` asks for.

    Parameters
    ----------
    row
        One row in the types of a `District`, as it is to be.
    number
        Its number where it stands already; what stands there now does not count.
    """
    related = dict(_limiting(connection, district_id, table, row, number))
    keys: dict[str, set[str]] = {name: set() for name in TABLES}
    for other in list(TABLES.values())[::-1]:
        if keys[other.name] and other.name != table:
            columns = (other.key, *_READ_OF.get(other.name, ()))
            are_named = DISTRICT_TABLES[other.name].c[other.key].in_(sorted(keys[other.name]))
            related[other.name] = _load(connection, district_id, other.name, columns, are_named)
        rows = row if other.name == table else related.get(other.name)
        if rows is not None:
            for column in other.columns:
                if column.refers and column.name in rows:
                    keys[column.refers] |= _named(rows[column.name], column)
    return related


@dataclass(frozen=True, slots=True)
class Referring:
    """Rows of one table that refer to another row.

    Parameters
    ----------
    column
        In which they name it.
    count, first
        How many there are, and the ids or numbers of the first of them.
    """

    table: str
    column: str
    count: int
    first: tuple[str, ...]

    def __str__(self) -> str:
        """Return them in words, such as ``2 of needs in school_id (N1, N7)``."""
        names = ", ".join(self.first) + (", ..." if self.count > len(self.first) else "")
        return f"{self.count} of {self.table} in {self.column} ({names})"


def referring(connection: Connection, district_id: int, table: str, key: str) -> list[Referring]:
    """Return which rows refer to a row, a value a table and column that has any."""
    found = []
    for other in TABLES.values():
        columns = [column for column in other.columns if column.refers == table]
        stored = DISTRICT_TABLES[other.name]
        for column in columns:
            refers = _refers(connection, stored.c[column.name], column, key)
            is_named = (stored.c.district_id == district_id) & refers
            count = connection.scalar(select(func.count()).where(is_named)) or 0
            if count:
                name = stored.c[other.key or "number"]
                first = connection.scalars(
                    select(name).where(is_named).order_by(stored.c.number).limit(_MOST_NAMED)
                )
                found.append(Referring(other.name, column.name, count, tuple(map(str, first))))
    return found


def _limiting(
    connection: Connection, district_id: int, table: str, row: pd.DataFrame, number: int | None
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the rows that limit a row, and those that it limits."""
    stored = DISTRICT_TABLES[table].c
    if table == "needs":
        cells = row[["need_id", "school_id"]].iloc[0]
        school = (stored.school_id == cells["school_id"]) & (stored.number != (number or 0))
        query = select(func.coalesce(func.sum(stored.slots), 0)).where(
            stored.district_id == district_id, school
        )
        # All others of the school, as if they were one.
        slots = int(connection.scalar(query) or 0)
        school_id = pd.array([cells["school_id"]], dtype="str")
        yield table, pd.DataFrame({"school_id": school_id, "slots": [slots]})
        for other in _OF_NEED:
            of_need = DISTRICT_TABLES[other].c.need_id == cells["need_id"]
            of_this = _load(connection, district_id, other, ("need_id", "school_id"), of_need)
            if len(of_this):
                yield other, of_this
    elif table == "partnerships":
        cells = row[["need_id", "offer_id"]].iloc[0]
        pair = (stored.need_id == cells["need_id"]) & (stored.offer_id == cells["offer_id"])
        columns = ("need_id", "offer_id", "status")
        yield table, _load(connection, district_id, table, columns, pair & (stored.number != (number or 0)))


def _load(
    connection: Connection,
    district_id: int,
    table: str,
    columns: Sequence[str],
    condition: ColumnElement[bool],
) -> pd.DataFrame:
    """Return texts of the rows of a district for which a condition holds, by number."""
    stored = DISTRICT_TABLES[table].c
    query = select(stored.number, *(stored[name] for name in columns))
    rows = connection.execute(
        query.where(stored.district_id == district_id, condition).order_by(stored.number)
    ).all()
    cells = {
        name: pd.array([row[place] or "" for row in rows], dtype="str")
        for place, name in enumerate(columns, start=1)
    }
    return pd.DataFrame(cells, index=pd.Index([row.number for row in rows], dtype="int64"))


def _named(cells: pd.Series, column: Column) -> set[str]:
    texts = set(cells.tolist())
    if column.cell is Cell.LIST:
        texts = {part for text in texts for part in text.split("|")}
    return texts - {""}


def has_part(connection: Connection, cell: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Return the condition that a list has a part; LIKE would not tell small from capital letters on SQLite."""
    position = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return position(literal("|") + cell + literal("|"), f"|{part}|") > 0


def _refers(
    connection: Connection, cell: ColumnElement[str], column: Column, key: str
) -> ColumnElement[bool]:
    return has_part(connection, cell, key) if column.cell is Cell.LIST else cell == key
