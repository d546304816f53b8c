"""The database's history: each revision leads its tables from one release to the next, and back.

After a change of `service.storage.tables`, this drafts the revision that follows the last one; read it before it is
committed. A revision that was released is never changed.

    python -c 'from service.storage.migrations import draft; draft("what it changes")'
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from service.storage.database import Database, sqlite_url

if TYPE_CHECKING:
    from alembic.config import Config

# Any other number would do; it must only be the same for all servers of an installation.
_LOCK = text("SELECT pg_advisory_xact_lock(7027463152)")


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the tables of a database to a revision, all of it or nothing; of servers that start together, one does.

    Raises
    ------
    alembic.util.CommandError
        When the database was made by a newer release.
    """
    with database.writing() as connection:
        upgrade(connection, revision)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables to a revision within the caller's transaction, as `migrate` does."""
    from alembic import command

    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
    command.upgrade(_config(connection), revision)


def undo_migrations(database: Database, revision: str) -> None:
    """Take the tables of a database back to an earlier revision; ``base`` leaves no table and no row."""
    with database.writing() as connection:
        downgrade(connection, revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take the tables back to an earlier revision within the caller's transaction, as `undo_migrations` does."""
    from alembic import command

    command.downgrade(_config(connection), revision)


def check_tables(database: Database) -> None:
    """Check that a database answers and has the tables of this release.

    Raises
    ------
    RuntimeError
        Where it has those of another one.
    """
    with database.reading() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found != _newest():
        raise RuntimeError(f"Tables: expected revision {_newest()}, found {found}.")


@cache
def _newest() -> str:
    return revisions()[-1]


def differences(connection: Connection) -> list[object]:
    """Return what is not as `service.storage.tables` says in the tables of a database."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from service.storage.tables import metadata

    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def revisions() -> list[str]:
    """Return all revisions, the first first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def draft(message: str) -> None:
    """Write the draft of a revision that leads from the last one to the tables as they are now."""
    from alembic import command

    with TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder)))
        migrate(database)
        with database.writing() as connection:
            number = f"{len(revisions()) + 1:04}"
            command.revision(_config(connection), message, autogenerate=True, rev_id=number)
        database.close()


def _config(connection: Connection | None = None) -> Config:
    """Return what Alembic needs to know; it takes % for the start of a variable."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    return config
