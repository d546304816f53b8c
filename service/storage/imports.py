"""What an upload changes, written to a district all at once, and taken back again.

Of each import the rows are kept as they were before, with a digest of what it left: it can be taken back as long as
these rows say the same, also where they were changed and changed back.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import blake2b
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
    added, changed
        Digest of each row as it was left, by its number.
    removed
        Last version of each row, by its number.
    columns, cells
        The changed rows, then the removed ones, as texts of CSV files.
    """

    added: dict[int, str]
    changed: dict[int, str]
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
    numbers = [number for number, _ in standing]
    old, new = table.changed[:, 0], table.changed[:, 1]
    changed = [numbers[row] for row in old.tolist()]
    columns = all_columns(table.before, table.after)
    unknown = [column for column in columns if column not in table.table.columns_by_name]
    added, left = _taken(table.after, table.added), _taken(table.after, new, unknown)
    insert_rows(connection, district_id, name, added)
    update_rows(connection, district_id, name, changed, left)
    before = pd.concat([_taken(table.before, old), _taken(table.before, table.removed)])
    return _Kept(
        added=dict(
            zip(
                _versions(connection, district_id, name, above=max(numbers, default=0)),
                _digests(added),
                strict=True,
            )
        ),
        changed=dict(zip(changed, _digests(left), strict=True)),
        removed=dict(standing[row] for row in table.removed.tolist()),
        columns=[str(column) for column in before],
        cells=list(zip(*(cell_texts(before[column]) for column in before), strict=True)),
    )


def _digests(rows: pd.DataFrame) -> list[str]:
    """Return what tells the contents of a row from any other; blank cells do not count."""
    names = [str(name) for name in rows]
    texts = zip(*(cell_texts(rows[name]) for name in names), strict=True)
    said = (
        "\x1f".join(f"{name}\x1e{cell}" for name, cell in zip(names, row, strict=True) if cell)
        for row in texts
    )
    return [blake2b(text.encode(), digest_size=12).hexdigest() for text in said]


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
    key, numbers = TABLES[name].key, list(_versions(connection, district_id, name))
    left = table.added | table.changed
    places = [place for place, number in enumerate(numbers) if number in left]
    found = dict(zip((numbers[place] for place in places), _digests(now.take(places)), strict=True))
    changed = [number for number, digest in left.items() if found.get(number) != digest]
    if not key:
        return [f"{name} row {number}" for number in changed]
    was = [row[table.columns.index(key)] for row in table.cells]
    keys = dict(zip([*table.changed, *table.removed], was, strict=True)) | dict(
        zip(numbers, now[key], strict=True)
    )
    came_again = set(was[len(table.changed) :]) & set(now[key])
    gone = (keys.get(number, f"row {number}") for number in changed)
    return [f"{name} {row}" for row in (*gone, *sorted(came_again))]


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
    rows = {name: {int(n): v for n, v in table[name].items()} for name in ("added", "changed", "removed")}
    return _Kept(**rows, columns=table["columns"], cells=table["cells"])
