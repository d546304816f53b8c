"""The people of a district: invited by a link that is handed over, changed, removed and brought back."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from matching import read_district
from service.people import invitations, sessions
from service.people.principal import Role
from service.people.users import User, change_user, create_user, find_user, list_users, set_role
from service.storage.tables import audit_log
from tests.service.installation import Installation
from tests.service.pages.conftest import browser_of

PASSWORD = "correct horse battery"
ANA = {"name": "Ana Ruiz", "email": "ana@school.org", "role": "leader", "of": "Ash Elementary (01)"}
HERE = "/districts/tiny/people"


@pytest.fixture
def tiny(installation: Installation) -> int:
    """Give the number of a district with schools and partners."""
    return installation.add_district("tiny", read_district("fixtures/tiny"))


@pytest.fixture
def coordinator(installation: Installation, tiny: int) -> TestClient:
    """Give a browser in which a coordinator is signed in."""
    return signed_in(installation, person(installation, "carla@example.org", Role.COORDINATOR, tiny))


def person(installation: Installation, email: str, role: Role | None, district: int, *of: str) -> int:
    with installation.database.writing() as connection:
        number = create_user(connection, email, email.split("@")[0].title())
        if role:
            set_role(connection, number, district, role, of)
    return number


def signed_in(installation: Installation, number: int) -> TestClient:
    browser = browser_of(installation)
    with installation.database.writing() as connection:
        session = sessions.start(connection, number)
    browser.cookies.set("partnermatch", session.secret)
    browser.headers["X-CSRF-Token"] = session.csrf
    return browser


def people(installation: Installation) -> list[User]:
    with installation.database.reading() as connection:
        return list_users(connection)


def link_in(page: Response) -> str:
    (found,) = re.findall(r'id="link" value="([^"]*)"', page.text)
    return parse_qs(urlsplit(str(found)).query)["key"][0]


def test_invited_person_comes_in_by_the_link_and_sees_only_theirs(
    coordinator: TestClient, installation: Installation
) -> None:
    made = coordinator.post(HERE, data=ANA)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    ana = browser_of(installation)
    ana.cookies.set("partnermatch_language", "es")
    key = link_in(made)
    assert "Elija su contraseña" in ana.get(f"/welcome?key={key}").text
    assert ana.post("/welcome", data={"key": key, "password": PASSWORD, "again": PASSWORD}).status_code == 303
    assert ana.get("/").headers["location"] == "/districts/tiny"
    assert ana.get("/districts/tiny/schools/01").status_code == 200
    assert ana.get(HERE).status_code == 403
    assert ana.get(f"/welcome?key={key}").status_code == 404


def test_link_of_a_coordinator_ends_when_the_person_becomes_more_than_the_coordinator_is(
    coordinator: TestClient, installation: Installation
) -> None:
    key = link_in(coordinator.post(HERE, data=ANA))
    (ana,) = (user.id for user in people(installation) if user.email == "ana@school.org")
    assert coordinator.get(f"/welcome?key={key}").status_code == 200
    with installation.database.writing() as connection:
        change_user(connection, ana, is_admin=True)
    data = {"key": key, "password": PASSWORD, "again": PASSWORD}
    assert coordinator.post("/welcome", data=data).status_code == 404


def test_link_ends_with_the_role_of_the_coordinator_who_made_it(
    coordinator: TestClient, installation: Installation, tiny: int
) -> None:
    key = link_in(coordinator.post(HERE, data=ANA))
    (carla,) = (user.id for user in people(installation) if user.email == "carla@example.org")
    with installation.database.writing() as connection:
        set_role(connection, carla, tiny, Role.BOARD)
    assert browser_of(installation).get(f"/welcome?key={key}").status_code == 404


def test_people_are_listed_with_role_and_names_of_theirs(coordinator: TestClient) -> None:
    coordinator.post(HERE, data=ANA)
    page = coordinator.get(HERE).text
    assert "Ana Ruiz" in page
    assert "Ash Elementary (01)" in page
    assert "has not come in yet" in page
    assert 'value="' + ANA["email"] not in page


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"email": "ana"}, "email", "such as ana@school.org"),
        ({"email": "carla@example.org"}, "email", "has a role here already"),
        ({"name": " "}, "name", "Name: expected"),
        ({"role": "admin"}, "role", "expected one of those below"),
        ({"of": ""}, "of", "at least one school"),
        ({"of": "Nowhere"}, "of", "found Nowhere"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nobody_is_invited(
    coordinator: TestClient, installation: Installation, wrong: dict[str, str], field: str, said: str
) -> None:
    answer = coordinator.post(HERE, data=ANA | wrong)
    assert answer.status_code == 422
    assert said in re.findall(f'id="{field}-error">([^<]*)<', answer.text)[0]
    with installation.database.reading() as connection:
        assert "ana@school.org" not in [user.email for user in list_users(connection)]


def test_school_is_meant_by_name_or_id(coordinator: TestClient, installation: Installation) -> None:
    for number, of in enumerate(("01", "ash elementary")):
        assert coordinator.post(HERE, data=ANA | {"email": f"{number}@s.org", "of": of}).status_code == 201
    with installation.database.reading() as connection:
        assert [user.memberships[0].of for user in list_users(connection)[1:]] == [{"01"}] * 2


def test_person_with_an_account_elsewhere_gets_the_role_and_nobody_a_link(
    coordinator: TestClient, installation: Installation
) -> None:
    number = person(installation, "ana@school.org", Role.BOARD, 1)
    with installation.database.writing() as connection:
        invitations.set_password(connection, installation.app.state.sign_in.passwords, number, PASSWORD)
    answer = coordinator.post(HERE, data=ANA)
    assert answer.headers["location"] == f"{HERE}?did=invited&of={number}#did"
    assert coordinator.post(f"{HERE}/{number}/link").status_code == 409


def test_coordinator_gets_no_link_of_an_admin(
    coordinator: TestClient, installation: Installation, tiny: int
) -> None:
    """Whoever has the link of a person can be that person."""
    number = person(installation, "ada@example.org", Role.BOARD, tiny)
    with installation.database.writing() as connection:
        change_user(connection, number, is_admin=True)
    assert coordinator.post(f"{HERE}/{number}/link").status_code == 409
    assert "Show a new link" not in coordinator.get(f"{HERE}/{number}").text


def test_person_of_another_district_is_not_there(coordinator: TestClient, installation: Installation) -> None:
    other = person(installation, "bo@example.org", Role.BOARD, 1)
    for path in ("", "/role", "/remove", "/undo", "/link"):
        asked = (
            coordinator.post(f"{HERE}/{other}{path}", data=ANA)
            if path
            else coordinator.get(f"{HERE}/{other}")
        )
        assert asked.status_code == 404


def test_role_is_changed_and_the_change_undone(coordinator: TestClient, installation: Installation) -> None:
    coordinator.post(HERE, data=ANA)
    answer = coordinator.post(f"{HERE}/2/role", data={"role": "board"})
    assert "The role of Ana Ruiz was changed." in coordinator.get(answer.headers["location"]).text
    coordinator.post(f"{HERE}/2/undo")
    with installation.database.reading() as connection:
        (place,) = find_user(connection, 2).memberships
    assert (place.role, sorted(place.of)) == (Role.LEADER, ["01"])


def test_removed_person_is_out_at_once_and_comes_back_by_undo(
    coordinator: TestClient, installation: Installation, tiny: int
) -> None:
    number = person(installation, "ana@school.org", Role.LEADER, tiny, "01")
    ana = signed_in(installation, number)
    removed = coordinator.post(f"{HERE}/{number}/remove")
    assert ana.get("/districts/tiny").status_code == 401
    assert "was signed out" in coordinator.get(removed.headers["location"]).text
    assert coordinator.get(f"{HERE}/{number}").status_code == 404
    coordinator.post(f"{HERE}/{number}/undo")
    assert coordinator.get(f"{HERE}/{number}").status_code == 200


def test_link_of_a_removed_person_ends(coordinator: TestClient, installation: Installation) -> None:
    key = link_in(coordinator.post(HERE, data=ANA))
    coordinator.post(f"{HERE}/2/remove")
    assert browser_of(installation).get(f"/welcome?key={key}").status_code == 404


def test_new_link_ends_the_earlier_one(coordinator: TestClient, installation: Installation) -> None:
    first = link_in(coordinator.post(HERE, data=ANA))
    second = link_in(coordinator.post(f"{HERE}/2/link"))
    browser = browser_of(installation)
    statuses = [browser.get(f"/welcome?key={key}").status_code for key in (first, second)]
    assert statuses == [404, 200]


def test_nobody_changes_their_own_role(coordinator: TestClient) -> None:
    assert coordinator.post(f"{HERE}/1/remove").status_code == 409
    assert coordinator.post(f"{HERE}/1/role", data={"role": "board"}).status_code == 409
    assert "This is you." in coordinator.get(f"{HERE}/1").text


def test_program_looks_after_nobody(installation: Installation, tiny: int) -> None:
    """A token would outlive itself in the person it invites."""
    program = installation.client(Role.COORDINATOR, tiny)
    assert program.post(HERE, data=ANA).status_code == 403
    number = person(installation, "bo@example.org", Role.BOARD, tiny)
    assert program.post(f"{HERE}/{number}/remove").status_code == 403
    assert program.post(f"{HERE}/{number}/link").status_code == 409


def test_log_names_people_by_number_alone(coordinator: TestClient, installation: Installation) -> None:
    coordinator.post(HERE, data=ANA)
    with installation.database.reading() as connection:
        entries = connection.execute(select(audit_log.c.action, audit_log.c.thing, audit_log.c.details)).all()
    assert [(entry.action, entry.thing) for entry in entries] == [
        ("created", "users"),
        ("given", "roles"),
        ("invited", "users"),
    ]
    assert not any("ana" in entry.details.lower() for entry in entries)


def test_token_is_shown_once_listed_and_revoked(coordinator: TestClient, installation: Installation) -> None:
    programs = "/districts/tiny/programs"
    made = coordinator.post(programs, data={"name": "export", "role": "board", "days": "30"})
    secret = re.findall(r'id="token" value="([^"]*)"', made.text)[0]
    program = installation.bearer(secret)
    assert program.get("/api/v1/schools").status_code == 200
    listed = coordinator.get(programs).text
    assert "export" in listed
    assert secret not in listed
    coordinator.post(f"{programs}/1/revoke")
    assert program.get("/api/v1/schools").status_code == 401
    assert "revoked" in coordinator.get(f"{programs}?did=revoked").text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"days": "1000"}, "days"),
        ({"days": "x"}, "days"),
        ({"days": "0000000019999"}, "days"),
        ({"role": "leader"}, "of"),
        ({"role": "x"}, "role"),
    ],
)
def test_token_that_cannot_be_says_why_beside_the_field(
    coordinator: TestClient, wrong: dict[str, str], field: str
) -> None:
    answer = coordinator.post(
        "/districts/tiny/programs", data={"name": "x", "role": "board", "days": "9"} | wrong
    )
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_many_people_are_searched_and_paged(
    coordinator: TestClient, installation: Installation, tiny: int
) -> None:
    for number in range(60):
        person(installation, f"person{number:02}@example.org", Role.BOARD, tiny)
    page = coordinator.get(HERE).text
    assert page.count('<tr><th scope="row">') == 50
    assert (
        page.count('<tr><th scope="row">')
        + coordinator.get(f"{HERE}?page=2").text.count('<tr><th scope="row">')
        == 61
    )
    assert coordinator.get(f"{HERE}?q=person07").text.count('<tr><th scope="row">') == 1
