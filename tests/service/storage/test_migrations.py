"""Every revision leads the tables to the next and back, and the last is what the program expects."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.util import CommandError
from sqlalchemy import inspect

from matching import read_district
from service.storage.database import Database
from service.storage.districts import load_district
from service.storage.migrations import differences, migrate, revisions, undo_migrations
from service.storage.tables import districts
from tests.service.districts import add_district, assert_same

MIGRATE = """
import sys
from service.storage.database import Database
from service.storage.migrations import migrate

migrate(Database(sys.argv[1]))
"""
DEMO = Path(__file__).parents[3] / "fixtures" / "demo"


def tables_of(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(inspect(connection).get_table_names())


@pytest.fixture
def empty_database(empty_url: str) -> Database:
    return Database(empty_url)


def test_migrated_database_is_what_the_program_expects(database: Database) -> None:
    with database.reading() as connection:
        assert differences(connection) == []


def test_each_revision_can_be_undone_and_done_again(empty_database: Database) -> None:
    for revision in revisions():
        before = tables_of(empty_database)
        migrate(empty_database, revision)
        undo_migrations(empty_database, "-1")
        assert tables_of(empty_database) - {"alembic_version"} == before - {"alembic_version"}
        migrate(empty_database, revision)
    with empty_database.reading() as connection:
        assert differences(connection) == []
    empty_database.close()


def test_district_outlives_all_revisions_but_the_first(database: Database) -> None:
    demo = read_district(DEMO)
    with database.writing() as connection:
        district_id = add_district(connection, demo)
    undo_migrations(database, revisions()[0])
    migrate(database)
    with database.reading() as connection:
        assert_same(load_district(connection, district_id), demo)


def test_database_with_rows_is_taken_back_to_nothing_and_made_again(database: Database) -> None:
    with database.writing() as connection:
        add_district(connection, read_district(DEMO))
    undo_migrations(database, "base")
    assert tables_of(database) == {"alembic_version"}
    migrate(database)
    with database.writing() as connection:
        assert add_district(connection, read_district(DEMO)) == 1


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.writing() as connection:
        district_id = add_district(connection, read_district(DEMO))
    migrate(database)
    with database.reading() as connection:
        assert_same(load_district(connection, district_id), read_district(DEMO))


def test_servers_that_start_together_make_the_tables_once(empty_url: str) -> None:
    servers = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, empty_url], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [(server.communicate()[1], server.returncode) for server in servers] == [("", 0)] * 3
    database = Database(empty_url)
    with database.reading() as connection:
        assert differences(connection) == []
    database.close()


def test_database_of_a_newer_release_is_left_alone(empty_database: Database) -> None:
    # One of its own: later tests use the other again.
    migrate(empty_database)
    with empty_database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CommandError, match="9999"):
        migrate(empty_database)
    empty_database.close()


def test_revision_that_fails_leaves_nothing_behind(empty_database: Database) -> None:
    with empty_database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE runs (id integer)")
    with pytest.raises(Exception, match="runs"):
        migrate(empty_database)
    assert tables_of(empty_database) == {"runs"}
    empty_database.close()


def test_number_of_a_deleted_district_is_not_given_again(database: Database) -> None:
    with database.writing() as connection:
        add_district(connection, key="one")
        add_district(connection, key="two")
        connection.execute(districts.delete())
        assert add_district(connection, key="three") == 3
