"""What every route does: callers, transactions, idempotency keys, versions and problems."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import APIRouter
from sqlalchemy import func, select
from starlette.testclient import TestClient

from service.api import route
from service.operations.audit_log import verify
from service.people.principal import Role
from service.storage.tables import audit_log, districts, idempotency
from tests.service.installation import Installation

ONE = "/api/v1/districts/demo"
NEW = {"key": "calder", "name": "Calder Bend"}


def test_route_that_does_not_say_who_may_call_it_is_refused() -> None:
    made: APIRouter = route.router("things")
    with pytest.raises(TypeError, match="expected @allow"):
        made.get("")(lambda: None)


def test_unknown_caller_is_told_to_sign_in(installation: Installation) -> None:
    answer = installation.nobody().get(ONE)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "Sign in, or send a token as Bearer."


@pytest.mark.parametrize(("days", "status"), [(1, 200), (-1, 401)])
def test_expired_token_lets_nobody_in(installation: Installation, days: float, status: int) -> None:
    client = installation.bearer(installation.token(Role.BOARD, days=days))
    assert client.get(ONE).status_code == status


def test_token_that_only_reads_changes_nothing(installation: Installation) -> None:
    client = installation.bearer(installation.token(Role.COORDINATOR, may_write=False))
    assert client.get(ONE).status_code == 200
    answer = client.patch(ONE, json={"name": "Other"}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["detail"]) == (403, "This token only reads.")
    assert client.get(ONE).json()["name"] == "demo"


def test_change_has_to_name_the_version_it_is_meant_for(installation: Installation) -> None:
    client = installation.client(Role.COORDINATOR)
    seen = client.get(ONE).headers["etag"]
    assert client.patch(ONE, json={"name": "A"}).status_code == 428
    assert client.patch(ONE, json={"name": "A"}, headers={"If-Match": seen}).status_code == 200
    late = client.patch(ONE, json={"name": "B"}, headers={"If-Match": seen})
    assert late.status_code == 412
    assert client.get(ONE).json()["name"] == "A"


def test_change_may_be_meant_for_several_versions(installation: Installation) -> None:
    client = installation.client(Role.COORDINATOR)
    several = {"If-Match": f'"999", {client.get(ONE).headers["etag"]}'}
    assert client.patch(ONE, json={"name": "A"}, headers=several).status_code == 200
    assert client.patch(ONE, json={"name": "B"}, headers=several).status_code == 412


def test_secret_is_not_kept_for_an_idempotency_key(installation: Installation) -> None:
    admin, new = installation.admin(), {"name": "sync", "role": "board"}
    admin.headers["Idempotency-Key"] = "k"
    secret = admin.post("/api/v1/tokens", json=new).json()["token"]
    with installation.database.reading() as connection:
        assert secret[3:] not in str(connection.execute(select(idempotency)).all())
    again = admin.post("/api/v1/tokens", json=new)
    assert (again.status_code, secret in again.text) == (409, False)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "body/key: expected a value. 1 more in errors."),
        (NEW | {"colour": "red"}, "body/colour: expected no field of this name."),
        (NEW | {"name": 7}, "body/name: expected a valid string."),
        (NEW | {"key": "a b"}, "body/key: expected a text like '^[a-z0-9][a-z0-9-]{0,62}$'."),
    ],
)
def test_what_is_wrong_with_a_field_is_said_in_a_sentence(
    installation: Installation, sent: dict[str, object], said: str
) -> None:
    assert installation.admin().post("/api/v1/districts", json=sent).json()["detail"] == said


def test_token_of_an_admin_is_told_why_it_may_not_do_what_an_admin_may(installation: Installation) -> None:
    answer = installation.client(Role.ADMIN).get("/api/v1/users")
    assert (answer.status_code, "a token is of one district" in answer.text) == (403, True)


def test_one_of_many_changes_of_the_same_version_wins(installation: Installation) -> None:
    client = installation.client(Role.COORDINATOR)

    def change(name: str) -> int:
        return client.patch(ONE, json={"name": name}, headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(change, "abcdefgh"))
    assert statuses == [200] + [412] * 7
    assert client.get(ONE).json()["version"] == 2


def test_session_changes_nothing_without_its_csrf_token(installation: Installation) -> None:
    client = installation.admin()
    del client.headers["X-CSRF-Token"]
    assert client.get(ONE).status_code == 200
    assert client.post("/api/v1/districts", json=NEW).status_code == 403
    foreign = {"X-CSRF-Token": "csrf", "Sec-Fetch-Site": "cross-site"}
    assert client.post("/api/v1/districts", json=NEW, headers=foreign).status_code == 403
    assert client.post("/api/v1/districts", json=NEW, headers={"X-CSRF-Token": "csrf"}).status_code == 201


def test_idempotency_key_makes_one_thing_of_two_requests(installation: Installation) -> None:
    client = installation.admin()
    client.headers["Idempotency-Key"] = "once"
    first, second = (client.post("/api/v1/districts", json=NEW) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["idempotency-replayed"] == "true"
    other = client.post("/api/v1/districts", json=NEW | {"name": "Other"})
    assert (other.status_code, other.json()["detail"][:20]) == (422, "Idempotency-Key once")


def test_idempotency_key_of_another_caller_is_another(installation: Installation) -> None:
    first, second = installation.admin(), installation.admin()
    assert first.post("/api/v1/districts", json=NEW, headers={"Idempotency-Key": "k"}).status_code == 201
    assert second.post("/api/v1/districts", json=NEW, headers={"Idempotency-Key": "k"}).status_code == 409


def test_same_request_at_once_is_done_once(installation: Installation) -> None:
    client = installation.admin()
    client.headers["Idempotency-Key"] = "once"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("/api/v1/districts", json=NEW), range(8)))
    assert {answer.status_code for answer in answers} == {201}
    with installation.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(districts)) == 2
        assert connection.scalar(select(func.count()).select_from(idempotency)) == 1


def test_refused_request_leaves_nothing_behind(installation: Installation) -> None:
    client = installation.client(Role.COORDINATOR)
    headers = {"If-Match": '"1"'}
    answer = client.patch(ONE, json={"name": "A", "policy": "fit = ["}, headers=headers)
    assert answer.status_code == 422
    assert client.get(ONE).json()["version"] == 1
    with installation.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(audit_log)) == 0


def test_every_change_stands_in_the_audit_log(installation: Installation) -> None:
    installation.client(Role.COORDINATOR).patch(ONE, json={"name": "A"}, headers={"If-Match": "*"})
    installation.admin().post("/api/v1/districts", json=NEW)
    with installation.database.reading() as connection:
        entries = connection.execute(select(audit_log).order_by(audit_log.c.chain)).all()
        assert verify(connection) is None
    assert [(entry.chain, entry.actor, entry.action, entry.thing_id) for entry in entries] == [
        (0, "user:1", "created", "calder"),
        (1, "token:1", "changed", "demo"),
    ]


def test_another_district_is_not_there(installation: Installation) -> None:
    installation.add_district("other")
    client = installation.client(Role.COORDINATOR)
    assert client.get("/api/v1/districts/other").status_code == 404
    assert [item["key"] for item in client.get("/api/v1/districts").json()["items"]] == ["demo"]


def test_fault_of_the_program_tells_nothing_of_it(installation: Installation) -> None:
    @installation.app.get("/fault")
    def fail() -> None:
        raise KeyError("secret")

    answer = installation.nobody().get("/fault")
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_value_that_a_library_does_not_like_is_a_fault(installation: Installation) -> None:
    @installation.app.get("/library")
    def library() -> None:
        json.loads("{")

    assert installation.nobody().get("/library").status_code == 500


def test_document_names_roles_and_common_parameters(installation: Installation) -> None:
    paths = installation.nobody().get("/api/v1/openapi.json").json()["paths"]
    change = paths["/api/v1/districts/{key}"]["patch"]
    assert "If-Match" in [parameter["name"] for parameter in change["parameters"]]
    assert paths["/api/v1/districts"]["post"]["x-roles"] == ["admin"]


def test_pages_of_a_list_follow_each_other(installation: Installation) -> None:
    for key in ("b", "c", "a"):
        installation.add_district(key)
    client: TestClient = installation.admin()
    first = client.get("/api/v1/districts", params={"limit": 3}).json()
    second = client.get("/api/v1/districts", params={"limit": 3, "after": first["next"]}).json()
    assert [item["key"] for item in first["items"] + second["items"]] == ["a", "b", "c", "demo"]
    assert second["next"] is None


@pytest.mark.parametrize("address", ["/api/v1/districts/a%00", "/api/v1/districts/demo?district=%00"])
def test_address_with_a_nul_is_refused(installation: Installation, address: str) -> None:
    answer = installation.admin().get(address)
    assert (answer.status_code, answer.json()["detail"]) == (422, "Address: expected no NUL character.")
