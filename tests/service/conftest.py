"""Databases for the service's tests: each test with `database` in its arguments runs on SQLite and on PostgreSQL."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection

import anyio.from_thread
import pytest
import structlog
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection
from starlette.testclient import TestClient

from service.storage.database import Database, sqlite_url
from service.storage.migrations import migrate
from tests.service.cluster import Cluster, find_programs


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Take back where a command sent the logs of this process: its stream ends with its test."""
    yield
    structlog.reset_defaults()
    root = logging.getLogger()
    sent = [one for one in root.handlers if isinstance(one.formatter, structlog.stdlib.ProcessorFormatter)]
    for handler in sent:
        root.removeHandler(handler)


@pytest.fixture(scope="session", autouse=True)
def one_event_loop() -> Iterator[None]:
    """Answer all requests in one loop: a client makes one, and its threads, for each request otherwise."""
    with anyio.from_thread.start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "portal", portal)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """Let SQLite in this process leave writing to the system; a server of its own, as a test may kill, waits."""
    event.listen(Pool, "checkout", _wait_for_no_disk)
    yield
    event.remove(Pool, "checkout", _wait_for_no_disk)


def _wait_for_no_disk(connection: object, entry: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
    if isinstance(connection, SQLiteConnection) and not entry.info.get("waits_for_no_disk"):
        connection.execute("PRAGMA synchronous=OFF")
        entry.info["waits_for_no_disk"] = True


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Give a PostgreSQL server; skip where none is installed, but not where everything has to be tested."""
    programs = find_programs()
    if programs is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("No PostgreSQL server is installed.")
    with tempfile.TemporaryDirectory() as folder:
        started = Cluster(programs, Path(folder))
        try:
            started.wait()
            yield started
        finally:
            started.stop()


@pytest.fixture(scope="session")
def postgresql_url(cluster: Cluster) -> str:
    """Give the database that all tests of this worker use, one after the other."""
    cluster.execute("CREATE DATABASE with_tables")
    _prepare(cluster.url("with_tables"))
    return cluster.url("with_tables")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name a file with all tables and no row."""
    path = tmp_path_factory.mktemp("sqlite") / "with_tables.db"
    _prepare(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Name the kind of database; a test that should run on one of them says so by ``indirect`` parameters."""
    return str(request.param)


_numbers = count()


@pytest.fixture
def empty_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Give a database without tables."""
    if dialect == "sqlite":
        yield sqlite_url(tmp_path)
    else:
        cluster, name = request.getfixturevalue("cluster"), f"empty_{next(_numbers)}"
        cluster.execute(f"CREATE DATABASE {name}")
        yield cluster.url(name)
        cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Give a database with all tables and no row."""
    if dialect == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "partnermatch.db")
        return sqlite_url(tmp_path)
    url: str = request.getfixturevalue("postgresql_url")
    request.getfixturevalue("cluster").empty("with_tables")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Give a database with all tables and no row, open."""
    opened = Database(database_url)
    yield opened
    opened.close()


def _prepare(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()
