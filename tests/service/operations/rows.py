"""Rows in every table, of every type, blank and not."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Double,
    Integer,
    LargeBinary,
    Text,
    insert,
    select,
)

from service.operations.audit_log import append
from service.storage.database import Database
from service.storage.tables import RUN_STATES, Moment, audit_log, metadata

ROWS = 3
Rows = dict[str, list[tuple[Any, ...]]]  # Any: a cell has the type of its column


def fill(database: Database) -> None:
    """Put rows into every table; row ``n`` refers to row ``n`` of other tables."""
    with database.writing() as connection:
        for table in metadata.sorted_tables:
            if table is not audit_log:
                rows = [{column.name: _cell(column, n) for column in table.columns} for n in range(ROWS)]
                connection.execute(insert(table), rows)
        for n in range(ROWS):
            append(
                connection, n, actor="user:1", action="created", thing=("needs", f"n{n}"), details={"é": n}
            )


def everything(connection: Connection) -> Rows:
    """Return all rows of all tables."""
    return {
        table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
        for table in metadata.sorted_tables
    }


_BY_TYPE: list[tuple[type[Any], Callable[[int, str], Any]]] = [
    (Moment, lambda n, _: datetime(2026, 9, 14, 8, 30, 5, 123456 + n, UTC)),
    (Date, lambda n, _: date(2026, 9, 14) + timedelta(days=n)),
    (Boolean, lambda n, _: bool(n % 2)),
    (Double, lambda n, _: 0.1 + 0.2 * n),
    (JSON, lambda n, _: {"a": [n, None, "é"], "b": {}}),
    (LargeBinary, lambda n, _: bytes(range(256)) * (n + 1)),
    (Integer, lambda n, _: n + 1),
    (Text, lambda n, name: RUN_STATES[n] if name == "state" else f"{name} {n} 'é' | \"\n\t\u2028 語"),
]


def _cell(column: Column[Any], n: int) -> Any:  # Any: its type is the column's
    if column.foreign_keys:
        referred = next(iter(column.foreign_keys)).column
        return None if referred.table is column.table else _cell(referred, n)
    if column.nullable and n == 0:
        return None
    made = next(made for known, made in _BY_TYPE if isinstance(column.type, known))
    return made(n, column.name)
