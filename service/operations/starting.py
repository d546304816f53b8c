"""What a server needs before it answers: its port, its data folder, its tables, and at first a district to try."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from matching.tables import read_district
from service.operations import audit_log
from service.settings import Settings
from service.storage.database import Database
from service.storage.districts import store_district
from service.storage.migrations import migrate
from service.storage.tables import districts

DEMO: Final = ("demo", "Calder Bend (demonstration)")
_IN_USE: Final = "in-use.lock"

_OTHERS: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


class StartError(Exception):
    """Why a server cannot start, in one sentence that says what to do."""


def open_port(host: str, port: int) -> socket.socket:
    """Return a socket that listens; a client that comes before the server is ready waits.

    Raises
    ------
    StartError
        Where the address is not ours or the port is taken.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host.strip("[]"), port), family=family, backlog=2048)
    except OSError as error:
        raise StartError(
            f"Port {port} of {host}: {os.strerror(error.errno or 0)}. Choose another with --port."
        ) from error


@contextmanager
def hold_data(settings: Settings, *, alone: bool = False) -> Iterator[None]:
    """Make the data folder where there is none, and keep it from being replaced as long as this lasts.

    Several servers may share a folder; whoever replaces all that is in it must be alone.

    Raises
    ------
    StartError
        Where the folder cannot be written to, or is used where one must be alone.
    """
    if settings.database_url:
        yield
        return
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (settings.data / _IN_USE).open("a")
    except OSError as error:
        raise StartError(
            f"{settings.data}: cannot be written to ({error.strerror}). Choose --data."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartError(f"{settings.data}: another command uses it; stop that first.") from error
        yield


def be_alone(database: Database) -> None:
    """Check that nobody else works with a PostgreSQL database; `hold_data` does so for SQLite's.

    Raises
    ------
    StartError
        Where somebody does.
    """
    if database.is_sqlite:
        return
    with database.reading() as connection:
        others = connection.execute(text(_OTHERS)).scalar_one()
    if others:
        raise StartError(
            f"The database: {others} others are connected to it; stop servers and commands first."
        )


def open_database(settings: Settings) -> Database:
    """Return the database with the tables of this release.

    Raises
    ------
    StartError
        Where it does not answer, or was made by a newer release.
    """
    from alembic.util import CommandError

    try:
        database = Database(settings.url)
        migrate(database)
    except DBAPIError as error:
        raise StartError(f"The database cannot be used: {in_one_line(error.orig)}") from error
    except (SQLAlchemyError, ImportError) as error:
        raise StartError(f"PARTNERMATCH_DATABASE_URL: {in_one_line(error)}") from error
    except CommandError as error:
        raise StartError(f"The database was made by a newer release of Partnermatch: {error}") from error
    return database


def load_demo(database: Database) -> bool:
    """Put the demonstration district into a database in which nothing has ever happened; whether it did."""
    with database.writing() as connection:
        audit_log.lock(connection, audit_log.INSTALLATION)
        if audit_log.heads(connection) or connection.execute(select(districts.c.id).limit(1)).first():
            return False
        key, name = DEMO
        now = datetime.now(UTC)
        row = insert(districts).values(key=key, name=name, created_at=now, changed_at=now)
        district_id = connection.execute(row.returning(districts.c.id)).scalar_one()
        store_district(connection, district_id, read_district(demo_folder()))
        audit_log.append(
            connection,
            audit_log.INSTALLATION,
            actor="command line",
            action="created",
            thing=("districts", key),
        )
    return True


def demo_folder() -> Path:
    """Return where the demonstration district lies: beside the code where that is installed, else in the project."""
    service = Path(__file__).parents[1]
    installed = service / "demo"
    return installed if installed.is_dir() else service.parent / "fixtures" / "demo"


def in_one_line(error: object) -> str:
    """Return the first line of what a database says; further ones quote statements."""
    return next(iter(str(error).strip().splitlines()), "no reason was given")
