"""Rows as they were before someone changed them: kept a day for whoever did, so that they can take it back."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from service.storage.tables import former_rows

KEPT_FOR: Final = timedelta(days=1)


class Done(StrEnum):
    """What was done to a row."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Former:
    """What someone did to a row, and what stood there before.

    Parameters
    ----------
    table, key
        Which row: its id, or its number as text.
    version
        That it was left in; 0 where it was removed.
    cells
        Those that were changed as they were, all with ``extra`` where it was removed, none where it was added.
    """

    done: Done
    table: str
    key: str
    version: int
    cells: Mapping[str, Any]  # Any: values of JSON


def keep(connection: Connection, district_id: int, owner: str, former: Former) -> str:
    """Keep what was done, and return the id under which its owner finds it; what is too old goes."""
    now = datetime.now(UTC)
    connection.execute(delete(former_rows).where(former_rows.c.expires_at < now))
    name = secrets.token_urlsafe(12)
    connection.execute(
        insert(former_rows).values(
            id=name,
            district_id=district_id,
            owner=owner,
            done=former.done,
            row_table=former.table,
            row_key=former.key,
            version=former.version,
            cells=dict(former.cells),
            expires_at=now + KEPT_FOR,
        )
    )
    return name


def find(connection: Connection, district_id: int, owner: str, name: str) -> Former | None:
    """Return what someone did under an id; None where it is not theirs, or too long ago."""
    stored = former_rows.c
    found = connection.execute(
        select(former_rows).where(
            stored.id == name,
            stored.district_id == district_id,
            stored.owner == owner,
            stored.expires_at >= datetime.now(UTC),
        )
    ).one_or_none()
    if found is None:
        return None
    return Former(Done(found.done), found.row_table, found.row_key, found.version, found.cells)


def forget(connection: Connection, name: str) -> None:
    """Remove what was taken back."""
    connection.execute(delete(former_rows).where(former_rows.c.id == name))
