"""Coming in and leaving, as a browser without JavaScript does it."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from service.people import invitations
from service.people.users import create_user, list_users
from service.storage.database import Database
from service.storage.tables import audit_log
from tests.service.people.hashing import fast_passwords

PASSWORD = "correct horse battery"
FORM = {"email": "ana@school.org", "name": "Ana Ruiz", "password": PASSWORD, "again": PASSWORD}


def first_key(database: Database) -> str:
    link = invitations.first_admin_link(database, "http://localhost")
    assert link is not None
    return parse_qs(urlsplit(link).query)["key"][0]


@pytest.fixture
def ana(database: Database) -> int:
    """Give the id of a person with a password."""
    with database.writing() as connection:
        number = create_user(connection, "ana@school.org", "Ana Ruiz")
        invitations.set_password(connection, fast_passwords(), number, PASSWORD)
    return number


def sign_in(browser: TestClient, password: str = PASSWORD, **more: str) -> Response:
    return browser.post("/sign-in", data={"email": "ana@school.org", "password": password, **more})


def fields(page: Response) -> dict[str, str]:
    """Return the inputs of a page by name, with all their attributes."""
    return {match[1]: match[0] for match in re.finditer(r'<input[^>]*name="([^"]*)"[^>]*>', page.text)}


def test_the_first_admin_comes_in_by_the_link(browser: TestClient, database: Database) -> None:
    key = first_key(database)
    assert "Become the admin" in browser.get(f"/welcome?key={key}").text
    answer = browser.post("/welcome", data=FORM | {"key": key})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/api/v1/me").json()["is_admin"]
    with database.reading() as connection:
        assert [(user.email, user.is_admin) for user in list_users(connection)] == [("ana@school.org", True)]


def test_the_first_admins_link_works_once(browser: TestClient, database: Database) -> None:
    key = first_key(database)
    browser.post("/welcome", data=FORM | {"key": key})
    for answer in (
        browser.get(f"/welcome?key={key}"),
        browser.post("/welcome", data=FORM | {"key": key, "email": "b@c.d"}),
    ):
        assert answer.status_code == 404
        assert "used or has expired" in answer.text


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"password": "short", "again": "short"}, "password", "12 to 1,000 characters, got 5"),
        ({"again": "another horse battery"}, "again", "the same password twice"),
        ({"email": "ana"}, "email", "expected one such as"),
        ({"email": "bo@school.org"}, "email", "expected one that nobody has"),
        ({"name": " "}, "name", "Name: expected"),
        (
            {"email": PASSWORD + "@s.org", "password": PASSWORD + "@s.org", "again": PASSWORD + "@s.org"},
            "email",
            "",
        ),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_link_still_works(
    browser: TestClient, database: Database, wrong: dict[str, str], field: str, said: str
) -> None:
    with database.writing() as connection:
        create_user(connection, "bo@school.org", "Bo")
    key = first_key(database)
    answer = browser.post("/welcome", data=FORM | {"key": key} | wrong)
    assert answer.status_code == 422
    assert f"{field}-error" in fields(answer)[field]
    assert said in re.findall(f'id="{field}-error">([^<]*)<', answer.text)[0]
    assert browser.post("/welcome", data=FORM | {"key": key}).status_code == 303


def test_what_was_typed_stays_but_passwords_do_not(browser: TestClient, database: Database) -> None:
    key = first_key(database)
    answer = browser.post("/welcome", data=FORM | {"key": key, "name": '"><b>Ana', "password": "tiger"})
    assert 'value="&#34;&gt;&lt;b&gt;Ana"' in answer.text
    assert "ana@school.org" in answer.text
    assert "tiger" not in answer.text


def test_an_invited_person_chooses_a_password(browser: TestClient, database: Database) -> None:
    with database.writing() as connection:
        key = invitations.invite(connection, create_user(connection, "ana@school.org", "Ana Ruiz"))
    page = browser.get(f"/welcome?key={key}")
    assert "you sign in with your e-mail" in page.text
    assert "new-password" in fields(page)["password"]
    browser.post("/welcome", data={"key": key, "password": PASSWORD, "again": PASSWORD})
    assert "Welcome, Ana Ruiz" in browser.get("/").text
    with database.reading() as connection:
        (entry,) = connection.execute(select(audit_log)).all()
    assert (entry.actor, entry.action, entry.thing) == ("user:1", "changed", "users")


def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_do_not_get(
    browser: TestClient, ana: int
) -> None:
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"partnermatch=[\w-]{43}; HttpOnly; Path=/; SameSite=lax", cookie)


def test_over_https_the_cookie_is_for_this_host_alone(browser: TestClient, ana: int) -> None:
    browser.base_url = "https://localhost"
    cookie = sign_in(browser).headers["set-cookie"]
    assert re.fullmatch(r"__Host-partnermatch=[\w-]{43}; HttpOnly; Path=/; SameSite=lax; Secure", cookie)
    assert browser.get("/").status_code == 200


def test_a_wrong_password_is_said_without_saying_what_is_wrong(browser: TestClient, ana: int) -> None:
    answer = sign_in(browser, "tiger tiger tiger")
    assert answer.status_code == 401
    assert "one of them is wrong" in answer.text
    assert 'value="ana@school.org"' in fields(answer)["email"]
    assert "tiger" not in answer.text
    assert "set-cookie" not in answer.headers


def test_too_many_attempts_have_to_wait(browser: TestClient, ana: int) -> None:
    statuses = [sign_in(browser, "wrong").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_another_site_cannot_sign_a_browser_in_or_out(browser: TestClient, ana: int) -> None:
    elsewhere = {"Origin": "https://evil.example"}
    data = {"email": "ana@school.org", "password": PASSWORD}
    assert browser.post("/sign-in", data=data, headers=elsewhere).status_code == 403
    sign_in(browser)
    assert browser.post("/sign-out").status_code == 403
    assert browser.get("/").status_code == 200


def test_signing_out_ends_the_session(browser: TestClient, ana: int) -> None:
    sign_in(browser)
    secret = browser.cookies["partnermatch"]
    csrf = re.findall('name="csrf" value="([^"]*)"', browser.get("/").text)[0]
    assert browser.post("/sign-out", data={"csrf": csrf}).headers["location"] == "/sign-in"
    assert "partnermatch" not in browser.cookies
    browser.cookies.set("partnermatch", secret)
    assert browser.get("/").status_code == 401


def test_signing_in_ends_the_session_the_browser_had(browser: TestClient, ana: int) -> None:
    sign_in(browser)
    before = browser.cookies["partnermatch"]
    sign_in(browser)
    assert browser.cookies["partnermatch"] != before
    browser.cookies.clear()
    browser.cookies.set("partnermatch", before)
    assert browser.get("/").status_code == 401


def test_whoever_is_not_signed_in_gets_the_form_and_comes_back_to_the_page(
    browser: TestClient, ana: int
) -> None:
    page = browser.get("/?week=3")
    assert page.status_code == 401
    assert 'value="/?week=3"' in fields(page)["then"]
    assert sign_in(browser, then="/?week=3").headers["location"] == "/?week=3"


@pytest.mark.parametrize(
    "then", ["//evil.example", "https://evil.example", "", "javascript:alert(1)", "/\\evil.example"]
)
def test_signing_in_leads_to_no_other_site(browser: TestClient, ana: int, then: str) -> None:
    location = sign_in(browser, then=then).headers["location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_whoever_is_signed_in_is_not_asked_again(browser: TestClient, ana: int) -> None:
    sign_in(browser)
    assert browser.get("/sign-in").headers["location"] == "/"


@pytest.mark.parametrize("path", ["/sign-in", "/welcome?key=x", "/nowhere", "/"])
def test_every_page_has_a_language_a_title_and_one_heading_and_a_strict_policy(
    browser: TestClient, path: str
) -> None:
    page = browser.get(path)
    assert page.headers["content-type"].startswith("text/html")
    assert '<html lang="en">' in page.text
    assert (
        len(re.findall("<title>[^<]+</title>", page.text))
        == len(re.findall("<h1>[^<]+</h1>", page.text))
        == 1
    )
    assert re.findall('<script(?![^>]* src="/static/)', page.text) == []
    assert "style=" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_every_field_has_a_label_and_tells_browsers_how_to_fill_it(
    browser: TestClient, database: Database
) -> None:
    for path in ("/sign-in", f"/welcome?key={first_key(database)}"):
        page = browser.get(path)
        for name, attributes in fields(page).items():
            if 'type="hidden"' not in attributes:
                assert f'<label for="{name}">' in page.text
                assert re.search('autocomplete="(username|name|current-password|new-password)"', attributes)


def test_the_style_comes_from_here(browser: TestClient) -> None:
    (address,) = re.findall('<link rel="stylesheet" href="([^"]*)">', browser.get("/sign-in").text)
    assert browser.get(address).headers["content-type"].startswith("text/css")
