"""What an upload changes, written to a district all at once, and taken back again.

Of each import the rows are kept as they were before, with the versions it left them in: it can be taken back as long
as nobody has changed these rows since.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, Row, insert, select, update

from matching.differences import Differences, Positions, TableDifference, all_columns, column_of
from matching.district import District
from matching.errors import DataError
from matching.exporting import cell_texts
from matching.merging import check_relations
from matching.schemas import TABLES
from matching.typed import typed_column
from service.errors import ConflictError, NotFoundError
from service.storage.districts import delete_rows, insert_rows, load_table, update_rows
from service.storage.tables import DISTRICT_TABLES, imports

Versions = dict[int, int]
"""Version of each row by its number, in the order of the rows."""

_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class _Kept:
    """What an import did to one table.

    Parameters
    ----------
    added, changed, removed
        Versions in which it left the rows; of removed ones, their last.
    columns, cells
        The changed rows, then the removed ones, as texts of CSV files.
    """

    added: Versions
    changed: Versions
    removed: Versions
    columns: Sequence[str]
    cells: Sequence[Sequence[str]]


def store_import(
    connection: Connection, district_id: int, found: Differences, file_name: str, mode: str, actor: str
) -> int:
    """Write what an upload changes, and nothing else, and return the number of the import.

    Parameters
    ----------
    connection
        In a write transaction, the district as it was when the differences were found.
    """
    kept = {
        name: _write(connection, district_id, table) for name, table in found.tables.items() if len(table)
    }
    for name in reversed(kept):
        delete_rows(connection, district_id, name, list(kept[name].removed))
    done = insert(imports).values(
        district_id=district_id,
        file_name=file_name,
        mode=mode,
        counts=found.counts,
        changes=zlib.compress(json.dumps({name: asdict(table) for name, table in kept.items()}).encode()),
        imported_by=actor,
        imported_at=datetime.now(UTC),
    )
    return int(connection.execute(done.returning(imports.c.number)).scalar_one())


def read_import(connection: Connection, district_id: int, number: int) -> Row[tuple[object, ...]]:
    """Return an import of a district.

    Raises
    ------
    NotFoundError
        When there is none of this number.
    """
    asked = select(imports).where(imports.c.district_id == district_id, imports.c.number == number)
    found = connection.execute(asked).one_or_none()
    if found is None:
        raise NotFoundError(f"Import {number}: expected the number of one of this district, found none.")
    return found


def undo_import(connection: Connection, district_id: int, number: int, actor: str) -> None:
    """Put the rows of an import back as they were before it.

    Parameters
    ----------
    connection
        In a write transaction.

    Raises
    ------
    ConflictError
        When it was taken back already, one of its rows was changed since, or others now refer to what it added.
    """
    done = read_import(connection, district_id, number)
    if done.undone_at is not None:
        raise ConflictError(f"Import {number}: it was undone already.")
    kept = {name: _read_kept(table) for name, table in json.loads(zlib.decompress(done.changes)).items()}
    now = {name: load_table(connection, district_id, name) for name in TABLES}
    changed = [
        said
        for name, table in kept.items()
        for said in _changed_since(connection, district_id, name, table, now[name])
    ]
    if changed:
        more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
        raise ConflictError(f"Import {number}: changed since: {', '.join(changed[:_MOST_NAMED])}{more}.")
    before = {name: _rows_before(table, name) for name, table in kept.items()}
    _check(connection, district_id, now, kept, before)
    _put_back(connection, district_id, kept, before)
    undone = update(imports).where(imports.c.number == number)
    connection.execute(undone.values(undone_by=actor, undone_at=datetime.now(UTC)))


def _write(connection: Connection, district_id: int, table: TableDifference) -> _Kept:
    """Add and change rows of one table; those to remove may still be referred to."""
    name = table.table.name
    standing = list(_versions(connection, district_id, name).items())
    old, new = table.changed[:, 0], table.changed[:, 1]
    changed, removed = ([standing[row] for row in rows.tolist()] for rows in (old, table.removed))
    last = max((number for number, _ in standing), default=0)
    insert_rows(connection, district_id, name, _taken(table.after, table.added))
    unknown = [
        name for name in all_columns(table.before, table.after) if name not in table.table.columns_by_name
    ]
    update_rows(
        connection, district_id, name, [number for number, _ in changed], _taken(table.after, new, unknown)
    )
    before = pd.concat([_taken(table.before, old), _taken(table.before, table.removed)])
    return _Kept(
        added=_versions(connection, district_id, name, above=last),
        changed={number: version + 1 for number, version in changed},
        removed=dict(removed),
        columns=[str(column) for column in before],
        cells=list(zip(*(cell_texts(before[column]) for column in before), strict=True)),
    )


def _put_back(
    connection: Connection, district_id: int, kept: dict[str, _Kept], before: Mapping[str, pd.DataFrame]
) -> None:
    """Write the rows as they were; in an order in which no row refers to one that is not there."""
    for name, table in kept.items():
        rows = before[name]
        known = {number: version + 1 for number, version in table.removed.items()}
        insert_rows(connection, district_id, name, rows.loc[list(known)], known=known)
        update_rows(connection, district_id, name, list(table.changed), rows.loc[list(table.changed)])
    for name in reversed(kept):
        delete_rows(connection, district_id, name, list(kept[name].added))


def _check(
    connection: Connection,
    district_id: int,
    now: Mapping[str, pd.DataFrame],
    kept: Mapping[str, _Kept],
    before: Mapping[str, pd.DataFrame],
) -> None:
    """Check what stands between the rows of the district as it will be."""
    then = dict(now)
    for name, table in kept.items():
        numbered = now[name].set_axis(list(_versions(connection, district_id, name)))
        stays = numbered.drop(index=[*table.added, *table.changed])
        both = {
            column: pd.concat(
                [
                    column_of(stays, column).set_axis(stays.index),
                    column_of(before[name], column).set_axis(before[name].index),
                ]
            )
            for column in all_columns(stays, before[name])
        }
        then[name] = pd.DataFrame(both).sort_index().reset_index(drop=True)
    try:
        check_relations(District(name="", warnings=(), **then))
    except DataError as error:
        raise ConflictError(f"Other rows stand in the way: {error.problems[0]}.") from error


def _changed_since(
    connection: Connection, district_id: int, name: str, table: _Kept, now: pd.DataFrame
) -> list[str]:
    """Return the rows of an import that are not as it left them, in words."""
    standing, key = _versions(connection, district_id, name), TABLES[name].key
    left = table.added | table.changed
    numbers = [number for number, version in left.items() if standing.get(number) != version]
    keys = dict(zip(standing, now[key], strict=True)) if key else {}
    again: set[str] = set()
    if key:
        gone = dict(
            zip(
                [*table.changed, *table.removed],
                (row[table.columns.index(key)] for row in table.cells),
                strict=True,
            )
        )
        again = {gone[number] for number in table.removed} & set(keys.values())
        keys = gone | keys
    return [
        *(f"{name} {keys.get(number, f'row {number}')}" for number in numbers),
        *(f"{name} {one}" for one in sorted(again)),
    ]


def _rows_before(table: _Kept, name: str) -> pd.DataFrame:
    """Return the rows as they were, under their numbers."""
    numbers = pd.Index([*table.changed, *table.removed], dtype="int64")
    columns = list(zip(*table.cells, strict=True)) or [()] * len(table.columns)
    texts = {
        column: pd.Series(cells, index=numbers, dtype="str")
        for column, cells in zip(table.columns, columns, strict=True)
    }
    known = TABLES[name].columns_by_name
    return pd.DataFrame(
        {
            column: typed_column(cells, known[column])[0] if column in known else cells
            for column, cells in texts.items()
        },
        index=numbers,
    )


def _versions(connection: Connection, district_id: int, table: str, above: int = 0) -> Versions:
    """Return the versions of the rows above a number, in their order."""
    stored = DISTRICT_TABLES[table].c
    asked = select(stored.number, stored.version).where(
        stored.district_id == district_id, stored.number > above
    )
    return {row.number: row.version for row in connection.execute(asked.order_by(stored.number))}


def _taken(table: pd.DataFrame, rows: Positions, unknown: Sequence[str] = ()) -> pd.DataFrame:
    """Return some rows, blank in unknown columns that the table has not."""
    taken = table.take(rows)
    return taken.assign(**{name: "" for name in unknown if name not in taken})


def _read_kept(table: Mapping[str, Any]) -> _Kept:  # Any: what JSON holds
    """Return what was kept of a table; JSON makes texts of numbers."""
    versions = {name: {int(n): v for n, v in table[name].items()} for name in ("added", "changed", "removed")}
    return _Kept(**versions, columns=table["columns"], cells=table["cells"])
