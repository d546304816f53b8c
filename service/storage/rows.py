"""Single rows of a district's tables: read in pages or alone, made, changed and removed.

What a row may hold is decided by `matching.rows`, as for a file. Cells come out as values of JSON: a list is a list of
texts, a date is text, what is blank is None; unknown columns stand in ``extra``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, select, true

from matching.columns import Cell, Column
from matching.errors import DataError, Problem
from matching.relations import CheckedSheet
from matching.rows import LISTS, read_cell, read_extra, read_row, related_problems
from matching.schemas import TABLES
from service.errors import ConflictError, NotFoundError, StaleError
from service.storage.districts import load_table, lock_district, stored_cells
from service.storage.ordering import Condition, Order, is_blank, is_storable, seen_cell
from service.storage.related import has_part, referring, related_rows
from service.storage.tables import DISTRICT_TABLES


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a district's table.

    Parameters
    ----------
    number
        What names it in the whole database.
    version
        Counts its changes.
    cells
        All documented columns; contacts that the reader may not see are None.
    extra
        The unknown columns, which may hold contacts too: none where the reader may not see those.
    """

    number: int
    version: int
    cells: dict[str, Any]  # Any: a value of JSON
    extra: dict[str, str]


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some rows in order, and where the next ones are, if there are any."""

    rows: list[Row]
    next: str | None


def get(
    connection: Connection,
    district_id: int,
    table: str,
    key: str | int,
    *,
    where: Condition | None = None,
    contacts: Condition | None = None,
) -> Row:
    """Return the row with an id, or with a number where the rows of its table have no ids.

    Parameters
    ----------
    where
        A condition on the stored rows: others are not found.
    contacts
        A condition on the stored rows: in which contacts are seen; in all by default.

    Raises
    ------
    NotFoundError
        When there is no such row.
    """
    name = TABLES[table].key or "number"
    stored = DISTRICT_TABLES[table].c
    among = and_(stored.district_id == district_id, true() if where is None else where, stored[name] == key)
    row = next(_read(connection, table, among, contacts), None) if is_storable(key) else None
    if row is None:
        raise NotFoundError(f"{table}: expected the {name} of a row, found none that is {key!a}.")
    return row


def page(  # noqa: PLR0913 - each is one plain choice of what is read
    connection: Connection,
    district_id: int,
    table: str,
    *,
    where: Condition | None = None,
    contacts: Condition | None = None,
    filters: Mapping[str, object] | None = None,
    sort: str = "number",
    limit: int = 50,
    after: str | None = None,
) -> RowPage:
    """Return rows in order, blank cells behind all others; equal cells stand in the order of the rows' numbers.

    Parameters
    ----------
    where, contacts
        As `get` takes them. A contact that is not seen is blank also for filters and for the order.
    filters
        By column, the cell that rows must have, or of a list one of its parts; None means blank.
    sort
        A column or ``number``, with ``-`` in front from the last on.
    after
        ``next`` of the page before; what is made or removed meanwhile moves no other row to another page.

    Raises
    ------
    DataError
        When a filter is no cell of its column.
    ValueError
        When there is no such column, or ``after`` is of no page in this order.
    """
    stored = DISTRICT_TABLES[table].c
    order = Order.of(connection, table, sort, contacts)
    conditions = [stored.district_id == district_id, true() if where is None else where]
    conditions += [_has(connection, table, name, cell, contacts) for name, cell in (filters or {}).items()]
    if after is not None:
        conditions.append(order.behind(after))
    rows = list(_read(connection, table, and_(*conditions), contacts, order=order, limit=limit + 1))
    if len(rows) <= limit:
        return RowPage(rows, None)
    last = rows[limit - 1]
    return RowPage(
        rows[:limit], order.cursor(last.number, last.cells[order.column.name] if order.column else None)
    )


def insert(connection: Connection, district_id: int, table: str, cells: Mapping[str, object]) -> Row:
    """Add a row; one without an id is given one.

    Parameters
    ----------
    cells
        By column, values of JSON or texts as in a file; columns left out are blank. Unknown columns stand in ``extra``.

    Raises
    ------
    DataError
        When the row breaks anything that a file may not break, alone or with other rows; it names everything.
    """
    lock_district(connection, district_id)
    cells, key = dict(cells), TABLES[table].key
    extra = read_extra(TABLES[table], _extra_of(cells.pop("extra", None)))
    if key and cells.get(key) is None:
        cells[key] = _free_id(connection, district_id, table)
    row = read_row(TABLES[table], cells)
    _check(connection, district_id, row, None)
    columns = TABLES[table].columns_by_name
    values = {name: stored_cells(row.typed[name], column)[0] for name, column in columns.items()}
    stored = DISTRICT_TABLES[table]
    added = connection.execute(stored.insert().values(district_id=district_id, extra=extra, **values))
    (number,) = added.inserted_primary_key or (None,)
    return next(_read(connection, table, stored.c.number == number))


def change(
    connection: Connection, district_id: int, table: str, row: Row, cells: Mapping[str, object]
) -> Row:
    """Change the cells that are given, and return the row as it is then.

    Parameters
    ----------
    row
        As it was read.
    cells
        As `insert` takes them; ``extra`` replaces all unknown columns of the row.

    Raises
    ------
    DataError
        When the row would break anything that a file may not break.
    StaleError
        When the row was changed or removed since it was read.
    """
    lock_district(connection, district_id)
    cells, key, stored = dict(cells), TABLES[table].key, DISTRICT_TABLES[table]
    new_extra = cells.pop("extra", None)
    if key and cells.pop(key, row.cells[key]) != row.cells[key]:
        raise DataError([Problem(table, None, key, "another id", f"{row.cells[key]}: an id stays as it is")])
    values: dict[str, Any] = {}  # Any: a cell's Python type
    if new_extra is not None:
        values["extra"] = read_extra(TABLES[table], _extra_of(new_extra))
    before = load_table(connection, district_id, table, where=_is_same(table, row))
    if before.empty:
        raise _stale(table, row)
    if cells:
        read = read_row(TABLES[table], cells, before)
        _check(connection, district_id, read, row.number)
        known = TABLES[table].columns_by_name
        values |= {name: stored_cells(read.typed[name], known[name])[0] for name in cells}
    if values:
        connection.execute(
            stored.update().where(_is_same(table, row)).values(version=row.version + 1, **values)
        )
    return next(_read(connection, table, stored.c.number == row.number))


def delete(connection: Connection, district_id: int, table: str, row: Row) -> None:
    """Remove a row.

    Raises
    ------
    ConflictError
        When others refer to it; the message counts them and names the first.
    StaleError
        When the row was changed or removed since it was read.
    """
    lock_district(connection, district_id)
    if key := TABLES[table].key:
        hanging = referring(connection, district_id, table, row.cells[key])
        if hanging:
            found = ", ".join(map(str, hanging))
            raise ConflictError(
                f"{table} {row.cells[key]}: expected a row that none refers to, found {found}."
            )
    removed = connection.execute(DISTRICT_TABLES[table].delete().where(_is_same(table, row)))
    if removed.rowcount != 1:
        raise _stale(table, row)


def _is_same(table: str, row: Row) -> Condition:
    stored = DISTRICT_TABLES[table].c
    return and_(stored.number == row.number, stored.version == row.version)


def _stale(table: str, row: Row) -> StaleError:
    return StaleError(
        f"{table}: expected version {row.version} of row {row.number}, found that it was changed."
    )


def _check(connection: Connection, district_id: int, row: CheckedSheet, number: int | None) -> None:
    """Refuse a row that breaks something by itself or together with others."""
    table = row.sheet.table
    problems = list(row.problems)
    related = related_rows(connection, district_id, table.name, row.typed, number)
    problems += related_problems(row, related)
    if table.key and number is None and not any(problem.column == table.key for problem in problems):
        stored, key = DISTRICT_TABLES[table.name].c, row.typed[table.key].iloc[0]
        same = select(stored.number).where(stored.district_id == district_id, stored[table.key] == key)
        if connection.scalar(same) is not None:
            problems.append(Problem(table.name, None, table.key, f'"{key}"', "an id that no other row has"))
    if problems:
        raise DataError(problems)


def _extra_of(extra: object) -> Mapping[str, object]:
    if extra is None:
        return {}
    if not isinstance(extra, Mapping):
        raise DataError(
            [Problem("", None, "extra", f"a {type(extra).__name__}", "texts by the names of columns")]
        )
    return extra


def _free_id(connection: Connection, district_id: int, table: str) -> str:
    """Return an id that no row of the district has: the table's letter and a number."""
    stored = DISTRICT_TABLES[table].c
    key = stored[TABLES[table].key]
    number = (connection.scalar(select(func.max(stored.number))) or 0) + 1
    while True:
        free = f"{table[0].upper()}{number:03}"
        if connection.scalar(select(key).where(stored.district_id == district_id, key == free)) is None:
            return free
        number += 1


def _has(
    connection: Connection, table: str, name: str, value: object, contacts: Condition | None
) -> Condition:
    """Return the condition that a row has a cell, or a list a part.

    Raises
    ------
    DataError
        When it is no cell of the column.
    ValueError
        When there is no such column.
    """
    column = TABLES[table].columns_by_name.get(name)
    if column is None:
        raise ValueError(f"Filter of {table}: expected one of its columns, got {name!a}.")
    cell = seen_cell(table, column, contacts)
    if value is None:
        return is_blank(cell, column)
    (sought,) = stored_cells(read_cell(TABLES[table], column, value), column)
    return has_part(connection, cell, sought) if column.cell in LISTS else cell == sought


def _read(
    connection: Connection,
    table: str,
    condition: Condition,
    contacts: Condition | None = None,
    *,
    order: Order | None = None,
    limit: int = 1,
) -> Iterator[Row]:
    stored, columns = DISTRICT_TABLES[table].c, TABLES[table].columns
    cells = (stored[column.name] for column in columns)
    sees = true() if contacts is None else contacts
    query = select(stored.number, stored.version, sees, stored.extra, *cells).where(condition)
    for row in connection.execute(query.order_by(*(order.terms if order else ())).limit(limit)):
        number, version, sees_contacts, extra, *values = row
        read = {
            column.name: _json(value, column) if sees_contacts or column.cell is not Cell.CONTACT else None
            for column, value in zip(columns, values, strict=True)
        }
        yield Row(number, version, read, extra if sees_contacts else {})


def _json(cell: Any, column: Column) -> Any:  # Any: a cell's Python type in, a value of JSON out
    if column.cell is Cell.DATE and cell is not None:
        return cell.isoformat()
    if cell == "":
        return None
    return cell.split("|") if column.cell in LISTS else cell
