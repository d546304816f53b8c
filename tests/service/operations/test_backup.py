"""Backups, tested by taking them back."""

import stat
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, inspect, text

from service.operations import audit_log
from service.operations.backup import BackupError, back_up, restore
from service.storage.database import Database, sqlite_url
from service.storage.migrations import check_tables, migrate
from service.storage.tables import districts, runs
from tests.service.operations.rows import ROWS, Rows, everything, fill

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(sqlite_url(tmp_path_factory.mktemp("source")))
    migrate(database)
    fill(database)
    yield database
    database.close()


@pytest.fixture(scope="module")
def backup(source: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backup") / "backup.zip"
    back_up(source, path)
    return path


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    opened = Database(empty_url)
    yield opened
    opened.close()


def rows_of(database: Database) -> Rows:
    with database.reading() as connection:
        return everything(connection)


def spoilt(backup: Path, folder: Path, damage: tuple[str, bytes, bytes]) -> Path:
    """Return a backup in which one file reads otherwise."""
    name, old, new = damage
    path = folder / "spoilt.zip"
    with zipfile.ZipFile(backup) as given, zipfile.ZipFile(path, "w") as made:
        for entry in given.namelist():
            content = given.read(entry)
            assert entry != name or old in content
            made.writestr(entry, content.replace(old, new, 1) if entry == name else content)
    return path


def test_every_row_of_every_table_comes_back(source: Database, backup: Path, empty: Database) -> None:
    manifest = restore(empty, backup)
    assert rows_of(empty) == rows_of(source)
    assert all(len(rows) == ROWS for rows in rows_of(empty).values())
    assert manifest.num_rows == ROWS * len(rows_of(source))
    check_tables(empty)


def test_every_row_comes_back_from_the_other_database_too(
    source: Database, backup: Path, empty: Database, tmp_path: Path
) -> None:
    restore(empty, backup)
    back_up(empty, tmp_path / "again.zip")
    (tmp_path / "last").mkdir()
    with closing(Database(sqlite_url(tmp_path / "last"))) as last:
        restore(last, tmp_path / "again.zip")
        assert rows_of(last) == rows_of(source)


def test_the_audit_log_still_holds_and_is_still_guarded(backup: Path, empty: Database) -> None:
    manifest = restore(empty, backup)
    with empty.reading() as connection:
        assert audit_log.verify(connection, manifest.heads) is None
        assert len(manifest.heads) == ROWS
    with pytest.raises(Exception, match="only added to"), empty.writing() as connection:
        connection.execute(text("DELETE FROM audit_log"))


def test_no_number_is_given_twice_after_a_restore(database: Database, tmp_path: Path) -> None:
    def add(target: Database, key: str) -> int:
        row = {"key": key, "name": key, "created_at": NOW, "changed_at": NOW}
        with target.writing() as connection:
            return int(
                connection.execute(insert(districts).values(row).returning(districts.c.id)).scalar_one()
            )

    add(database, "first")
    second = add(database, "second")
    with database.writing() as connection:
        connection.execute(delete(districts).where(districts.c.id == second))
    back_up(database, tmp_path / "backup.zip")
    restore(database, tmp_path / "backup.zip", replace=True)
    assert add(database, "third") == 3


def test_a_backup_is_one_state_while_others_write(database: Database, tmp_path: Path) -> None:
    fill(database)

    def write_more(table: str, _: float) -> None:
        if table == "audit_log":
            with database.writing() as connection:
                audit_log.append(connection, 9, actor="user:1", action="x", thing=("y", "z"))
                connection.execute(runs.update().values(phase="later"))

    before = rows_of(database)
    manifest = back_up(database, tmp_path / "backup.zip", write_more)
    assert rows_of(database) != before
    assert {name: table.rows for name, table in manifest.tables.items()} == {
        n: len(r) for n, r in before.items()
    }
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        assert b"later" not in archive.read("tables/runs.jsonl")


def test_a_database_with_rows_is_left_alone_unless_told(backup: Path, database: Database) -> None:
    with database.writing() as connection:
        audit_log.append(connection, 9, actor="user:1", action="x", thing=("y", "z"))
    before = rows_of(database)
    with pytest.raises(BackupError, match="audit_log"):
        restore(database, backup)
    assert rows_of(database) == before


def test_told_to_replace_it_replaces_all(source: Database, backup: Path, database: Database) -> None:
    with database.writing() as connection:
        audit_log.append(connection, 9, actor="user:1", action="x", thing=("y", "z"))
    restore(database, backup, replace=True)
    assert rows_of(database) == rows_of(source)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (("tables/runs.jsonl", b"phase 1", b"phase 9"), "other rows of runs"),
        (("manifest.json", b'"rows": 3', b'"rows": 4'), "other rows"),
        (("manifest.json", b'"kind": "plain"', b'"kind2": "plain"'), "other columns"),
        (("manifest.json", b'"tokens": {', b'"tokens2": {'), "other tables"),
        (("manifest.json", b"partnermatch backup 1", b"partnermatch backup 2"), "format"),
        (("manifest.json", b'"revision": "0', b'"revision": "9'), "another release"),
        (("manifest.json", b'"heads": [', b'"heads": [{"chain": 7, "number": 1, "sha256": ""},'), "chain 7"),
    ],
)
def test_a_damaged_backup_changes_nothing(
    backup: Path, empty: Database, tmp_path: Path, damage: tuple[str, bytes, bytes], said: str
) -> None:
    with pytest.raises(BackupError, match=said):
        restore(empty, spoilt(backup, tmp_path, damage))
    assert inspect(empty.engine).get_table_names() == []


def test_a_failed_replacement_keeps_what_was_there(backup: Path, database: Database, tmp_path: Path) -> None:
    fill(database)
    before = rows_of(database)
    with pytest.raises(BackupError):
        restore(
            database, spoilt(backup, tmp_path, ("tables/runs.jsonl", b"phase 1", b"phase 9")), replace=True
        )
    assert rows_of(database) == before
    check_tables(database)


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path, source: Database) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK no")
    with pytest.raises(BackupError, match="expected a backup"):
        restore(source, tmp_path / "x.zip")


def test_an_earlier_backup_is_never_overwritten(backup: Path, source: Database) -> None:
    before = backup.read_bytes()
    with pytest.raises(BackupError, match="new file"):
        back_up(source, backup)
    assert backup.read_bytes() == before


def test_only_its_owner_reads_a_backup(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in backup.parent.iterdir()] == ["backup.zip"]


def test_a_database_without_tables_has_nothing_to_back_up(empty: Database, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        back_up(empty, tmp_path / "backup.zip")
    assert list(tmp_path.glob("*.zip*")) == []
