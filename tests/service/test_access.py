"""Every route, as every role, in one's own district, in another and without one: who gets in, from a table of its own.

A route that stands in no line of `ROUTES` fails: whoever adds one says here, by hand, who may call it.
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

#: Method, path and who may call it: roles of a district (an admin always may), ``admin`` alone, ``person``: whoever is
#: signed in, ``everybody``: without signing in. ``reads`` marks a POST that changes nothing.
ROUTES = """
GET     /api/v1/openapi.json                              everybody
GET     /health/live                                      everybody
GET     /health/ready                                     everybody
GET     /metrics                                          everybody
GET     /static                                           everybody
GET     /                                                 person
GET     /favicon.ico                                      everybody
GET     /districts                                        person
POST    /districts                                        admin
GET     /account                                          person
POST    /account/name                                     person
POST    /account/password                                 person
POST    /account/sessions                                 person
GET     /sign-in                                          everybody
POST    /sign-in                                          everybody
GET     /sign-in/openid                                   everybody
GET     /sign-in/openid/return                            everybody
POST    /sign-out                                         person
GET     /welcome                                          everybody
POST    /welcome                                          everybody
POST    /language                                         everybody

GET     /districts/{district}                             coordinator leader partner board
GET     /districts/{district}/needs                       coordinator leader board
GET     /districts/{district}/needs/{need_id}             coordinator leader board
POST    /districts/{district}/decisions                   coordinator
GET     /districts/{district}/propose                     coordinator
POST    /districts/{district}/propose                     coordinator
GET     /districts/{district}/schools                     coordinator leader board
GET     /districts/{district}/schools/{school_id}         coordinator leader board
GET     /districts/{district}/partners                    coordinator leader partner board
GET     /districts/{district}/partners/{partner_id}       coordinator leader partner board
GET     /districts/{district}/summary/schools/{school_id} coordinator leader board
GET     /districts/{district}/summary/partners/{partner_id} coordinator leader partner board
GET     /districts/{district}/policy                      coordinator board
POST    /districts/{district}/policy                      coordinator
POST    /districts/{district}/policy/text                 coordinator
POST    /districts/{district}/policy/undo                 coordinator
GET     /districts/{district}/add/{table}                 coordinator leader partner
POST    /districts/{district}/add/{table}                 coordinator leader partner
GET     /districts/{district}/change/{table}/{key}        coordinator leader partner
POST    /districts/{district}/change/{table}/{key}        coordinator leader partner
POST    /districts/{district}/undo/{name}                 coordinator leader partner
GET     /districts/{district}/rows/{table}                coordinator leader partner
GET     /districts/{district}/runs                        coordinator leader board
POST    /districts/{district}/runs                        coordinator
GET     /districts/{district}/runs/compare                coordinator board
GET     /districts/{district}/runs/{run_id}/compare       coordinator board
GET     /districts/{district}/runs/{run_id}               coordinator leader board
POST    /districts/{district}/runs/{run_id}/cancel        coordinator
GET     /districts/{district}/recalibrate                 coordinator
POST    /districts/{district}/recalibrate                 coordinator
POST    /districts/{district}/recalibrate/withdraw        coordinator
GET     /districts/{district}/runs/{run_id}/curve         coordinator board
GET     /districts/{district}/runs/{run_id}/moves         coordinator board
GET     /districts/{district}/runs/{run_id}/calls         coordinator
GET     /districts/{district}/runs/{run_id}/review        coordinator board
POST    /districts/{district}/runs/{run_id}/review        coordinator
GET     /districts/{district}/runs/{run_id}/matches/{number} coordinator
GET     /districts/{district}/runs/{run_id}/add           coordinator
POST    /districts/{district}/runs/{run_id}/add           coordinator
GET     /districts/{district}/runs/{run_id}/publish       coordinator
POST    /districts/{district}/runs/{run_id}/publish       coordinator
GET     /districts/{district}/convenings                  coordinator leader partner board
POST    /districts/{district}/convenings                  coordinator
GET     /districts/{district}/convenings/calendar.ics     coordinator leader partner board
GET     /districts/{district}/convenings/agenda/{convening_id} coordinator board
GET     /districts/{district}/convenings/talks/{convening_id} coordinator board
GET     /districts/{district}/convenings/packet/{convening_id} coordinator leader partner
GET     /districts/{district}/convenings/packets/{convening_id} coordinator
POST    /districts/{district}/convenings/packets/{convening_id} coordinator reads
GET     /districts/{district}/convenings/printed/{convening_id} coordinator
GET     /districts/{district}/recognition                 coordinator board
GET     /districts/{district}/publications/{number}       coordinator leader board
POST    /districts/{district}/publications/{number}/undo  coordinator
GET     /districts/{district}/landscape                   coordinator leader board
GET     /districts/{district}/landscape/free              coordinator leader board
GET     /districts/{district}/landscape/schools           coordinator leader board
GET     /districts/{district}/landscape/connections       coordinator leader board
GET     /districts/{district}/landscape/landscape.xlsx    coordinator leader board
GET     /districts/{district}/landscape/recruiting        coordinator board
GET     /districts/{district}/people                      coordinator
POST    /districts/{district}/people                      coordinator
GET     /districts/{district}/people/{user_id}            coordinator
POST    /districts/{district}/people/{user_id}/role       coordinator
POST    /districts/{district}/people/{user_id}/remove     coordinator
POST    /districts/{district}/people/{user_id}/undo       coordinator
POST    /districts/{district}/people/{user_id}/link       coordinator
GET     /districts/{district}/programs                    coordinator
POST    /districts/{district}/programs                    coordinator
POST    /districts/{district}/programs/{token_id}/revoke  coordinator
GET     /districts/{district}/import                      coordinator
POST    /districts/{district}/import                      coordinator
GET     /districts/{district}/import/workbook             coordinator
GET     /districts/{district}/import/export               coordinator
GET     /districts/{district}/import/{number}             coordinator
POST    /districts/{district}/import/{number}/undo        coordinator
GET     /districts/{district}/import/files/{key}          coordinator
POST    /districts/{district}/import/files/{key}          coordinator
GET     /districts/{district}/import/files/{key}/names    coordinator
POST    /districts/{district}/import/files/{key}/names    coordinator
GET     /districts/{district}/import/files/{key}/preview  coordinator
POST    /districts/{district}/import/files/{key}/take     coordinator
POST    /districts/{district}/import/files/{key}/drop     coordinator

GET     /api/v1/me                                        person
PUT     /api/v1/me/password                               person
GET     /api/v1/sessions                                  person
DELETE  /api/v1/sessions                                  person
GET     /api/v1/users                                     admin
POST    /api/v1/users                                     admin
GET     /api/v1/users/{user_id}                           admin
PATCH   /api/v1/users/{user_id}                           admin
POST    /api/v1/users/{user_id}/invitation                admin
PUT     /api/v1/users/{user_id}/memberships/{district}    admin
DELETE  /api/v1/users/{user_id}/memberships/{district}    admin
GET     /api/v1/tokens                                    coordinator
POST    /api/v1/tokens                                    coordinator
DELETE  /api/v1/tokens/{token_id}                         coordinator

GET     /api/v1/districts                                 person
POST    /api/v1/districts                                 admin
GET     /api/v1/districts/{key}                           coordinator leader partner board
PATCH   /api/v1/districts/{key}                           coordinator
DELETE  /api/v1/districts/{key}                           admin

GET     /api/v1/schools                                   coordinator leader partner board
POST    /api/v1/schools                                   coordinator
GET     /api/v1/schools/{key}                             coordinator leader partner board
PATCH   /api/v1/schools/{key}                             coordinator leader
DELETE  /api/v1/schools/{key}                             coordinator
GET     /api/v1/needs                                     coordinator leader partner board
POST    /api/v1/needs                                     coordinator leader
GET     /api/v1/needs/{key}                               coordinator leader partner board
PATCH   /api/v1/needs/{key}                               coordinator leader
DELETE  /api/v1/needs/{key}                               coordinator leader
GET     /api/v1/partners                                  coordinator leader partner board
POST    /api/v1/partners                                  coordinator
GET     /api/v1/partners/{key}                            coordinator leader partner board
PATCH   /api/v1/partners/{key}                            coordinator partner
DELETE  /api/v1/partners/{key}                            coordinator
GET     /api/v1/offers                                    coordinator leader partner board
POST    /api/v1/offers                                    coordinator partner
GET     /api/v1/offers/{key}                              coordinator leader partner board
PATCH   /api/v1/offers/{key}                              coordinator partner
DELETE  /api/v1/offers/{key}                              coordinator partner
GET     /api/v1/partnerships                              coordinator leader partner board
POST    /api/v1/partnerships                              coordinator
GET     /api/v1/partnerships/{key}                        coordinator leader partner board
PATCH   /api/v1/partnerships/{key}                        coordinator
DELETE  /api/v1/partnerships/{key}                        coordinator
GET     /api/v1/evidence                                  coordinator leader board
POST    /api/v1/evidence                                  coordinator leader
GET     /api/v1/evidence/{key}                            coordinator leader board
PATCH   /api/v1/evidence/{key}                            coordinator leader
DELETE  /api/v1/evidence/{key}                            coordinator leader
GET     /api/v1/evaluations                               coordinator leader partner board
POST    /api/v1/evaluations                               coordinator leader
GET     /api/v1/evaluations/{key}                         coordinator leader partner board
PATCH   /api/v1/evaluations/{key}                         coordinator leader
DELETE  /api/v1/evaluations/{key}                         coordinator leader
GET     /api/v1/comments                                  coordinator leader board
POST    /api/v1/comments                                  coordinator leader
GET     /api/v1/comments/{key}                            coordinator leader board
PATCH   /api/v1/comments/{key}                            coordinator leader
DELETE  /api/v1/comments/{key}                            coordinator leader
GET     /api/v1/convenings                                coordinator leader partner board
POST    /api/v1/convenings                                coordinator
GET     /api/v1/convenings/{key}                          coordinator leader partner board
PATCH   /api/v1/convenings/{key}                          coordinator
DELETE  /api/v1/convenings/{key}                          coordinator
GET     /api/v1/decisions                                 coordinator leader board
POST    /api/v1/decisions                                 coordinator
GET     /api/v1/decisions/{key}                           coordinator leader board
PATCH   /api/v1/decisions/{key}                           coordinator
DELETE  /api/v1/decisions/{key}                           coordinator

POST    /api/v1/imports                                   coordinator
GET     /api/v1/imports                                   coordinator
GET     /api/v1/imports/{number}                          coordinator
POST    /api/v1/imports/{number}/undo                     coordinator
GET     /api/v1/export                                    coordinator board

GET     /api/v1/publications                              coordinator board
GET     /api/v1/publications/{number}                     coordinator board
POST    /api/v1/publications/{number}/undo                coordinator
POST    /api/v1/recommendations                           coordinator leader board reads
POST    /api/v1/recommendations/feedback                  coordinator
GET     /api/v1/partners/{partner_id}/recommendations     coordinator partner board
GET     /api/v1/offers/{offer_id}/recommendations         coordinator partner board

POST    /api/v1/runs                                      coordinator
GET     /api/v1/runs                                      coordinator board
GET     /api/v1/runs/{run_id}                             coordinator board
GET     /api/v1/runs/{run_id}/events                      coordinator board
POST    /api/v1/runs/{run_id}/cancel                      coordinator
GET     /api/v1/runs/{run_id}/files                       coordinator board
GET     /api/v1/runs/{run_id}/files/{name}                coordinator board
GET     /api/v1/runs/{run_id}/matches                     coordinator board
POST    /api/v1/runs/{run_id}/matches                     coordinator
GET     /api/v1/runs/{run_id}/matches/{number}            coordinator board
PATCH   /api/v1/runs/{run_id}/matches/{number}            coordinator
GET     /api/v1/runs/{run_id}/matches/{number}/cost       coordinator board
GET     /api/v1/runs/{run_id}/review                      coordinator board
POST    /api/v1/runs/{run_id}/publish                     coordinator
GET     /api/v1/runs/{run_id}/unmet                       coordinator board
GET     /api/v1/runs/{run_id}/changes                     coordinator board
GET     /api/v1/runs/{run_id}/curve                       coordinator board
GET     /api/v1/runs/{run_id}/recruiting                  coordinator board
GET     /api/v1/runs/{run_id}/answer                      coordinator board
"""
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
    found = [text.split() for text in ROUTES.splitlines() if text.strip()]
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
