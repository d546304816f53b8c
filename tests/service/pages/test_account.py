"""One's own account, one's districts, and what is said where something goes wrong: in the language of whoever reads."""

import re

import pytest
from starlette.testclient import TestClient

from service.people import invitations, sessions
from service.people.principal import Role
from service.people.users import create_user, find_user, set_role
from tests.service.installation import BASE_URL, Installation
from tests.service.pages.conftest import browser_of

OLD, NEW = "correct horse battery", "staple correct horse"


@pytest.fixture
def ana(installation: Installation) -> TestClient:
    """Give a browser in which a person is signed in who has a role in one district."""
    return signed_in(installation, Role.BOARD)


def signed_in(installation: Installation, role: Role | None, *, is_admin: bool = False) -> TestClient:
    browser = browser_of(installation)
    with installation.database.writing() as connection:
        number = create_user(connection, "ana@school.org", "Ana Ruiz", is_admin=is_admin)
        invitations.set_password(connection, installation.app.state.sign_in.passwords, number, OLD)
        if role:
            set_role(connection, number, 1, role)
        sessions.start(connection, number)
    browser.post("/sign-in", data={"email": "ana@school.org", "password": OLD})
    browser.headers["X-CSRF-Token"] = re.findall('name="csrf" value="([^"]*)"', browser.get("/account").text)[
        0
    ]
    return browser


def test_password_is_changed_and_only_this_browser_stays_signed_in(ana: TestClient) -> None:
    before = ana.cookies["partnermatch"]
    changed = ana.post("/account/password", data={"current": OLD, "password": NEW, "again": NEW})
    assert changed.headers["location"] == "/account?did=password"
    assert ana.cookies["partnermatch"] != before
    assert ana.get("/account").text.count("another one") == 0
    ana.cookies.clear()
    statuses = [
        ana.post("/sign-in", data={"email": "ana@school.org", "password": one}).status_code
        for one in (OLD, NEW)
    ]
    assert statuses == [401, 303]


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"current": "another one"}, "current", "expected the one you have now"),
        ({"again": "x"}, "again", "the same password twice"),
        ({"password": "short", "again": "short"}, "password", "12 to 1,000 characters"),
    ],
)
def test_password_that_cannot_be_says_why_beside_its_field(
    ana: TestClient, wrong: dict[str, str], field: str, said: str
) -> None:
    answer = ana.post("/account/password", data={"current": OLD, "password": NEW, "again": NEW} | wrong)
    assert answer.status_code == 422
    assert said in re.findall(f'id="{field}-error">([^<]*)<', answer.text)[0]
    assert OLD not in answer.text
    assert NEW not in answer.text


def test_guessing_the_password_of_an_open_browser_has_to_wait(ana: TestClient) -> None:
    data = {"current": "a guess", "password": NEW, "again": NEW}
    said = [ana.post("/account/password", data=data).text for _ in range(11)]
    assert "Too many attempts" in said[-1]
    assert "Too many attempts" not in said[-2]


def test_name_is_changed(ana: TestClient, installation: Installation) -> None:
    assert "Name: expected" in ana.post("/account/name", data={"name": " "}).text
    ana.post("/account/name", data={"name": "Ana  Díaz"})
    with installation.database.reading() as connection:
        assert find_user(connection, 1).name == "Ana Díaz"


def test_other_browsers_are_signed_out(ana: TestClient) -> None:
    assert "another one" in ana.get("/account").text
    ana.post("/account/sessions")
    assert "another one" not in ana.get("/account").text


def test_program_has_no_account(installation: Installation) -> None:
    assert installation.client(Role.COORDINATOR).get("/account").status_code == 403


def test_whoever_has_one_district_goes_there_at_once_and_can_see_the_list(ana: TestClient) -> None:
    assert ana.get("/").headers["location"] == "/districts/demo"
    assert "Board member" in ana.get("/districts").text


def test_whoever_has_no_district_is_told_who_gives_one(installation: Installation) -> None:
    assert "You have no role in any district yet" in signed_in(installation, None).get("/").text


def test_admin_makes_a_district_whose_short_name_is_made_of_its_name(installation: Installation) -> None:
    admin = signed_in(installation, None, is_admin=True)
    made = admin.post("/districts", data={"name": "  Peñas  Altas ", "key": ""})
    assert made.headers["location"] == "/districts/penas-altas"
    assert "Peñas Altas" in admin.get("/").text
    assert admin.get("/districts/penas-altas").status_code == 200


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": "", "key": "x"}, "name"),
        ({"name": "X", "key": "Not One"}, "key"),
        ({"name": "X", "key": "demo"}, "key"),
        ({"name": "?", "key": ""}, "key"),
    ],
)
def test_district_that_cannot_be_says_why_beside_its_field(
    installation: Installation, sent: dict[str, str], field: str
) -> None:
    admin = signed_in(installation, None, is_admin=True)
    answer = admin.post("/districts", data=sent)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_nobody_else_makes_a_district(ana: TestClient) -> None:
    assert ana.post("/districts", data={"name": "X", "key": "x"}).status_code == 403
    assert "Make a district" not in ana.get("/districts").text


@pytest.mark.parametrize(
    ("path", "english", "spanish"),
    [
        ("/nowhere", "Not found", "No se encontró"),
        ("/districts/demo/people", "You may not do this", "No tiene permiso para esto"),
        ("/districts/demo/needs?page=0", "Something is not as expected", "Algo no es como se esperaba"),
        ("/welcome?key=x", "This link does not work any more", "Este enlace ya no funciona"),
    ],
)
def test_problem_says_in_both_languages_what_happened_and_leads_back(
    ana: TestClient, path: str, english: str, spanish: str
) -> None:
    came = {"Referer": "http://localhost/districts/demo/needs?q=a"}
    page = ana.get(path, headers=came).text
    assert f"<h1>{english}</h1>" in page
    assert 'href="/districts/demo/needs?q=a"' in page
    ana.cookies.set("partnermatch_language", "es")
    assert f"<h1>{spanish}</h1>" in ana.get(path).text


@pytest.mark.parametrize(
    "came", ["https://evil.example/x", "http://localhost//evil.example", "javascript:x", "//x"]
)
def test_problem_leads_back_to_no_other_site(ana: TestClient, came: str) -> None:
    page = ana.get("/nowhere", headers={"Referer": came}).text
    assert "evil" not in page
    assert "Back to where you were" not in page


def test_fault_of_the_program_gives_its_number_and_nothing_of_what_happened(
    installation: Installation,
) -> None:
    installation.app.state.sign_in = "broken"
    browser = TestClient(
        installation.app, BASE_URL, headers={"Accept": "text/html"}, raise_server_exceptions=False
    )
    page = browser.post("/sign-in", data={"email": "a@b.c", "password": "x"})
    assert page.status_code == 500
    assert "<h1>A fault of the program</h1>" in page.text
    assert re.search(r"Number of the request: <code>\w+</code>", page.text)
    assert "broken" not in page.text


def test_every_way_in_speaks_spanish(installation: Installation) -> None:
    browser = browser_of(installation)
    link = invitations.first_admin_link(installation.database, "http://localhost") or ""
    asked = browser.post("/language", data={"language": "es", "then": "/sign-in"})
    assert asked.headers["location"] == "/sign-in"
    assert "<h1>Iniciar sesión</h1>" in browser.get("/sign-in").text
    assert "Inicie sesión; después sigue" in browser.get("/districts/demo").text
    assert (
        "<h1>Encárguese de la administración</h1>" in browser.get(link.removeprefix("http://localhost")).text
    )
    wrong = browser.post("/sign-in", data={"email": "a@b.c", "password": "x"}).text
    assert "uno de los dos no es correcto" in wrong


def test_icon_is_there_where_browsers_look_for_it(installation: Installation) -> None:
    browser = browser_of(installation)
    address = browser.get("/favicon.ico").headers["location"]
    assert browser.get(address).headers["content-type"] == "image/svg+xml"
    assert f'href="{address}"' in browser.get("/sign-in").text
