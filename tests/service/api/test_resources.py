"""The ten tables as resources: rows over HTTP, whose they are, and what they may hold."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from matching.schemas import TABLES
from matching.tables import district_from_tables
from service.api.resources import EXAMPLES
from service.people.principal import Role
from service.storage.districts import load_district
from tests.service.installation import Installation

SCHOOL = {"school_id": "S001", "name": "Alder", "grades": "PK-5", "contact_email": "alder@example.org"}
PARTNER = {"partner_id": "P001", "name": "Rotary", "kind": "civic_club", "contact_name": "Ann Abel"}
V1 = "/api/v1"


@pytest.fixture
def coordinator(installation: Installation) -> TestClient:
    """Give a coordinator's client, in a district with a row of each table."""
    client = installation.client(Role.COORDINATOR)
    for table, row in {"schools": SCHOOL, "partners": PARTNER}.items():
        assert client.post(f"{V1}/{table}", json=row).status_code == 201
    for table, example in EXAMPLES.items():
        row = {"needs": {"need_id": "N001"}, "offers": {"offer_id": "O001"}}.get(table, {})
        assert client.post(f"{V1}/{table}", json=row | dict(example)).status_code == 201, table
    return client


def test_every_table_is_made_read_changed_and_removed(coordinator: TestClient) -> None:
    for table in reversed(list(TABLES)):
        made = coordinator.get(f"{V1}/{table}", params={"sort": "-number", "limit": 1}).json()["items"][0]
        key = made[TABLES[table].key or "number"]
        name, value = list(EXAMPLES[table].items())[-1]
        answer = coordinator.patch(f"{V1}/{table}/{key}", json={name: value}, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.headers["etag"]) == (200, '"2"'), answer.text
        assert coordinator.get(f"{V1}/{table}/{key}").json() == answer.json() == made | {"version": 2}
        removed = coordinator.delete(f"{V1}/{table}/{key}", headers={"If-Match": '"2"'})
        assert removed.status_code == (
            409 if table in ("needs", "offers") and "partnerships" not in TABLES else 204
        )
        assert coordinator.get(f"{V1}/{table}/{key}").status_code == 404


def test_answer_of_a_new_row_names_its_place(coordinator: TestClient) -> None:
    answer = coordinator.post(f"{V1}/schools", json={"school_id": "a/b c?", "name": "B", "grades": "K"})
    assert answer.headers["location"] == f"{V1}/schools/a%2Fb%20c%3F"
    assert coordinator.get(answer.headers["location"]).json()["school_id"] == "a/b c?"


def test_new_row_without_an_id_is_given_one(coordinator: TestClient) -> None:
    made = coordinator.post(f"{V1}/needs", json=dict(EXAMPLES["needs"])).json()
    assert made["need_id"].startswith("N")
    assert made["need_id"] != "N001"


def test_bad_cells_are_all_told_and_nothing_is_kept(coordinator: TestClient) -> None:
    bad = dict(EXAMPLES["needs"]) | {"school_id": "S999", "grades": "fifth", "min_slots": 50}
    answer = coordinator.post(f"{V1}/needs", json=bad)
    assert answer.status_code == 422
    assert {fault["at"] for fault in answer.json()["errors"]} == {
        "needs/school_id",
        "needs/grades",
        "needs/min_slots",
    }
    assert len(coordinator.get(f"{V1}/needs").json()["items"]) == 1


def test_row_that_others_refer_to_stays(coordinator: TestClient) -> None:
    answer = coordinator.delete(f"{V1}/schools/S001", headers={"If-Match": "*"})
    assert answer.status_code == 409
    assert "1 of needs in school_id (N001)" in answer.json()["detail"]


def test_id_stays_as_it_is(coordinator: TestClient) -> None:
    answer = coordinator.patch(f"{V1}/schools/S001", json={"school_id": "S2"}, headers={"If-Match": "*"})
    assert answer.status_code == 422


def test_rows_are_filtered_sorted_and_paged(coordinator: TestClient) -> None:
    for slots in (3, 1, 2):
        row = dict(EXAMPLES["needs"]) | {"kind": "tutoring", "slots": slots}
        assert coordinator.post(f"{V1}/needs", json=row).status_code == 201
    asked = {"kind": "tutoring", "sort": "-slots", "limit": "2"}
    first = coordinator.get(f"{V1}/needs", params=asked).json()
    second = coordinator.get(f"{V1}/needs", params=asked | {"after": first["next"]}).json()
    assert [row["slots"] for row in first["items"] + second["items"]] == [3, 2, 1]
    assert second["next"] is None
    assert (
        coordinator.get(f"{V1}/offers", params={"kinds": "tutoring"}).json()["items"][0]["offer_id"] == "O001"
    )
    assert coordinator.get(f"{V1}/needs", params={"colour": "red"}).status_code == 422


def test_board_reads_no_contact_and_changes_nothing(
    installation: Installation, coordinator: TestClient
) -> None:
    board = installation.client(Role.BOARD)
    assert coordinator.get(f"{V1}/schools/S001").json()["contact_email"] == "alder@example.org"
    assert board.get(f"{V1}/schools/S001").json()["contact_email"] is None
    assert board.get(f"{V1}/schools", params={"contact_email": "alder@example.org"}).status_code == 422
    assert board.delete(f"{V1}/schools/S001", headers={"If-Match": "*"}).status_code == 403


def test_leader_changes_the_needs_of_their_own_school_alone(
    installation: Installation, coordinator: TestClient
) -> None:
    other = {"need_id": "N002", "school_id": "S041"}
    coordinator.post(f"{V1}/needs", json=dict(EXAMPLES["needs"]) | other)
    leader = installation.client(Role.LEADER, of="S001")
    assert [row["need_id"] for row in leader.get(f"{V1}/needs").json()["items"]] == ["N001"]
    assert leader.get(f"{V1}/needs/N002").status_code == 404
    changed = {"slots": 13}
    assert leader.patch(f"{V1}/needs/N001", json=changed, headers={"If-Match": "*"}).status_code == 200
    assert leader.patch(f"{V1}/needs/N002", json=changed, headers={"If-Match": "*"}).status_code == 404
    given_away = leader.patch(f"{V1}/needs/N001", json={"school_id": "S041"}, headers={"If-Match": "*"})
    assert given_away.status_code == 403
    assert leader.post(f"{V1}/needs", json=dict(EXAMPLES["needs"]) | {"school_id": "S041"}).status_code == 403
    assert leader.post(f"{V1}/offers", json=dict(EXAMPLES["offers"])).status_code == 403
    assert coordinator.get(f"{V1}/needs/N001").json()["school_id"] == "S001"


@pytest.mark.parametrize("table", ["evidence", "comments", "evaluations"])
def test_leader_reads_what_is_about_their_own_school_alone(
    installation: Installation, coordinator: TestClient, table: str
) -> None:
    coordinator.post(f"{V1}/{table}", json=dict(EXAMPLES[table]) | {"school_id": "S041"})
    assert len(coordinator.get(f"{V1}/{table}").json()["items"]) == 2
    leader = installation.client(Role.LEADER, of="S001")
    assert [row["school_id"] for row in leader.get(f"{V1}/{table}").json()["items"]] == ["S001"]


def test_partner_sees_its_own_offers_and_the_needs_it_serves(
    installation: Installation, coordinator: TestClient
) -> None:
    partner = installation.client(Role.PARTNER, of="P001")
    stranger = installation.client(Role.PARTNER, of="P999")
    assert [row["offer_id"] for row in partner.get(f"{V1}/offers").json()["items"]] == ["O001"]
    assert [row["need_id"] for row in partner.get(f"{V1}/needs").json()["items"]] == ["N001"]
    assert partner.get(f"{V1}/partners/P001").json()["contact_name"] == "Ann Abel"
    assert partner.get(f"{V1}/schools/S001").json()["contact_email"] is None
    assert partner.get(f"{V1}/comments").status_code == 403
    for table in ("offers", "needs", "partners", "partnerships"):
        assert stranger.get(f"{V1}/{table}").json()["items"] == []


def test_partner_sees_no_need_that_its_namesake_in_another_district_serves(
    installation: Installation, coordinator: TestClient
) -> None:
    coordinator.post(f"{V1}/needs", json=dict(EXAMPLES["needs"]) | {"need_id": "N002"})
    with installation.database.reading() as connection:
        other = installation.add_district("other", load_district(connection, 1))
    there = installation.client(Role.COORDINATOR, other)
    served = {"need_id": "N002", "offer_id": "O001"}
    assert there.post(f"{V1}/partnerships", json=dict(EXAMPLES["partnerships"]) | served).status_code == 201
    partner = installation.client(Role.PARTNER, of="P001")
    assert [row["need_id"] for row in partner.get(f"{V1}/needs").json()["items"]] == ["N001"]


def test_what_many_write_at_once_is_a_district(installation: Installation, coordinator: TestClient) -> None:
    def write(number: int) -> int:
        row = dict(EXAMPLES["needs"]) | {"slots": number}
        return coordinator.post(f"{V1}/needs", json=row).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(write, range(1, 13))) == {201}
    with installation.database.reading() as connection:
        district = load_district(connection, 1)
    assert len(district.needs) == 13
    assert len(district_from_tables(district.tables).needs) == 13
