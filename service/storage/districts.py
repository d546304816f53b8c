"""Whole districts: loaded for what the domain computes, stored as they were read, and many rows changed at once.

What stands in the database was checked when it came in; nothing is checked again here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import psycopg
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.types import NullType

from matching.columns import Cell, Column
from matching.district import District
from matching.schemas import TABLES
from matching.tables import warnings_of
from matching.typed import blank_column, dtype_of
from service.errors import NotFoundError
from service.storage.tables import DISTRICT_TABLES, column_is_nullable, districts

_TYPED: Final = (Cell.WHOLE, Cell.NUMBER, Cell.DATE, Cell.FLAG)


def lock_district(connection: Connection, district_id: int) -> None:
    """Let nobody else write to a district before the transaction ends; on SQLite a write transaction does so anyway.

    Raises
    ------
    NotFoundError
        When there is no such district.
    """
    row = select(districts.c.id).where(districts.c.id == district_id).with_for_update()
    if connection.scalar(row) is None:
        raise NotFoundError(f"District {district_id}: expected the number of a district, found none.")


def load_district(connection: Connection, district_id: int, *, with_contacts: bool = True) -> District:
    """Return a district as `read_district` would from its files; without contacts, those and unknown columns are blank.

    Raises
    ------
    NotFoundError
        When there is no such district.
    """
    name = connection.scalar(select(districts.c.name).where(districts.c.id == district_id))
    if name is None:
        raise NotFoundError(f"District {district_id}: expected the number of a district, found none.")
    tables = {
        table: load_table(connection, district_id, table, with_contacts=with_contacts) for table in TABLES
    }
    return District(name=name, warnings=tuple(warnings_of(tables)), **tables)


def load_table(
    connection: Connection,
    district_id: int,
    table: str,
    *,
    with_contacts: bool = True,
    where: ColumnElement[bool] | None = None,
) -> pd.DataFrame:
    """Return one table of a district as a `District` holds it, or those of its rows for which a condition holds.

    Without contacts, unknown columns are left out too, for they may hold some.
    """
    stored = DISTRICT_TABLES[table]
    columns = [column for column in TABLES[table].columns if with_contacts or column.cell is not Cell.CONTACT]
    # What the driver gives is taken as it is: a conversion of each cell costs more than the query.
    raw = [type_coerce(stored.c[column.name], NullType()) for column in columns]
    query = select(*raw, cast(stored.c.extra, Text)).where(stored.c.district_id == district_id)
    query = query if where is None else query.where(where)
    rows = connection.execute(query.order_by(stored.c.number)).cursor.fetchall()
    cells = list(zip(*rows, strict=True)) if rows else [()] * (len(columns) + 1)
    loaded = {column.name: _series(values, column) for column, values in zip(columns, cells, strict=False)}
    known = {
        column.name: loaded[column.name] if column.name in loaded else blank_column(column, len(rows))
        for column in TABLES[table].columns
    }
    return pd.DataFrame(known | (_unknown_columns(cells[-1]) if with_contacts else {}))


def store_district(connection: Connection, district_id: int, district: District) -> None:
    """Put the rows of a district in the place of those it has."""
    lock_district(connection, district_id)
    for table in reversed(DISTRICT_TABLES.values()):
        connection.execute(delete(table).where(table.c.district_id == district_id))
    for name, rows in district.tables.items():
        insert_rows(connection, district_id, name, rows)


def insert_rows(
    connection: Connection,
    district_id: int,
    table: str,
    rows: pd.DataFrame,
    *,
    known: Mapping[int, int] | None = None,
) -> None:
    """Add rows, checked and in the types of a `District`, after those that are there, in their order.

    Parameters
    ----------
    known
        Version of each row by its number, for rows that stood there before and come back to their place.
    """
    stored = DISTRICT_TABLES[table]
    records = [{**record, "district_id": district_id} for record in _records(table, rows)]
    for record, (number, version) in zip(records, (known or {}).items(), strict=False):
        record |= {"number": number, "version": version}
    if not records:
        return
    lock_district(connection, district_id)
    if connection.dialect.name == "postgresql":
        _copy(connection, stored, records)
    else:
        connection.execute(insert(stored), records)


def update_rows(
    connection: Connection, district_id: int, table: str, numbers: Sequence[int], rows: pd.DataFrame
) -> None:
    """Change the cells of the rows with these numbers to those of ``rows``, which need not have all columns.

    The unknown columns of a row are replaced together, and only where ``rows`` has one.
    """
    stored = DISTRICT_TABLES[table]
    records = _records(table, rows)
    if not records:
        return
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in records[0]}
    statement = (
        update(stored)
        .where(stored.c.district_id == district_id, stored.c.number == bindparam("row_number"))
        .values(version=stored.c.version + 1, **changed)
    )
    cells = [{f"new_{name}": value for name, value in record.items()} for record in records]
    connection.execute(
        statement, [{**record, "row_number": n} for n, record in zip(numbers, cells, strict=True)]
    )


def delete_rows(connection: Connection, district_id: int, table: str, numbers: Sequence[int]) -> None:
    """Remove the rows with these numbers; rows of other tables that refer to them must be gone before."""
    stored = DISTRICT_TABLES[table]
    if numbers:
        of_row = delete(stored).where(
            stored.c.district_id == district_id, stored.c.number == bindparam("row_number")
        )
        connection.execute(of_row, [{"row_number": number} for number in numbers])


def stored_cells(values: pd.Series, column: Column) -> list[Any]:  # Any: a cell's Python type
    """Return the cells of a column of a `District` as the database holds them."""
    if column.cell is Cell.DATE:
        return [None if pd.isna(day) else day.date() for day in values]
    if column.cell in (Cell.WHOLE, Cell.NUMBER):
        return [
            None if is_blank else value
            for value, is_blank in zip(values.tolist(), values.isna(), strict=True)
        ]
    cells = values.tolist()
    return [cell or None for cell in cells] if column_is_nullable(column) else cells


def _records(table: str, rows: pd.DataFrame) -> list[dict[str, Any]]:  # Any: likewise
    """Return what to write of each row, unknown columns in ``extra``."""
    known = TABLES[table].columns_by_name
    columns = {name: stored_cells(rows[name], column) for name, column in known.items() if name in rows}
    unknown = [str(name) for name in rows if name not in known]
    if unknown:
        cells = zip(*(rows[name].tolist() for name in unknown), strict=True)
        columns["extra"] = [dict(zip(unknown, row, strict=True)) for row in cells]
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _copy(
    connection: Connection, table: Table, records: Sequence[Mapping[str, Any]]
) -> None:  # Any: likewise
    """Add rows by COPY, with a fifth of the driver's work for as many INSERTs."""
    names = list(records[0])
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(map(quote, names))
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN".encode()) as copy,
    ):
        for record in records:
            copy.write_row([json.dumps(cell) if name == "extra" else cell for name, cell in record.items()])


def _series(values: Sequence[Any], column: Column) -> pd.Series:  # Any: whatever the driver gives
    """Return a column of a `District` from the driver's values: SQLite has no dates and no flags of its own."""
    dtype = dtype_of(column)
    if column.cell is Cell.WHOLE and column.is_required:
        return pd.Series(np.array(values, dtype=np.int64))
    if column.cell is Cell.WHOLE:
        blank = np.array([value is None for value in values], dtype=np.bool_)
        whole = np.array([value or 0 for value in values], dtype=np.int64)
        return pd.Series(pd.arrays.IntegerArray(whole, blank))
    if column.cell in _TYPED:
        return pd.Series(np.array(values, dtype=dtype))
    texts = [value or "" for value in values] if column_is_nullable(column) else list(values)
    return pd.Series(texts, dtype=dtype)


def _unknown_columns(cells: Sequence[str]) -> dict[str, pd.Series]:
    """Return the unknown columns, in the order in which the rows name them."""
    if all(cell == "{}" for cell in cells):
        return {}
    extras = [json.loads(cell) for cell in cells]
    names = dict.fromkeys(name for extra in extras for name in extra)
    return {name: pd.Series([extra.get(name, "") for extra in extras], dtype="str") for name in names}
