"""People, tokens and passwords over HTTP."""

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from service.people.sign_in import SignIn
from service.storage.tables import audit_log
from tests.service.installation import BASE_URL, Installation
from tests.service.people.hashing import fast_passwords

V1 = "/api/v1"
ANA = {"email": "ana@school.org", "name": "Ana Ruiz"}
PASSWORD = "correct horse battery"


@pytest.fixture
def admin(installation: Installation) -> TestClient:
    installation.app.state.sign_in = SignIn(installation.database, fast_passwords())
    return installation.admin()


def signed_up(installation: Installation, link: str) -> TestClient:
    """Return a browser whose owner has chosen a password by a link."""
    browser = TestClient(installation.app, BASE_URL, follow_redirects=False)
    key = link.partition("key=")[2]
    browser.post("/welcome", data={"key": key, "password": PASSWORD, "again": PASSWORD})
    browser.headers["X-CSRF-Token"] = browser.get(f"{V1}/me").json()["csrf"]
    return browser


def test_invited_coordinator_signs_up_and_makes_a_token(
    installation: Installation, admin: TestClient
) -> None:
    invited = admin.post(f"{V1}/users", json=ANA).json()
    role = {"role": "coordinator"}
    assert admin.put(f"{V1}/users/{invited['user']['id']}/memberships/demo", json=role).status_code == 200
    ana = signed_up(installation, invited["link"])
    assert ana.get(f"{V1}/me").json()["memberships"] == [
        {"district": "demo", "role": "coordinator", "of": []}
    ]
    made = ana.post(f"{V1}/tokens", json={"name": "sync", "role": "board", "may_write": False}).json()
    program = installation.bearer(made["token"])
    assert program.get(f"{V1}/districts/demo").status_code == 200
    assert made["token"] not in ana.get(f"{V1}/tokens").text
    assert ana.delete(f"{V1}/tokens/{made['id']}").status_code == 204
    assert program.get(f"{V1}/districts/demo").status_code == 401


def test_whoever_is_made_inactive_is_out_at_once(installation: Installation, admin: TestClient) -> None:
    invited = admin.post(f"{V1}/users", json=ANA).json()
    ana = signed_up(installation, invited["link"])
    assert admin.patch(f"{V1}/users/{invited['user']['id']}", json={"is_active": False}).status_code == 200
    assert ana.get(f"{V1}/me").status_code == 401


def test_new_password_needs_the_old_one_and_ends_all_sessions(
    installation: Installation, admin: TestClient
) -> None:
    ana = signed_up(installation, admin.post(f"{V1}/users", json=ANA).json()["link"])
    assert len(ana.get(f"{V1}/sessions").json()["items"]) == 1
    wrong = {"current": "wrong", "new": "another horse battery"}
    assert ana.put(f"{V1}/me/password", json=wrong).status_code == 403
    assert ana.put(f"{V1}/me/password", json=wrong | {"current": PASSWORD}).status_code == 204
    assert ana.get(f"{V1}/me").status_code == 401


def test_no_token_makes_tokens_and_no_coordinator_an_admins(
    installation: Installation, admin: TestClient
) -> None:
    new = {"name": "sync", "role": "admin"}
    program = installation.bearer(admin.post(f"{V1}/tokens", json=new).json()["token"])
    assert program.post(f"{V1}/tokens", json=new).status_code == 403
    invited = admin.post(f"{V1}/users", json=ANA).json()
    admin.put(f"{V1}/users/{invited['user']['id']}/memberships/demo", json={"role": "coordinator"})
    assert signed_up(installation, invited["link"]).post(f"{V1}/tokens", json=new).status_code == 403


def test_audit_log_names_neither_emails_nor_links_nor_tokens(
    installation: Installation, admin: TestClient
) -> None:
    invited = admin.post(f"{V1}/users", json=ANA).json()
    token = admin.post(f"{V1}/tokens", json={"name": "sync", "role": "board"}).json()["token"]
    with installation.database.reading() as connection:
        entries = str(connection.execute(select(audit_log)).all())
    assert "created" in entries
    assert not any(secret in entries for secret in (ANA["email"], invited["link"][-20:], token[3:]))
