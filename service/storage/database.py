"""A database and its transactions: SQLite or PostgreSQL, told by one URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

DATABASE_FILE: Final = "partnermatch.db"


class Database:
    """A pool of connections; what it hands out is one transaction that commits at its end.

    On SQLite a write transaction takes the write lock at its start: it waits for others instead of failing
    half-way, and what it has read cannot have changed when it writes. Each commit is on disk when it returns.

    Parameters
    ----------
    url
        As SQLAlchemy reads it: ``sqlite:///data/partnermatch.db`` or ``postgresql+psycopg://...``.
    """

    def __init__(self, url: str):
        self.url = with_driver(url)
        self.is_sqlite = self.url.startswith("sqlite")
        pool = {} if self.is_sqlite else {"pool_pre_ping": True}
        self.engine: Engine = create_engine(self.url, pool_size=32, max_overflow=32, **pool)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose changes are kept, all or none, where its block ends without an error."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    def connections(self) -> dict[str, float]:
        """Return how many connections are in use and how many wait to be used."""
        pool = self.engine.pool
        if not isinstance(pool, QueuePool):
            return {}
        return {"used": float(pool.checkedout()), "idle": float(pool.checkedin())}

    def close(self) -> None:
        """Close all connections that are not in use."""
        self.engine.dispose()


def with_driver(url: str) -> str:
    """Return the URL with the driver this project installs where it names none."""
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return url


def sqlite_url(data: Path) -> str:
    """Return the URL of the SQLite database in a data folder."""
    return f"sqlite:///{data.resolve() / DATABASE_FILE}"


def _prepare_sqlite(connection: SQLiteConnection, _: ConnectionPoolEntry) -> None:
    # Transactions begin where `Database` says so, not where the driver guesses.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
