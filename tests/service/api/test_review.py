"""The review of a run over HTTP: decisions, the rules that refuse them, and what they cost."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from matching.district import District
from service.app import create_app
from service.people.principal import Role
from service.settings import Settings
from service.storage.database import Database
from service.storage.tables import runs
from tests.districts import Row, make_district, make_need, make_offer
from tests.service.installation import Installation
from tests.service.planned import add_plan, add_plans

ANY = {"If-Match": "*"}


def shared_offer(partnerships: Sequence[Row] = ()) -> District:
    """Return an urgent need of two slots and a later one of three, which share an offer of three."""
    needs = [make_need("soon", slots=2, priority=1), make_need("late", slots=3, priority=4, school_id="s1")]
    offers = [make_offer("o", slots=3, partner_id="p"), make_offer("high", grades="9-12", slots=4)]
    for need in needs:
        need["grades"] = "K-5"
    return make_district(needs, offers, partnerships=partnerships)


@pytest.fixture
def place(database: Database) -> Installation:
    made = Installation(create_app(Settings(model="words"), database), database)
    made.add_district("demo", shared_offer())
    return made


@pytest.fixture
def run(place: Installation) -> str:
    """Give a run whose plan lets the urgent need have two slots, the other one."""
    return f"/api/v1/runs/{add_plan(place.database, ('soon', 'o', 2), ('late', 'o', 1))}"


@pytest.fixture
def client(place: Installation) -> TestClient:
    return place.client(Role.COORDINATOR)


def levels(cost: dict[str, list[dict[str, object]]]) -> list[list[object]]:
    return [[row[name] for name in ("level", "planned", "decided", "best")] for row in cost["levels"]]


def faults(problem: Any) -> list[str]:  # Any: JSON
    assert problem["status"] == 409, problem
    return [fault["at"] for fault in problem["errors"]]


def test_a_decision_is_kept_with_who_made_it(client: TestClient, run: str) -> None:
    seen = client.get(f"{run}/matches/1")
    assert (seen.json()["decision"], seen.json()["planned"]) == ("proposed", 2)
    change = {"decision": "declined", "reason": "Too far"}
    etag = {"If-Match": seen.headers["etag"]}
    answer = client.patch(f"{run}/matches/1", json=change, headers=etag)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    kept = client.get(f"{run}/matches/1").json()
    assert kept == answer.json()
    assert (kept["decision"], kept["decision_reason"], kept["decided_by"]) == (
        "declined",
        "Too far",
        "token:1",
    )
    assert client.patch(f"{run}/matches/1", json=change, headers=etag).status_code == 412
    assert client.patch(f"{run}/matches/1", json=change).status_code == 428


def test_a_decision_is_taken_back(client: TestClient, run: str) -> None:
    client.patch(f"{run}/matches/1", json={"slots": 1, "locked": True}, headers=ANY)
    assert client.get(f"{run}/matches/1").json()["slots"] == 1
    back = client.patch(f"{run}/matches/1", json={"decision": "proposed"}, headers=ANY).json()
    assert (back["decision"], back["slots"], back["decided_by"]) == ("proposed", 2, "")


def test_a_decline_without_a_reason_is_refused(client: TestClient, run: str) -> None:
    answer = client.patch(f"{run}/matches/1", json={"decision": "declined"}, headers=ANY)
    assert (answer.status_code, "expected a reason" in answer.json()["detail"]) == (422, True)


def test_a_text_that_no_database_holds_is_refused(client: TestClient, run: str) -> None:
    for text in ("a\0b", "\ud800"):
        body = json.dumps({"decision": "declined", "reason": text})
        answer = client.patch(f"{run}/matches/1", content=body, headers=ANY)
        assert answer.status_code == 422, answer.text


def test_slots_that_are_not_there_are_refused_whatever_the_reason(client: TestClient, run: str) -> None:
    change = {"slots": 3, "override": "They want it."}
    answer = client.patch(f"{run}/matches/2", json=change, headers=ANY)
    assert faults(answer.json()) == ["capacity/o", "trained_capacity/o"]
    assert "The offer gives 5 slots, it has 3: 2 with soon and 3 with late." in answer.json()["detail"]
    assert client.get(f"{run}/matches/2").json()["version"] == 1


def test_what_breaks_a_rule_is_added_by_hand_with_a_reason_alone(client: TestClient, run: str) -> None:
    new = {"need_id": "late", "offer_id": "high", "slots": 2}
    assert faults(client.post(f"{run}/matches", json=new).json()) == ["grades/late/high"]
    answer = client.post(f"{run}/matches", json=new | {"override": "Older students help."})
    assert (answer.status_code, answer.headers["location"]) == (201, f"{run}/matches/3?plan=0")
    kept = client.get(answer.headers["location"]).json()
    assert (kept["is_by_hand"], kept["overridden"], kept["school_id"]) == (True, ["grades"], "s1")
    assert client.post(f"{run}/matches", json=new).status_code == 409
    assert client.get(f"{run}/matches").json()["items"][2]["need_id"] == "late"


def test_a_dry_run_tells_what_refuses_it_and_adds_nothing(client: TestClient, run: str) -> None:
    new = {"need_id": "late", "offer_id": "high", "slots": 2}
    answer = client.post(f"{run}/matches", params={"dry_run": True}, json=new)
    assert (answer.status_code, answer.json()["match"]) == (200, None)
    assert [one["rule"] for one in answer.json()["broken"]] == ["grades"]
    assert levels(answer.json()["cost"])[1] == ["mentoring-4", 1, 3, 3]
    assert client.get(f"{run}/matches/3").status_code == 404


def test_a_match_tells_what_to_decline_it_would_cost(client: TestClient, run: str) -> None:
    cost = client.get(f"{run}/matches/1/cost").json()
    assert levels(cost) == [["mentoring-1", 2, 0, 0], ["mentoring-4", 1, 1, 3]]
    assert [(one["need_id"], one["before"], one["after"]) for one in cost["moves"]] == [
        ("soon", 2, 0),
        ("late", 1, 3),
    ]
    less = client.get(f"{run}/matches/1/cost", params={"slots": 1}).json()
    assert levels(less) == [["mentoring-1", 2, 1, 1], ["mentoring-4", 1, 1, 2]]


def test_the_review_tells_what_all_decisions_cost_together(client: TestClient, run: str) -> None:
    client.patch(f"{run}/matches/1", json={"slots": 1}, headers=ANY)
    client.patch(f"{run}/matches/2", json={"decision": "declined", "reason": "No."}, headers=ANY)
    found = client.get(f"{run}/review").json()
    assert (found["proposed"], found["accepted"], found["declined"]) == (0, 1, 1)
    assert levels(found["cost"]) == [["mentoring-1", 2, 1, 1], ["mentoring-4", 1, 0, 0]]


def test_a_running_mentoring_match_is_kept_at_mid_year_unless_a_reason_ends_it(place: Installation) -> None:
    running = [{"need_id": "late", "offer_id": "o", "slots": 1, "status": "active"}]
    district_id = place.add_district("midyear", shared_offer(partnerships=running))
    plan = add_plan(
        place.database, ("soon", "o", 2), ("late", "o", 1), kind="rematch", district_id=district_id
    )
    client, away = (
        place.client(Role.COORDINATOR, district_id),
        {"decision": "declined", "reason": "They moved."},
    )
    match = f"/api/v1/runs/{plan}/matches/2"
    assert faults(client.patch(match, json=away, headers=ANY).json()) == ["pair_locked/late/o"]
    forced = client.patch(match, json=away | {"override": "They moved."}, headers=ANY)
    assert forced.json()["overridden"] == ["pair_locked"]


def test_a_running_match_that_the_plan_ends_is_among_its_proposals(place: Installation) -> None:
    running = [{"need_id": "late", "offer_id": "o", "slots": 1, "status": "active"}]
    district_id = place.add_district("later", shared_offer(partnerships=running))
    plan = add_plan(place.database, ("soon", "o", 2), district_id=district_id)
    client = place.client(Role.COORDINATOR, district_id)
    ending = client.get(f"/api/v1/runs/{plan}/matches/2").json()
    assert (ending["planned"], ending["ran"], ending["slots"], ending["reason"]) == (
        0,
        1,
        0,
        "It runs now; the plan ends it.",
    )
    cost = client.get(f"/api/v1/runs/{plan}/matches/2/cost").json()
    assert levels(cost)[1] == ["mentoring-4", 0, 1, 1]


def test_the_last_plan_of_a_curve_is_meant_unless_another_is_named(
    place: Installation, client: TestClient
) -> None:
    plans = [[("soon", "o", 1)], [("soon", "o", 2)]]
    run = f"/api/v1/runs/{add_plans(place.database, plans, 'curve')}"
    assert client.get(f"{run}/matches/1").json()["planned"] == 2
    assert client.get(f"{run}/matches/1", params={"plan": 0}).json()["planned"] == 1
    assert client.get(f"{run}/matches/1", params={"plan": 2}).status_code == 404


@pytest.mark.parametrize("values", [{"state": "running"}, {"kind": "what-if"}])
def test_only_a_plan_that_is_done_is_reviewed(
    place: Installation, client: TestClient, run: str, values: dict[str, str]
) -> None:
    with place.database.writing() as connection:
        connection.execute(update(runs).values(values))
    assert client.get(f"{run}/review").status_code == 409


def test_others_decide_nothing_and_another_district_sees_nothing(place: Installation, run: str) -> None:
    board = place.client(Role.BOARD)
    assert board.get(f"{run}/review").status_code == 200
    assert board.patch(f"{run}/matches/1", json={"slots": 1}, headers=ANY).status_code == 403
    other = place.client(Role.COORDINATOR, place.add_district("other"))
    assert other.get(f"{run}/review").status_code == 404
    assert other.patch(f"{run}/matches/1", json={"slots": 1}, headers=ANY).status_code == 404
    assert other.post(f"{run}/publish", json={}).status_code == 404
