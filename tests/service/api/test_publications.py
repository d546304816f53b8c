"""Publishing over HTTP: all or none, never a slot twice, and back."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from matching.district import District
from service.app import create_app
from service.operations.audit_log import verify
from service.people.principal import Role
from service.settings import Settings
from service.storage.database import Database
from service.storage.districts import load_district
from service.storage.tables import audit_log, districts, publications
from tests.districts import Row, make_district, make_need, make_offer
from tests.service.districts import assert_same
from tests.service.installation import Installation
from tests.service.planned import add_plan, slots_given

ANY = {"If-Match": "*"}
ON = {"on": "2026-09-14"}
ALL = ON | {"accept_rest": True}
RACER = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from starlette.testclient import TestClient
from service.app import create_app
from service.settings import Settings
from service.storage.database import Database

url, secret, run, start = sys.argv[1:]
app = create_app(Settings(model="words", log_level="ERROR"), Database(url))
client = TestClient(app, "http://localhost", headers={"Authorization": f"Bearer {secret}"})

def publish(_):
    body = {"on": "2026-09-14", "accept_rest": True}
    return client.post(f"/api/v1/runs/{run}/publish", json=body).status_code

client.post(f"/api/v1/runs/{run}/publish", json={"on": "2026-09-14", "accept_rest": True, "dry_run": True})
Path(f"{start}.{run}").touch()
while not Path(start).exists():
    time.sleep(0.01)
with ThreadPoolExecutor(10) as pool:
    print(json.dumps(sorted(pool.map(publish, range(10)))))
"""


def two_needs(partnerships: Sequence[Row] = ()) -> District:
    """Return two needs of five slots, either of which could have the only offer."""
    return make_district(
        [make_need(slots=5), make_need(slots=5)], [make_offer(slots=5)], partnerships=partnerships
    )


@pytest.fixture
def place(database: Database) -> Installation:
    made = Installation(create_app(Settings(model="words"), database), database)
    made.add_district("demo", two_needs())
    return made


@pytest.fixture
def client(place: Installation) -> TestClient:
    return place.client(Role.COORDINATOR)


def running(client: TestClient) -> list[list[Any]]:  # Any: cells
    names = ("need_id", "offer_id", "slots", "status")
    return [[row[name] for name in names] for row in client.get("/api/v1/partnerships").json()["items"]]


def rules(problem: Any) -> list[str]:  # Any: JSON
    assert problem["status"] == 409, problem
    return [fault["at"] for fault in problem["errors"]]


def test_a_dry_run_tells_what_publishing_would_do_and_does_nothing(
    place: Installation, client: TestClient
) -> None:
    run = f"/api/v1/runs/{add_plan(place.database, ('n0', 'o0', 5))}"
    seen = client.post(f"{run}/publish", json=ALL | {"dry_run": True})
    assert (seen.status_code, seen.json()["counts"], seen.json()["number"]) == (200, {"made": 1}, None)
    assert running(client) == []
    assert client.get("/api/v1/publications").json()["items"] == []


def test_accepted_matches_run_and_declined_ones_stay_away(place: Installation, client: TestClient) -> None:
    run = f"/api/v1/runs/{add_plan(place.database, ('n0', 'o0', 3), ('n1', 'o0', 2))}"
    client.patch(f"{run}/matches/1", json={"decision": "accepted", "locked": True}, headers=ANY)
    client.patch(f"{run}/matches/2", json={"decision": "declined", "reason": "No room"}, headers=ANY)
    answer = client.post(f"{run}/publish", json=ON)
    assert (answer.status_code, answer.headers["location"]) == (201, "/api/v1/publications/1")
    assert running(client) == [["n0", "o0", 3, "active"], ["n1", "o0", 2, "declined"]]
    decided = client.get("/api/v1/decisions").json()["items"]
    assert [(one["decision"], one["reason"]) for one in decided] == [
        ("accepted", None),
        ("declined", "No room"),
    ]
    assert client.get("/api/v1/partnerships").json()["items"][0]["locked"] is True
    assert client.get("/api/v1/publications/1").json() == answer.json()


def test_publishing_counts_the_district_up_and_stands_in_the_audit_log(
    place: Installation, client: TestClient
) -> None:
    run = add_plan(place.database, ("n0", "o0", 5))
    client.post(f"/api/v1/runs/{run}/publish", json=ALL)
    with place.database.reading() as connection:
        assert connection.scalar(select(districts.c.version)) == 2
        entry = connection.execute(select(audit_log)).one()
        assert verify(connection) is None
    assert (entry.action, entry.thing, entry.thing_id) == ("published", "publications", "1")


def test_what_is_published_in_parts_adds_up(place: Installation, client: TestClient) -> None:
    run = f"/api/v1/runs/{add_plan(place.database, ('n0', 'o0', 3), ('n1', 'o0', 2))}"
    client.patch(f"{run}/matches/1", json={}, headers=ANY)
    assert client.post(f"{run}/publish", json=ON).json()["counts"] == {"made": 1}
    client.patch(f"{run}/matches/1", json={"slots": 2}, headers=ANY)
    assert client.post(f"{run}/publish", json=ALL).json()["counts"] == {"changed": 1, "made": 1}
    assert running(client) == [["n0", "o0", 2, "active"], ["n1", "o0", 2, "active"]]
    assert client.post(f"{run}/publish", json=ALL).status_code == 409


def test_a_match_unlocked_in_the_review_is_unlocked_when_it_is_published(place: Installation) -> None:
    row = {"need_id": "n0", "offer_id": "o0", "slots": 5, "status": "active", "locked": "yes"}
    locked = place.add_district("locked", two_needs([row]))
    client = place.client(Role.COORDINATOR, locked)
    run = f"/api/v1/runs/{add_plan(place.database, ('n0', 'o0', 5), district_id=locked)}"
    assert client.get(f"{run}/matches/1").json()["locked"]
    client.patch(f"{run}/matches/1", json={"locked": False}, headers=ANY)
    assert client.post(f"{run}/publish", json=ON).status_code == 201
    assert not client.get("/api/v1/partnerships").json()["items"][0]["locked"]


def test_an_undone_publication_leaves_the_district_as_it_was(place: Installation) -> None:
    rows: list[Row] = [
        {
            "need_id": "n1",
            "offer_id": "o0",
            "slots": 2,
            "status": "active",
            "since": "2026-09-01",
            "note": "Mondays",
        }
    ]
    district_id = place.add_district("before", two_needs(partnerships=rows))
    client = place.client(Role.COORDINATOR, district_id)
    with place.database.reading() as connection:
        before = load_district(connection, district_id)
    run = f"/api/v1/runs/{add_plan(place.database, ('n0', 'o0', 5), district_id=district_id)}"
    client.patch(f"{run}/matches/1", json={}, headers=ANY)
    published = client.post(f"{run}/publish", json=ALL).json()
    assert published["counts"] == {"made": 1, "ended": 1}
    undone = client.post(f"/api/v1/publications/{published['number']}/undo")
    assert (undone.status_code, undone.json()["undone_by"] != "") == (200, True)
    with place.database.reading() as connection:
        assert_same(load_district(connection, district_id), before)
    assert client.post(f"/api/v1/publications/{published['number']}/undo").status_code == 409
    assert client.post(f"{run}/publish", json=ALL).status_code == 201


def test_what_changed_since_is_neither_overwritten_nor_undone(
    place: Installation, client: TestClient
) -> None:
    run = f"/api/v1/runs/{add_plan(place.database, ('n0', 'o0', 5))}"
    client.post(f"{run}/publish", json=ALL)
    row = client.get("/api/v1/partnerships").json()["items"][0]["number"]
    assert client.patch(f"/api/v1/partnerships/{row}", json={"slots": 4}, headers=ANY).status_code == 200
    assert rules(client.post("/api/v1/publications/1/undo").json()) == ["changed/n0/o0"]
    client.patch(f"{run}/matches/1", json={"slots": 3}, headers=ANY)
    assert rules(client.post(f"{run}/publish", json=ALL).json()) == ["changed/n0/o0"]
    assert running(client) == [["n0", "o0", 4, "active"]]


def test_slots_that_are_gone_since_refuse_it_and_other_changes_do_not(
    place: Installation, client: TestClient
) -> None:
    run = f"/api/v1/runs/{add_plan(place.database, ('n0', 'o0', 5))}"
    comment = {"school_id": "s0", "respondent": "staff", "text": "Soon, please."}
    assert client.post("/api/v1/comments", json=comment).status_code == 201
    assert client.post(f"{run}/publish", json=ALL | {"dry_run": True}).json()["refusals"] == []
    client.patch("/api/v1/offers/o0", json={"slots": 4}, headers=ANY)
    refused = client.post(f"{run}/publish", json=ALL).json()
    assert rules(refused) == ["capacity/o0", "trained_capacity/o0"]
    assert "The offer gives 5 slots, it has 4: 5 with n0." in refused["detail"]
    assert running(client) == []


def test_slots_that_went_to_others_are_not_taken_back(place: Installation, client: TestClient) -> None:
    first, second = (add_plan(place.database, (need, "o0", 5)) for need in ("n0", "n1"))
    client.post(f"/api/v1/runs/{first}/publish", json=ALL)
    assert "capacity/o0" in rules(client.post(f"/api/v1/runs/{second}/publish", json=ALL).json())
    third = add_plan(place.database)
    ended = client.post(f"/api/v1/runs/{third}/publish", json=ALL).json()
    assert ended["counts"] == {"ended": 1}
    assert client.post(f"/api/v1/runs/{second}/publish", json=ALL).status_code == 201
    assert "capacity/o0" in rules(client.post(f"/api/v1/publications/{ended['number']}/undo").json())


def test_a_reason_for_a_rule_holds_when_it_is_published_and_when_its_end_is_undone(
    place: Installation, client: TestClient
) -> None:
    offer = {"offer_id": "event", "partner_id": "p0", "focus": "Garden day", "kinds": ["event"], "slots": 2}
    assert client.post("/api/v1/offers", json=offer).status_code == 201
    run = f"/api/v1/runs/{add_plan(place.database)}"
    new = {"need_id": "n0", "offer_id": "event", "slots": 2, "override": "They begin in the garden."}
    assert client.post(f"{run}/matches", json=new).json()["match"]["overridden"] == ["fit_floor", "kind"]
    assert client.post(f"{run}/publish", json=ON).status_code == 201
    assert running(client) == [["n0", "event", 2, "active"]]
    client.post(f"/api/v1/runs/{add_plan(place.database)}/publish", json=ALL)
    assert running(client) == [["n0", "event", 2, "ended"]]
    assert client.post("/api/v1/publications/2/undo").status_code == 200
    assert running(client) == [["n0", "event", 2, "active"]]


def test_others_publish_nothing_and_another_district_sees_nothing(
    place: Installation, client: TestClient
) -> None:
    run = add_plan(place.database, ("n0", "o0", 5))
    client.post(f"/api/v1/runs/{run}/publish", json=ALL)
    board = place.client(Role.BOARD)
    assert board.get("/api/v1/publications/1").status_code == 200
    assert board.post("/api/v1/publications/1/undo").status_code == 403
    assert board.post(f"/api/v1/runs/{run}/publish", json=ALL).status_code == 403
    other = place.client(Role.COORDINATOR, place.add_district("other"))
    assert other.get("/api/v1/publications/1").status_code == 404
    assert other.post("/api/v1/publications/1/undo").status_code == 404
    assert other.get("/api/v1/publications").json()["items"] == []


@pytest.mark.parametrize("on", ["0001-01-01", "1600-02-29", "9999-12-31"])
def test_any_date_of_the_calendar_is_answered(place: Installation, client: TestClient, on: str) -> None:
    run = f"/api/v1/runs/{add_plan(place.database, ('n0', 'o0', 5))}"
    answer = client.post(f"{run}/publish", json={"on": on, "accept_rest": True})
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        assert client.get("/api/v1/partnerships").json()["items"][0]["since"] == on
        assert client.post("/api/v1/publications/1/undo").status_code == 200


def test_publications_are_listed_the_latest_first(place: Installation, client: TestClient) -> None:
    for run in (add_plan(place.database, ("n0", "o0", slots)) for slots in (1, 2, 3)):
        assert client.post(f"/api/v1/runs/{run}/publish", json=ALL).status_code == 201
    first = client.get("/api/v1/publications", params={"limit": 2}).json()
    rest = client.get("/api/v1/publications", params={"after": first["next"]}).json()
    assert [one["number"] for one in first["items"] + rest["items"]] == [3, 2, 1]
    assert client.get("/api/v1/publications", params={"after": "x"}).status_code == 422


def test_two_servers_that_publish_at_once_give_no_slot_twice(
    place: Installation, database_url: str, tmp_path: Path
) -> None:
    secret, start = place.token(Role.COORDINATOR), tmp_path / "start"
    chosen = [add_plan(place.database, (need, "o0", 5)) for need in ("n0", "n1")]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, database_url, secret, run, str(start)], stdout=subprocess.PIPE
        )
        for run in chosen
    ]
    while not all((tmp_path / f"start.{run}").exists() for run in chosen):
        assert all(racer.poll() is None for racer in racers)
        time.sleep(0.05)
    start.touch()
    said = [json.loads(racer.communicate(timeout=120)[0].splitlines()[-1]) for racer in racers]
    assert sorted(said[0] + said[1]) == [201, *[409] * 19]
    assert slots_given(place.database, "o0") == 5
    with place.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(publications)) == 1
