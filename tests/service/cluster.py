"""A PostgreSQL cluster of our own, for as long as tests run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from glob import glob
from pathlib import Path

import psycopg

_SECONDS_TO_START = 60
# DELETE, for TRUNCATE makes new files of each table and index.
_EMPTY = """
DO $$
DECLARE name text;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences LOOP
        PERFORM setval(quote_ident(name), 1, false);
    END LOOP;
END $$
"""


class Cluster:
    """A PostgreSQL server that listens on a socket in its own folder."""

    def __init__(self, programs: Path, folder: Path):
        owner = "postgres" if os.geteuid() == 0 else None
        if owner:
            shutil.chown(folder, owner)
        data = folder / "data"
        # ICU's order of texts is unlike that of SQLite: what leaves it to the database differs, and a test sees it.
        options = (
            "-A trust -U postgres -E UTF8 --no-sync --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US"
        )
        made: list[str | Path] = [programs / "initdb", "-D", data, *options.split()]
        subprocess.run(made, check=True, capture_output=True, cwd=folder, user=owner)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "shared_buffers": "32MB",
            "max_connections": "100",
        }
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [
                    programs / "postgres",
                    "-D",
                    data,
                    *(f"--{name}={value}" for name, value in settings.items()),
                ],
                cwd=folder,
                stdout=log,
                stderr=log,
                user=owner,
            )
        self.folder = folder

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def execute(self, statement: str, name: str = "postgres") -> None:
        """Execute a statement in a database."""
        with psycopg.connect(
            host=str(self.folder), user="postgres", dbname=name, autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def empty(self, name: str) -> None:
        """Remove all rows of a database, end who is still at work in it, and let all ids start at 1 again."""
        self.execute(_EMPTY, name)

    def wait(self) -> None:
        """Return once the server answers."""
        for _ in range(_SECONDS_TO_START * 20):
            if self.process.poll() is not None:
                break
            with contextlib.suppress(psycopg.OperationalError):
                return self.execute("SELECT 1")
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL does not start: {(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        """End the server, with whatever is still connected to it."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


def find_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, nothing where no server is installed."""
    places = [*sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True), *os.get_exec_path()]
    if config := shutil.which("pg_config"):
        asked = subprocess.run([config, "--bindir"], check=True, capture_output=True, text=True)
        places.insert(0, asked.stdout.strip())
    return next((Path(place) for place in places if (Path(place) / "initdb").exists()), None)
