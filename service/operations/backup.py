"""Backups: all rows of a database in one file that any database takes back, SQLite's from PostgreSQL and the other way.

The file is a zip: ``manifest.json`` names the revision of the tables, their columns, the rows of each, the SHA-256
of each table's file and the heads of the audit log; ``tables/NAME.jsonl`` has a row a line, as an array of its cells.
It holds contacts and password hashes: only its owner may read it, and where it goes should be as safe as the database.
"""

import base64
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    insert,
    select,
    text,
)

from service.operations import audit_log
from service.storage.database import Database
from service.storage.migrations import downgrade, revisions, upgrade

FORMAT: Final = "partnermatch backup 1"
REVISIONS: Final = "alembic_version"
_ROWS: Final = 500
_KINDS: Final = (
    (DateTime, "moment"),
    (Date, "date"),
    (LargeBinary, "bytes"),
    (JSON, "json"),
    (Boolean, "flag"),
)
# Any: a cell's type differs with its column, here and below.
_TO_JSON: Final[dict[str, Callable[[Any], Any]]] = {
    "moment": lambda value: (
        (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    ),
    "date": date.isoformat,
    "bytes": lambda value: base64.b64encode(value).decode(),
}
_FROM_JSON: Final[dict[str, Callable[[Any], Any]]] = {
    "moment": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bytes": base64.b64decode,
}


class BackupError(Exception):
    """A backup that cannot be made or taken back; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Contents:
    """One table of a backup; ``counter`` is the last number that was given to a row, 0 where rows have none."""

    columns: dict[str, str]
    rows: int
    sha256: str
    counter: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    made_at: str
    revision: str
    tables: dict[str, Contents] = field(default_factory=dict)
    heads: list[audit_log.Head] = field(default_factory=list)
    format: str = FORMAT

    @property
    def num_rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables.values())


Progress = Callable[[str, float], None]


def back_up(database: Database, path: Path, progress: Progress = lambda _, __: None) -> Manifest:
    """Write one state of a database to a new file, while others go on working with it.

    Parameters
    ----------
    database
        With tables of any revision this release knows.
    path
        The file; it appears whole or not at all.
    progress
        Told the table at hand and the share done.

    Raises
    ------
    BackupError
        Where the file exists, or there is nothing to back up.
    """
    if path.exists():
        raise BackupError(f"{path}: expected a new file, found one.")
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with (
                database.reading() as connection,
                zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
            ):
                manifest = _write(connection, archive, progress)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
    return manifest


def restore(
    database: Database, path: Path, *, replace: bool = False, progress: Progress = lambda _, __: None
) -> Manifest:
    """Take a backup back into a database, all of it or nothing, and lead its tables to those of this release.

    Parameters
    ----------
    database
        Without a row, unless told otherwise.
    path
        The backup.
    replace
        Whether to remove all that the database holds.
    progress
        As in `back_up`.

    Raises
    ------
    BackupError
        Where the file is no whole backup, comes from a newer release, or the database has rows.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive)
            with database.writing() as connection:
                _make_room(connection, manifest, replace=replace)
                _read(connection, archive, manifest, progress)
                _check(connection, manifest)
                upgrade(connection)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as error:
        raise BackupError(f"{path}: expected a backup, found another or a damaged file ({error}).") from error
    return manifest


def _write(connection: Connection, archive: zipfile.ZipFile, progress: Progress) -> Manifest:
    tables = _tables(connection)
    revision = _revision(connection)
    if revision is None:
        raise BackupError("The database has no tables yet: there is nothing to back up.")
    manifest = Manifest(datetime.now(UTC).isoformat(), revision, heads=audit_log.heads(connection))
    counters = _counters(connection, tables)
    for done, table in enumerate(tables):
        progress(table.name, done / len(tables))
        with archive.open(_name(table.name), "w", force_zip64=True) as file:
            digest, rows = hashlib.sha256(), 0
            for line in _lines(connection, table):
                file.write(line)
                digest.update(line)
                rows += 1
        contents = Contents(_columns(table), rows, digest.hexdigest(), counters.get(table.name, 0))
        manifest.tables[table.name] = contents
    archive.writestr("manifest.json", json.dumps(asdict(manifest), indent=1))
    return manifest


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    kinds = [_TO_JSON.get(kind) for kind in _columns(table).values()]
    query = select(table).order_by(*table.primary_key).execution_options(yield_per=_ROWS)
    with connection.execute(query) as found:
        for row in found:
            yield json.dumps(_mapped(kinds, row), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _mapped(kinds: list[Callable[[Any], Any] | None], cells: Iterable[Any]) -> list[Any]:
    return [
        kind(cell) if kind and cell is not None else cell for kind, cell in zip(kinds, cells, strict=True)
    ]


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    given = json.loads(archive.read("manifest.json"))
    given["tables"] = {name: Contents(**table) for name, table in given["tables"].items()}
    given["heads"] = [audit_log.Head(**head) for head in given["heads"]]
    manifest = Manifest(**given)
    if manifest.format != FORMAT:
        raise ValueError(f"format {manifest.format}")
    if manifest.revision not in revisions():
        raise BackupError(
            f"The backup comes from another release, whose tables are {manifest.revision}: use that."
        )
    return manifest


def _make_room(connection: Connection, manifest: Manifest, *, replace: bool) -> None:
    """Give the database the tables of the backup, empty."""
    filled = [
        table.name for table in _tables(connection) if connection.execute(select(table).limit(1)).first()
    ]
    if filled and not replace:
        raise BackupError(f"The database has rows already, in {', '.join(filled)}: nothing was changed.")
    if _revision(connection):
        downgrade(connection, "base")
    upgrade(connection, manifest.revision)


def _read(connection: Connection, archive: zipfile.ZipFile, manifest: Manifest, progress: Progress) -> None:
    tables = _tables(connection)
    if {table.name for table in tables} != manifest.tables.keys():
        raise ValueError("other tables")
    for done, table in enumerate(tables):
        progress(table.name, done / len(tables))
        contents = manifest.tables[table.name]
        with archive.open(_name(table.name)) as file:
            _insert(connection, table, contents, file)
        _set_counter(connection, table, contents.counter)


def _insert(connection: Connection, table: Table, contents: Contents, lines: Iterable[bytes]) -> None:
    if contents.columns != _columns(table):
        raise ValueError(f"other columns of {table.name}")
    kinds = [_FROM_JSON.get(kind) for kind in contents.columns.values()]
    digest, rows, pending = hashlib.sha256(), 0, list[dict[str, Any]]()
    for line in lines:
        digest.update(line)
        rows += 1
        pending.append(dict(zip(contents.columns, _mapped(kinds, json.loads(line)), strict=True)))
        if len(pending) == _ROWS:
            connection.execute(insert(table), pending)
            pending.clear()
    if pending:
        connection.execute(insert(table), pending)
    if (rows, digest.hexdigest()) != (contents.rows, contents.sha256):
        raise ValueError(f"other rows of {table.name}")


def _check(connection: Connection, manifest: Manifest) -> None:
    """Check that the audit log is the one that was backed up."""
    broken = audit_log.verify(connection, manifest.heads)
    if broken:
        raise BackupError(
            f"The audit log in the backup is broken at entry {broken.number} of chain {broken.chain}: {broken.why}."
        )


def _tables(connection: Connection) -> list[Table]:
    """Return the tables as they are in the database, each after those it refers to."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != REVISIONS]


def _columns(table: Table) -> dict[str, str]:
    """Return the kind of each column, alike for all databases."""
    return {
        column.name: next((kind for known, kind in _KINDS if isinstance(column.type, known)), "plain")
        for column in table.columns
    }


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, REVISIONS):
        return None
    return connection.execute(text(f"SELECT version_num FROM {REVISIONS}")).scalar()


def _counters(connection: Connection, tables: list[Table]) -> dict[str, int]:
    """Return the last number that each table gave to a row, so that no number is ever given twice."""
    if connection.dialect.name == "sqlite":
        return {
            name: used for name, used in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        }
    counters = {}
    for table in tables:
        if sequence := _sequence(connection, table):
            used = text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")
            counters[table.name] = int(connection.execute(used).scalar_one())
    return counters


def _set_counter(connection: Connection, table: Table, counter: int) -> None:
    if not counter:
        return
    if connection.dialect.name == "sqlite":
        given = {"name": table.name, "counter": counter}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), given)
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :counter)"), given)
    elif sequence := _sequence(connection, table):
        connection.execute(
            text("SELECT setval(:sequence, :counter)"), {"sequence": sequence, "counter": counter}
        )


def _sequence(connection: Connection, table: Table) -> str | None:
    """Return the name of what numbers the rows of a PostgreSQL table."""
    key = list(table.primary_key)
    if len(key) != 1:
        return None
    named = text("SELECT pg_get_serial_sequence(:table, :column)")
    return connection.execute(named, {"table": table.name, "column": key[0].name}).scalar()


def _name(table: str) -> str:
    return f"tables/{table}.jsonl"
