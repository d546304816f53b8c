"""The command `partnermatch token`, as whoever runs an installation uses it."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from service.cli import app
from service.people.principal import Principal, Role
from service.people.recognition import principal_of_token
from service.storage.database import Database, sqlite_url
from service.storage.tables import audit_log


@pytest.fixture
def dialect() -> str:
    return "sqlite"


@pytest.fixture
def data(district: int, tmp_path: Path) -> Path:
    """Give the folder of an installation with one district."""
    return tmp_path


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["token", "--data", str(data), *arguments], catch_exceptions=False)


def let_in(data: Path, secret: str) -> Principal | None:
    database = Database(sqlite_url(data))
    with database.reading() as connection:
        found = principal_of_token(connection, secret)
    database.close()
    return found


def test_the_token_alone_is_printed_and_lets_a_program_in(data: Path) -> None:
    done = run(data, "--role", "leader", "--of", "S1", "--district", "riverside", "--read-only")
    secret = done.stdout.removesuffix("\n")
    found = let_in(data, secret)
    assert found is not None
    assert (found.memberships[0].role, found.memberships[0].of, found.may_write) == (
        Role.LEADER,
        frozenset({"S1"}),
        False,
    )
    assert "not shown again" in done.stderr
    assert secret not in done.stderr


def test_the_only_district_need_not_be_named(data: Path) -> None:
    assert let_in(data, run(data, "--role", "coordinator").stdout.strip()) is not None


def test_tokens_are_listed_without_their_secrets_and_revoked_by_number(data: Path) -> None:
    secret = run(data, "--role", "board", "--name", "dashboard", "--days", "7").stdout.strip()
    listed = run(data, "--list").stdout
    assert "dashboard" in listed
    assert secret[3:] not in listed
    assert "lets nobody in any more" in run(data, "--revoke", "1").stderr
    assert let_in(data, secret) is None
    assert "revoked" in run(data, "--list").stdout


def test_tokens_made_and_revoked_stand_in_the_audit_log_without_secrets(
    data: Path, database: Database, district: int
) -> None:
    secret = run(data, "--role", "board").stdout.strip()
    run(data, "--revoke", "1")
    with database.reading() as connection:
        entries = connection.execute(select(audit_log)).all()
    assert [(entry.chain, entry.action, entry.thing) for entry in entries] == [
        (district, "created", "tokens"),
        (district, "revoked", "tokens"),
    ]
    assert secret[3:] not in str(entries)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--role", "board", "--district", "hillside"], "expected one of riverside, got hillside"),
        (["--role", "leader"], "expected the school_id"),
        (["--role", "leader", "--of", "S9"], "S9: expected one of the district"),
        (["--role", "board", "--days", "0"], "expected 1 to 366 days"),
        (["--revoke", "7"], "Token 7"),
        ([], "expected one of --role"),
        (["--role", "board", "--list"], "expected one of --role"),
        (["--role", "janitor"], "janitor"),
    ],
)
def test_what_cannot_be_is_said_and_no_token_printed(data: Path, arguments: list[str], expected: str) -> None:
    done = run(data, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert expected in " ".join(done.stderr.replace("│", " ").split())


def test_without_a_database_the_way_to_one_is_told(tmp_path: Path) -> None:
    done = run(tmp_path / "nowhere", "--role", "board")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "`partnermatch serve` makes it" in " ".join(done.stderr.split())
    assert not (tmp_path / "nowhere").exists()


def test_a_database_of_another_release_is_left_alone(data: Path) -> None:
    with sqlite3.connect(data / "partnermatch.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    done = run(data, "--role", "board")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "made by a newer release" in " ".join(done.stderr.split())
