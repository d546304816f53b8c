"""Files between the steps of their import: kept for a day, seen by whoever sent them alone; and how sheets are read."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from service.errors import NotFoundError, TooLargeError
from service.storage.tables import sheet_readings, uploads

#: How long a file waits for the next step.
KEPT_FOR: Final = timedelta(days=1)
#: Files of one person in one district; an older one goes.
MOST_KEPT: Final = 3
_MOST_BYTES: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A file between two steps.

    Parameters
    ----------
    sheets
        What it holds, as JSON keeps it.
    reading
        How it is to be read, {} while nobody has said.
    """

    id: str
    file_name: str
    sheets: Sequence[Mapping[str, Any]]  # Any: JSON
    reading: dict[str, Any]


def keep_upload(
    connection: Connection,
    district_id: int,
    owner: str,
    file_name: str,
    sheets: Sequence[Mapping[str, Any]],
    reading: Mapping[str, Any],
) -> str:
    """Keep a file, and return under which id; what has expired goes, and so do its owner's oldest.

    Raises
    ------
    TooLargeError
        Where it would take too much room.
    """
    now = datetime.now(UTC)
    body = zlib.compress(json.dumps(sheets, ensure_ascii=False).encode(), 3)
    if len(body) > _MOST_BYTES:
        raise TooLargeError(f"{file_name}: expected sheets of at most {_MOST_BYTES // 10**6} MB when packed.")
    own = (uploads.c.district_id == district_id) & (uploads.c.owner == owner)
    newest = select(uploads.c.id).where(own).order_by(uploads.c.created_at.desc()).limit(MOST_KEPT - 1)
    kept = connection.execute(newest).scalars().all()
    connection.execute(
        delete(uploads).where((uploads.c.expires_at < now) | (own & uploads.c.id.not_in(kept)))
    )
    key = token_hex(12)
    connection.execute(
        insert(uploads).values(
            id=key,
            district_id=district_id,
            owner=owner,
            file_name=file_name,
            sheets=body,
            reading=dict(reading),
            created_at=now,
            expires_at=now + KEPT_FOR,
        )
    )
    return key


def kept_upload(connection: Connection, district_id: int, owner: str, key: str) -> Kept:
    """Return a file that waits.

    Raises
    ------
    NotFoundError
        Where this person sent none of this id, or it has expired.
    """
    asked = select(uploads).where(
        uploads.c.id == key,
        uploads.c.district_id == district_id,
        uploads.c.owner == owner,
        uploads.c.expires_at >= datetime.now(UTC),
    )
    found = connection.execute(asked).one_or_none()
    if found is None:
        raise NotFoundError(
            "This file is not kept any more: it was imported, or a day has passed. Send it again."
        )
    return Kept(found.id, found.file_name, json.loads(zlib.decompress(found.sheets)), found.reading)


def keep_reading(connection: Connection, key: str, reading: Mapping[str, Any]) -> None:
    """Keep how a file is to be read."""
    connection.execute(update(uploads).where(uploads.c.id == key).values(reading=dict(reading)))


def drop_upload(connection: Connection, key: str) -> None:
    """Forget a file."""
    connection.execute(delete(uploads).where(uploads.c.id == key))


def remember_readings(
    connection: Connection, district_id: int, readings: Mapping[str, Mapping[str, Any]], actor: str
) -> None:
    """Remember how sheets were read, by the digests of their names and headers."""
    where = sheet_readings.c.district_id == district_id
    connection.execute(
        delete(sheet_readings).where(where, sheet_readings.c.headers_sha256.in_(list(readings)))
    )
    rows = [
        {
            "district_id": district_id,
            "headers_sha256": digest,
            "reading": dict(reading),
            "read_by": actor,
            "read_at": datetime.now(UTC),
        }
        for digest, reading in readings.items()
    ]
    if rows:
        connection.execute(insert(sheet_readings), rows)


def remembered_readings(
    connection: Connection, district_id: int, digests: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return how sheets were read the last time, those that are known."""
    asked = select(sheet_readings.c.headers_sha256, sheet_readings.c.reading).where(
        sheet_readings.c.district_id == district_id, sheet_readings.c.headers_sha256.in_(digests)
    )
    return {row.headers_sha256: row.reading for row in connection.execute(asked)}
