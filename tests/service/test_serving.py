"""The command that serves, and those for whoever keeps an installation, run as that person would run them."""

import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert, select, text
from typer.testing import CliRunner, Result

from service.cli import app
from service.operations import audit_log
from service.operations.starting import hold_data, load_demo
from service.people import tokens
from service.people.principal import Role
from service.people.secret import sha256_of
from service.settings import Settings
from service.storage.database import Database, sqlite_url
from service.storage.migrations import migrate
from service.storage.tables import audit_log as audit_entries
from service.storage.tables import districts, runs, sessions, users
from tests.service.server import Server


def run(*arguments: str, **settings: str) -> Result:
    environment = {f"PARTNERMATCH_{name.upper()}": value for name, value in settings.items()}
    return CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server") / "data") as started:
        yield started


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with closing(Database(sqlite_url(tmp_path))) as database:
        migrate(database)
        load_demo(database)
    return tmp_path


def admin_session(database: Database) -> str:
    now = datetime.now(UTC)
    with database.writing() as connection:
        admin = insert(users).values(email="a@example.org", name="A", is_admin=True, created_at=now)
        session = {
            "secret_sha256": sha256_of("secret"),
            "user_id": connection.execute(admin.returning(users.c.id)).scalar_one(),
            "csrf": "csrf",
            "created_at": now,
            "expires_at": now + timedelta(days=1),
        }
        connection.execute(insert(sessions).values(session))
    return "secret"


def wait_for(log: Path, words: str) -> None:
    for _ in range(600):
        if words in log.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def test_a_first_start_brings_a_district_and_a_link_to_become_admin(server: Server) -> None:
    assert server.process.stdout
    lines = [server.process.stdout.readline() for _ in range(2)]
    assert lines[1].strip().startswith(f"{server.address}/welcome?key=")
    with server.client() as client:
        assert client.get("/health/ready").json()["is_ready"]
    with closing(sqlite3.connect(server.data / "partnermatch.db")) as connection:
        assert connection.execute("SELECT key FROM districts").fetchall() == [("demo",)]
        assert connection.execute("SELECT count(*) FROM needs").fetchone() == (180,)


def test_the_link_never_enters_the_log(server: Server) -> None:
    with server.client() as client:
        client.get("/welcome?key=very-secret-key")
    assert "very-secret" not in server.log.read_text()


def test_a_contact_enters_neither_log(server: Server) -> None:
    contact = {
        "contact_name": "Zebedee Quill",
        "contact_email": "zq@example.org",
        "contact_phone": "602-555-0142",
    }
    partner = {"partner_id": "PZ", "name": "Quill Books", "kind": "business", **contact}
    with closing(Database(sqlite_url(server.data))) as database:
        with database.writing() as connection:
            _, token = tokens.issue(connection, 1, tokens.Grant("contacts", Role.COORDINATOR))
        with server.client(Authorization=f"Bearer {token}") as client:
            answers = [
                client.post("/api/v1/partners", json=row)
                for row in (partner, partner, {**partner, "kind": "x"})
            ]
            answers.append(client.get("/api/v1/partners", params={"contact_email": "zq@example.org"}))
        assert [answer.status_code // 100 for answer in answers] == [2, 4, 4, 4]
        with database.reading() as connection:
            kept = server.log.read_text() + str(connection.execute(select(audit_entries)).all())
    assert "/api/v1/partners" in kept
    assert "PZ" in kept
    assert not [word for word in (*contact.values(), "Zebedee", token) if word in kept]


def test_a_second_server_shares_the_data_and_no_change_is_lost(server: Server) -> None:
    with closing(Database(sqlite_url(server.data))) as database:
        cookie = {"Cookie": f"partnermatch={admin_session(database)}", "X-CSRF-Token": "csrf"}
        with Server(server.data) as second, server.client(**cookie) as one, second.client(**cookie) as two:

            def make(number: int) -> int:
                client = (one, two)[number % 2]
                return client.post("/api/v1/districts", json={"key": f"d{number}", "name": "D"}).status_code

            with ThreadPoolExecutor(8) as pool:
                assert set(pool.map(make, range(40))) == {201}
            assert second.stop() == 0
        with database.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM districts")).scalar() == 41
            assert audit_log.verify(connection) is None


def test_a_backup_is_made_while_the_server_runs_and_not_taken_back(server: Server, tmp_path: Path) -> None:
    path, data = str(tmp_path / "backup.zip"), str(server.data)
    assert run("backup", path, "--data", data).exit_code == 0
    refused = run("restore", path, "--replace", "--data", data)
    assert refused.exit_code == 2
    assert "another command uses it" in refused.stderr
    assert run("restore", path, "--data", str(tmp_path / "new")).exit_code == 0
    assert run("verify-log", "--data", str(tmp_path / "new")).exit_code == 0


def test_told_to_stop_it_answers_the_request_at_hand_and_ends_well(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        host, port = server.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            head = f"POST /api/v1/districts HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\n{{"
            connection.sendall(head.encode())
            # It is read before what comes after it.
            httpx.get(f"{server.address}/health/live", trust_env=False)
            server.process.terminate()
            wait_for(server.log, "Shutting down")
            connection.sendall(b"}")
            assert connection.recv(100).startswith(b"HTTP/1.1 401")
        assert server.process.wait(30) == 0


def test_told_to_stop_it_puts_the_run_at_hand_back_into_the_queue(data: Path) -> None:
    with closing(Database(sqlite_url(data))) as database, Server(data) as server:
        with database.writing() as connection:
            _, token = tokens.issue(connection, 1, tokens.Grant("stop", Role.COORDINATOR))
        with server.client(Authorization=f"Bearer {token}") as client:
            asked = {"kind": "match", "effort": "thorough"}
            run_id = client.post("/api/v1/runs", json=asked).json()["id"]
            with client.stream("GET", f"/api/v1/runs/{run_id}/events") as events:
                assert any("running" in line for line in events.iter_lines())
                assert server.stop() == 0
        with database.reading() as connection:
            assert [row.state for row in connection.execute(select(runs.c.state))] == ["queued"]


def test_a_second_start_brings_nothing_back(data: Path) -> None:
    with closing(Database(sqlite_url(data))) as database:
        with database.writing() as connection:
            connection.execute(districts.delete())
        assert not load_demo(database)
        with database.reading() as connection:
            assert connection.execute(select(districts.c.key)).all() == []


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--port", str(taken.getsockname()[1]), "--data", str(tmp_path / "data"))
    assert result.exit_code == 2
    assert "Address already in use. Choose another with --port." in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("serve", "--port", "0", "--data", str(tmp_path / "file" / "data"))
    assert result.exit_code == 2
    assert "cannot be written to" in result.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://127.0.0.1:1/x", "The database cannot be used: connection"),
        ("mysterydb://x", "PARTNERMATCH_DATABASE_URL"),
        ("mysql://x", "PARTNERMATCH_DATABASE_URL"),
        ("no url", "PARTNERMATCH_DATABASE_URL"),
    ],
)
def test_a_database_that_does_not_answer_is_said(tmp_path: Path, url: str, said: str) -> None:
    result = run("serve", "--port", "0", "--data", str(tmp_path), database_url=url)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_database_of_a_newer_release_is_said(data: Path) -> None:
    with closing(sqlite3.connect(data / "partnermatch.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    result = run("serve", "--port", "0", "--data", str(data))
    assert result.exit_code == 2
    assert "newer release" in result.stderr


def test_a_setting_that_makes_no_sense_is_said(tmp_path: Path) -> None:
    result = run("serve", "--port", "0", "--data", str(tmp_path), max_running="many")
    assert result.exit_code == 2
    assert "PARTNERMATCH_MAX_RUNNING" in result.stderr


def test_a_cluster_without_the_address_of_its_scheduler_is_said(tmp_path: Path) -> None:
    result = run("serve", "--port", "0", "--data", str(tmp_path), executor="dask")
    assert result.exit_code == 2
    assert "PARTNERMATCH_DASK_SCHEDULER" in result.stderr


def test_a_cluster_that_does_not_answer_is_said_in_a_line(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    # Closed again: nobody listens there.
    result = run("serve", "--port", "0", "--data", str(tmp_path), executor="dask", dask_scheduler=address)
    assert result.exit_code == 2
    assert f"expected a Dask scheduler that answers at {address}" in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", [("backup", "b.zip"), ("verify-log",)])
def test_without_a_database_there_is_nothing_to_keep(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = run(*command, "--data", str(tmp_path))
    assert result.exit_code == 2
    assert "expected a database, found none" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_broken_audit_log_is_shown_with_its_first_broken_place(data: Path, tmp_path: Path) -> None:
    noted = tmp_path / "noted.json"
    noted.write_text(run("verify-log", "--data", str(data), "--json").stdout)
    with closing(sqlite3.connect(data / "partnermatch.db")) as connection, connection:
        connection.execute("DROP TRIGGER audit_log_refuses_delete")
        connection.execute("DELETE FROM audit_log")
    assert run("verify-log", "--data", str(data)).exit_code == 0
    broken = run("verify-log", "--data", str(data), "--noted", str(noted))
    assert broken.exit_code == 1
    assert "at entry 1 of the installation: an entry noted down earlier is gone" in broken.stderr
    assert json.loads(noted.read_text())["heads"][0]["number"] == 1


def test_a_folder_that_is_served_cannot_be_replaced_and_can_be_shared(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with hold_data(settings), hold_data(settings):
        assert run("restore", "x.zip", "--data", str(tmp_path)).exit_code == 2
