"""Imports taken back: row by row to what was there, and refused where that is gone."""

from unittest.mock import ANY

from starlette.testclient import TestClient

from matching.tables import read_district
from tests.districts import make_district, make_need, make_school
from tests.service.api.uploads import DEMO, HEADER, commit, stored, zipped
from tests.service.districts import assert_same
from tests.service.installation import Installation


def test_an_import_is_undone_row_by_row_to_what_was_there(filled: Installation, client: TestClient) -> None:
    before = stored(filled)
    packed = zipped(make_district([make_need("n1", school_id="s9")], schools=[make_school("s9")]))
    number = commit(client, packed, "d.zip", mode="replace").json()["number"]
    answer = client.post(f"/api/v1/imports/{number}/undo")
    assert (answer.status_code, answer.json()["undone_by"]) == (200, ANY)
    assert_same(before, stored(filled))
    assert client.post(f"/api/v1/imports/{number}/undo").status_code == 409


def test_an_import_of_everything_is_undone_in_the_order_of_the_rows(
    filled: Installation, client: TestClient
) -> None:
    assert commit(client, zipped(read_district(DEMO)), "d.zip").status_code == 201
    before = stored(filled)
    kept = make_district([make_need(f"N00{row}") for row in (9, 3)], schools=[make_school("s0")])
    number = commit(client, zipped(kept), "d.zip", mode="replace").json()["number"]
    assert client.post(f"/api/v1/imports/{number}/undo").status_code == 200
    assert stored(filled).input_sha256 == before.input_sha256


def test_an_import_is_not_undone_where_its_rows_were_changed_since(
    filled: Installation, client: TestClient
) -> None:
    number = commit(client, HEADER + "n1,s0,Help with reading,mentoring,7\nn2,s0,New,event,1\n").json()[
        "number"
    ]
    assert commit(client, HEADER + "n2,s0,Newer,event,1\n").status_code == 201
    answer = client.post(f"/api/v1/imports/{number}/undo")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        f"Import {number}: changed since: needs n2.",
    )
    assert stored(filled).needs["slots"].tolist() == [5, 7, 1]


def test_imports_are_undone_one_after_the_other(filled: Installation, client: TestClient) -> None:
    numbers = [
        commit(client, HEADER + f"n1,s0,Help with reading,mentoring,{slots}\nn2,s0,New,event,1\n").json()[
            "number"
        ]
        for slots in (7, 8)
    ]
    states = [stored(filled).needs["slots"].tolist()]
    for number in reversed(numbers):
        assert client.post(f"/api/v1/imports/{number}/undo").status_code == 200
        states.append(stored(filled).needs["slots"].tolist())
    assert states == [[5, 8, 1], [5, 7, 1], [5, 5]]


def test_a_row_changed_and_changed_back_is_undone(filled: Installation, client: TestClient) -> None:
    number = commit(client, HEADER + "n1,s0,Help with reading,mentoring,7\n").json()["number"]
    for slots in (8, 7):
        assert commit(client, HEADER + f"n1,s0,Help with reading,mentoring,{slots}\n").status_code == 201
    assert client.post(f"/api/v1/imports/{number}/undo").status_code == 200
    assert stored(filled).needs["slots"].tolist() == [5, 5]


def test_an_import_is_not_undone_where_its_rows_are_needed_since(
    filled: Installation, client: TestClient
) -> None:
    number = commit(client, HEADER + "n2,s0,New,event,1\n").json()["number"]
    running = "need_id,offer_id,slots,status\nn2,o0,1,active\n"
    assert commit(client, running, "partnerships.csv").status_code == 201
    answer = client.post(f"/api/v1/imports/{number}/undo")
    assert answer.status_code == 409
    assert "partnerships, column need_id" in answer.json()["detail"]
    assert len(stored(filled).needs) == 3


def test_a_removed_row_that_came_again_is_not_overwritten(filled: Installation, client: TestClient) -> None:
    only = HEADER + "n0,s0,Help with reading,mentoring,5\n"
    number = commit(client, only, mode="replace").json()["number"]
    assert commit(client, HEADER + "n1,s0,Another,event,1\n").status_code == 201
    answer = client.post(f"/api/v1/imports/{number}/undo")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        f"Import {number}: changed since: needs n1.",
    )
