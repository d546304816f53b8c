"""Signing in with OpenID Connect, as a browser does it, at a provider on loopback."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from service.people.users import change_user, create_user
from service.storage.database import Database
from tests.service.people.provider import LocalProvider

START = "/sign-in/openid"


@pytest.fixture
def ana(database: Database) -> int:
    with database.writing() as connection:
        return create_user(connection, "ana@school.org", "Ana Ruiz")


def way_back(browser: TestClient) -> str:
    """Return where a browser comes back to that goes to the provider and signs in there."""
    sent = browser.get(START).headers["location"]
    parts = urlsplit(httpx2.get(sent).headers["location"])
    return f"{parts.path}?{parts.query}"


def test_an_invited_person_comes_in(connected: TestClient, ana: int) -> None:
    assert 'href="/sign-in/openid">Sign in with Calder ID' in connected.get("/sign-in").text
    answer = connected.get(way_back(connected))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Welcome, Ana Ruiz" in connected.get("/").text


def test_the_provider_is_asked_with_state_nonce_and_a_challenge(connected: TestClient) -> None:
    answer = connected.get(START)
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://localhost/sign-in/openid/return"]
    secrets = {asked[name][0] for name in ("state", "nonce", "code_challenge")}
    assert len(secrets) == 3
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly; Max-Age=600; Path=/; SameSite=lax" in cookie
    assert not any(secret in cookie for secret in secrets)


def test_coming_back_twice_lets_in_once(connected: TestClient, ana: int) -> None:
    address = way_back(connected)
    connected.get(address)
    connected.cookies.clear()
    answer = connected.get(address)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert "Signing in with Calder ID did not work" in answer.text


def test_another_browser_cannot_be_sent_back_in_ones_place(connected: TestClient, ana: int) -> None:
    address = way_back(connected)
    connected.get(START)
    assert connected.get(address).status_code == 401


@pytest.mark.parametrize("is_known", [False, True])
def test_an_email_that_is_not_verified_lets_nobody_in(
    connected: TestClient, local: LocalProvider, database: Database, is_known: bool
) -> None:
    local.person["email_verified"] = False
    if is_known:
        with database.writing() as connection:
            create_user(connection, "ana@school.org", "Ana Ruiz")
    answer = connected.get(way_back(connected))
    assert (answer.status_code, "No account here belongs to you" in answer.text) == (401, True)


def test_whoever_is_not_active_stays_out(connected: TestClient, database: Database, ana: int) -> None:
    connected.get(way_back(connected))
    with database.writing() as connection:
        change_user(connection, ana, is_active=False)
    assert connected.get("/").status_code == 401
    assert "No account here belongs to you" in connected.get(way_back(connected)).text


def test_what_a_provider_says_is_wrong_is_not_shown(
    connected: TestClient, local: LocalProvider, ana: int
) -> None:
    local.claims = {"aud": "another client"}
    page = connected.get(way_back(connected))
    assert page.status_code == 401
    assert "another client" not in page.text


def test_without_a_provider_there_is_no_such_page(browser: TestClient) -> None:
    assert "openid" not in browser.get("/sign-in").text
    assert browser.get(START).status_code == 404
