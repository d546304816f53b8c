"""Every route, as every role, in one's own district, in another and without one: who gets in, from a table of its own.

A route that stands in no line of ``routes.txt`` fails: whoever adds one says here, by hand, who may call it.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx2 import Response
from sqlalchemy import insert, update
from starlette.testclient import TestClient

from service.app import create_app
from service.people.principal import Role
from service.people.secret import sha256_of
from service.people.sessions import end, start
from service.people.users import create_user
from service.settings import Settings
from service.storage.database import Database, sqlite_url
from service.storage.tables import memberships, sessions, tokens, users
from tests.service.installation import BASE_URL, Installation

#: A line a route: method, path and who may call it: roles of a district (an admin always may), ``admin`` alone,
#: ``person``: whoever is signed in, ``everybody``: without signing in. ``reads`` marks a POST that changes nothing.
ROUTES = Path(__file__).parent / "routes.txt"
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
#: What a path is filled with where nothing of it need be there.
MADE_UP = {
    "{key:path}": "X9",
    "{key}": "999",
    "{run_id}": "R999",
    "{name:path}": "x.csv",
    "{district}": "demo",
}


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    method: str
    path: str
    who: frozenset[str]

    @property
    def is_of_a_district(self) -> bool:
        return not self.who & {"everybody", "person", "admin"}

    @property
    def changes(self) -> bool:
        return self.method in UNSAFE and "reads" not in self.who

    def lets_in(self, role: Role | None) -> bool:
        return bool(self.who & {"everybody"}) or (
            role is not None and (role is Role.ADMIN or bool(self.who & {"person", role.value}))
        )

    def address(self, district: str = "demo") -> str:
        filled = self.path.replace("districts/{key}", f"districts/{district}")
        if self.is_of_a_district:
            filled = filled.replace("districts/{district}", f"districts/{district}")
        for name, value in MADE_UP.items():
            filled = filled.replace(name, value)
        parts = ["999" if part.startswith("{") else part for part in filled.split("/")]
        return "/".join(parts) + (f"?district={district}" if self.is_of_a_district else "")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def lines() -> list[Line]:
    found = [text.split() for text in ROUTES.read_text(encoding="utf-8").splitlines() if text.strip()]
    return [Line(method, path, frozenset(who)) for method, path, *who in found]


LINES = lines()
SIGNED_IN = [line for line in LINES if "everybody" not in line.who]
each_line = pytest.mark.parametrize("line", LINES, ids=str)
each_that_asks_who = pytest.mark.parametrize("line", SIGNED_IN, ids=str)


class Everyone:
    """People and programs of all roles before one installation with the districts ``demo`` and ``other``."""

    def __init__(self, app: FastAPI, database: Database) -> None:
        self.installation = Installation(app, database)
        demo, _ = (self.installation.add_district(key) for key in ("demo", "other"))
        with database.writing() as connection:
            self.ids: dict[Role | None, int] = {
                role: create_user(connection, f"{role}@school.org", "A", is_admin=role is Role.ADMIN)
                for role in (*Role, None)
            }
            for role in set(Role) - {Role.ADMIN}:
                place = {"user_id": self.ids[role], "district_id": demo, "role": role, "of": _of(role)}
                connection.execute(insert(memberships).values(place))

    def signed_in(self, role: Role | None) -> TestClient:
        """Return a browser in which someone of a role is signed in; None: someone without any."""
        with self.installation.database.writing() as connection:
            session = start(connection, self.ids[role])
        headers = {"X-CSRF-Token": session.csrf}
        return TestClient(
            self.installation.app, BASE_URL, cookies={"partnermatch": session.secret}, headers=headers
        )

    def program(self, role: Role, *, may_write: bool = True, days: float = 1) -> TestClient:
        """Return a program with a token of a role."""
        secret = self.installation.token(role, of=_of(role), may_write=may_write, days=days)
        return self.installation.bearer(secret)


def _of(role: Role) -> str:
    return {Role.LEADER: "S1", Role.PARTNER: "P1"}.get(role, "")


def ask(client: TestClient, line: Line, address: str = "", headers: dict[str, str] | None = None) -> Response:
    body = "{}" if line.method in UNSAFE else None
    sent = {"Content-Type": "application/json"} if body else {}
    return client.request(
        line.method,
        address or line.address(),
        content=body,
        headers=sent | (headers or {}),
        follow_redirects=False,
    )


@pytest.fixture(scope="module")
def everyone(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everyone]:
    folder = tmp_path_factory.mktemp("access")
    shutil.copy(sqlite_template, folder / "partnermatch.db")
    database = Database(sqlite_url(folder))
    yield Everyone(create_app(Settings(model="words"), database), database)
    database.close()


def test_every_route_stands_in_the_table_and_none_that_is_not_there(everyone: Everyone) -> None:
    found = {
        f"{method} {(route.path or '').replace(':path}', '}')}"
        for route in iter_route_contexts(everyone.installation.app.routes)
        for method in (route.methods or {"GET"}) - {"HEAD"}
    }
    assert found == {str(line) for line in LINES}


@each_line
def test_a_route_lets_in_whom_the_table_names_and_nobody_else(everyone: Everyone, line: Line) -> None:
    for role in Role:
        status = ask(everyone.signed_in(role), line).status_code
        if line.lets_in(role):
            assert is_in(status, line), (role, status)
        else:
            assert status == 403, (role, status)


@each_line
def test_nobody_is_let_in_who_does_not_say_who_they_are(everyone: Everyone, line: Line) -> None:
    status = ask(everyone.installation.nobody(), line).status_code
    assert is_in(status, line) if line.lets_in(None) else status == 401


@each_that_asks_who
def test_whoever_has_no_role_gets_into_no_district(everyone: Everyone, line: Line) -> None:
    status = ask(everyone.signed_in(None), line).status_code
    if "person" in line.who:
        assert is_in(status, line)
    else:
        assert status == (404 if line.is_of_a_district else 403)
    assert ask(everyone.signed_in(None), line, line.address().split("?")[0]).status_code in (status, 403)


@each_that_asks_who
def test_another_district_is_not_there_but_for_an_admin(everyone: Everyone, line: Line) -> None:
    if line.is_of_a_district:
        for role in Role:
            status = ask(everyone.signed_in(role), line, line.address("other")).status_code
            assert is_in(status, line) if role is Role.ADMIN else status == 404, (role, status)


@each_that_asks_who
def test_a_program_of_a_role_gets_as_far_as_a_person(everyone: Everyone, line: Line) -> None:
    for role in Role:
        status = ask(everyone.program(role), line).status_code
        if line.is_of_a_district:
            assert is_in(status, line) if line.lets_in(role) else status == 403, (role, status)
        elif "admin" in line.who:
            assert status == 403, "Of people and districts no token decides."


@each_that_asks_who
def test_a_token_that_only_reads_changes_nothing(everyone: Everyone, line: Line) -> None:
    answer = ask(everyone.program(Role.COORDINATOR, may_write=False), line)
    assert (
        (answer.json()["detail"] == "This token only reads.") if line.changes else answer.status_code != 401
    )


@each_that_asks_who
def test_a_token_that_is_over_lets_nobody_in(everyone: Everyone, line: Line) -> None:
    revoked = everyone.installation.token(Role.COORDINATOR)
    with everyone.installation.database.writing() as connection:
        is_this = tokens.c.secret_sha256 == sha256_of(revoked)
        connection.execute(update(tokens).where(is_this).values(revoked_at=datetime.now(UTC)))
    for client in (
        everyone.program(Role.COORDINATOR, days=-1),
        everyone.installation.bearer(revoked),
        everyone.installation.bearer("pm_made_up"),
    ):
        assert ask(client, line).status_code == 401


@each_that_asks_who
def test_a_session_that_is_over_lets_nobody_in(everyone: Everyone, line: Line) -> None:
    ended, idle, deactivated = (everyone.signed_in(Role.ADMIN) for _ in range(3))
    with everyone.installation.database.writing() as connection:
        end(connection, ended.cookies["partnermatch"])
        is_this = sessions.c.secret_sha256 == sha256_of(idle.cookies["partnermatch"])
        connection.execute(update(sessions).where(is_this).values(expires_at=datetime.now(UTC)))
        connection.execute(
            update(users).where(users.c.id == everyone.ids[Role.ADMIN]).values(is_active=False)
        )
    try:
        assert ask(deactivated, line).status_code == 401
    finally:
        with everyone.installation.database.writing() as connection:
            connection.execute(update(users).values(is_active=True))
    assert {ask(client, line).status_code for client in (ended, idle)} == {401}


@each_that_asks_who
def test_a_session_changes_nothing_that_another_site_asks_for(everyone: Everyone, line: Line) -> None:
    if line.method in UNSAFE:
        client = everyone.signed_in(Role.ADMIN)
        assert ask(client, line, headers={"Origin": "https://evil.example"}).status_code == 403
        assert ask(client, line, headers={"X-CSRF-Token": "made up"}).status_code == 403
        del client.headers["X-CSRF-Token"]
        assert ask(client, line).status_code == 403


def is_in(status: int, line: Line) -> bool:
    """Whether an answer is of one who may: it may find nothing, or nothing to do, but refuses nobody."""
    has_no_password = str(line) == "POST /sign-in" and status == 401
    return has_no_password or (status < 500 and status not in (401, 403))
