"""Whole districts in and out over HTTP: told first, then written all or nothing, and exported."""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import ANY

import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from matching.district import District
from matching.exporting import write_workbook
from matching.files import read_upload
from matching.merging import merged
from matching.tables import read_district
from service.people.principal import Role
from service.storage.tables import audit_log, districts, imports
from tests.districts import make_district, make_need, make_offer
from tests.service.api.uploads import COMMIT, DEMO, HEADER, commit, small, stored, upload, versions, zipped
from tests.service.districts import assert_same
from tests.service.installation import Installation


def test_a_dry_run_tells_what_would_change_and_writes_nothing(
    filled: Installation, client: TestClient
) -> None:
    before = stored(filled)
    answer = upload(client, HEADER + "n1,s0,Help with reading,mentoring,7\nn2,s0,New,event,1\n", "needs.csv")
    told = answer.json()
    assert (answer.status_code, told["number"], told["version"], answer.headers["etag"]) == (
        200,
        None,
        2,
        '"2"',
    )
    assert told["counts"]["needs"] == {"added": 1, "changed": 1, "removed": 0, "unchanged": 1}
    assert told["changes"]["items"] == [
        {
            **{"table": "needs", "change": "changed", "key": "n1"},
            "cells": [{"column": "slots", "before": "5", "after": "7"}],
        },
        {"table": "needs", "change": "added", "key": "n2", "cells": ANY},
    ]
    assert_same(before, stored(filled))


def test_changes_come_in_pages(client: TestClient) -> None:
    needs = HEADER + "".join(f"x{number},s0,New,event,1\n" for number in range(5))
    first = upload(client, needs, "needs.csv", params={"limit": "3"}).json()["changes"]
    second = upload(client, needs, "needs.csv", params={"limit": "3", "after": first["next"]}).json()[
        "changes"
    ]
    assert [row["key"] for row in first["items"] + second["items"]] == ["x0", "x1", "x2", "x3", "x4"]
    assert second["next"] is None


def test_an_import_writes_what_was_told_and_leaves_other_rows_alone(
    filled: Installation, client: TestClient
) -> None:
    before = versions(filled, "needs")
    answer = commit(client, HEADER + "n1,s0,Help with reading,mentoring,7\nn2,s0,New,event,1\n")
    assert (answer.status_code, answer.headers["location"]) == (201, "/api/v1/imports/2")
    needs = stored(filled).needs
    assert needs[["need_id", "slots", "goal"]].to_numpy().tolist() == [
        ["n0", 5, ""],
        ["n1", 7, "read"],
        ["n2", 1, ""],
    ]
    first, second = before
    assert versions(filled, "needs") == {first: 1, second: 2, second + 1: 1}
    assert set(versions(filled, "schools").values()) == {1}
    assert client.get("/api/v1/districts/demo").json()["version"] == answer.json()["version"] == 3


def test_what_is_stored_is_the_upload_merged(filled: Installation, client: TestClient) -> None:
    packed = zipped(read_district(DEMO))
    expected = merged(stored(filled), read_upload(io.BytesIO(packed), "demo.zip"))
    assert commit(client, packed, "demo.zip").status_code == 201
    assert stored(filled).input_sha256 == expected.input_sha256


def test_an_import_needs_the_version_that_was_looked_at(filled: Installation, client: TestClient) -> None:
    needs = HEADER + "n2,s0,New,event,1\n"
    seen = upload(client, needs, "needs.csv").headers["etag"]
    assert upload(client, needs, "needs.csv", params=COMMIT).status_code == 428
    assert commit(client, HEADER + "n3,s0,New,event,1\n").status_code == 201
    late = upload(client, needs, "needs.csv", params=COMMIT, headers={"If-Match": seen})
    assert late.status_code == 412
    assert stored(filled).needs["need_id"].tolist() == ["n0", "n1", "n3"]


def test_a_district_that_changes_while_an_upload_is_compared_is_not_written_to(
    filled: Installation, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_differences(before: District, after: District) -> object:
        with filled.database.writing() as connection:
            connection.execute(update(districts).values(version=districts.c.version + 1))
        return differences(before, after)

    from matching.differences import differences

    monkeypatch.setattr("service.api.transfer.differences", slow_differences)
    answer = upload(
        client, HEADER + "n2,s0,New,event,1\n", "needs.csv", params=COMMIT, headers={"If-Match": "*"}
    )
    assert answer.status_code == 412
    assert stored(filled).needs["need_id"].tolist() == ["n0", "n1"]


def test_replacing_removes_rows_and_moves_what_refers_to_them(
    filled: Installation, client: TestClient
) -> None:
    packed = zipped(make_district([make_need("n1", school_id="s9")], [make_offer("o9", partner_id="p0")]))
    answer = commit(client, packed, "d.zip", mode="replace")
    assert answer.status_code == 201, answer.text
    now = stored(filled)
    assert now.schools["school_id"].tolist() == ["s9"]
    assert now.needs[["need_id", "school_id", "goal"]].to_numpy().tolist() == [["n1", "s9", ""]]
    assert len(now.comments) == 0


def test_every_problem_of_a_bad_upload_is_told_and_nothing_written(
    filled: Installation, client: TestClient
) -> None:
    answer = upload(
        client,
        HEADER + "n5,s9,New,event,1\nn6,s0,New,evnt,x\n",
        "needs.csv",
        params=COMMIT,
        headers={"If-Match": "*"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [(fault["at"], fault["found"]) for fault in answer.json()["errors"]] == [
        ("needs/row 2/school_id", "s9"),
        ("needs/row 3/kind", "evnt"),
        ("needs/row 3/slots", "x"),
    ]
    assert stored(filled).needs["need_id"].tolist() == ["n0", "n1"]


def test_a_bomb_is_refused(client: TestClient) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("needs.csv", b"\0" * 300_000_000)
    answer = upload(client, bomb.getvalue(), "bomb.zip")
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"at": "file", "found": "300.0 MB packed in bomb.zip", "expected": "at most 250.0 MB"}
    ]


@pytest.mark.parametrize("name", ["", "\x00\ud800.csv", "a" * 5000, "needs.pdf"])
def test_strange_file_names_are_refused_calmly(client: TestClient, name: str) -> None:
    body = b'--x\r\ncontent-disposition: form-data; name="file"; filename="%s"\r\n\r\nneed_id\r\n--x--\r\n'
    answer = client.post(
        "/api/v1/imports",
        content=body % name.encode("utf-8", "surrogatepass"),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code in (400, 422)


def test_of_two_imports_at_once_one_is_written(filled: Installation) -> None:
    def send(slots: int) -> int:
        needs = HEADER + f"n1,s0,Help with reading,mentoring,{slots}\n"
        other = filled.client(Role.COORDINATOR)
        return int(upload(other, needs, "needs.csv", params=COMMIT, headers={"If-Match": '"2"'}).status_code)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(6, 10))) == [201, 412, 412, 412]
    assert sorted(versions(filled, "needs").values()) == [1, 2]


def test_imports_are_listed_latest_first_and_stand_in_the_audit_log(
    filled: Installation, client: TestClient
) -> None:
    commit(client, HEADER + "n2,s0,New,event,1\n")
    page = client.get("/api/v1/imports", params={"limit": 1}).json()
    assert [(done["number"], done["file_name"], done["mode"]) for done in page["items"]] == [
        (2, "needs.csv", "merge")
    ]
    assert client.get("/api/v1/imports", params={"after": page["next"]}).json()["items"][0]["number"] == 1
    assert client.get("/api/v1/imports/2").json()["counts"]["needs"]["added"] == 1
    with filled.database.reading() as connection:
        actions = connection.execute(
            select(audit_log.c.action, audit_log.c.thing_id).order_by(audit_log.c.number)
        ).all()
    assert actions == [("imported", "1"), ("imported", "2")]


def test_no_contact_is_told_or_logged(filled: Installation, client: TestClient) -> None:
    schools = "school_id,name,grades,contact_name,contact_email\ns0,School s0,PK-13,Grace Hopper,grace@example.org\n"
    told = commit(client, schools, "schools.csv").text
    with filled.database.reading() as connection:
        logged = json.dumps([list(row) for row in connection.execute(select(audit_log.c.details))])
    for text in (told, logged):
        assert not any(word in text for word in ("Grace", "grace@", "Lovelace"))
    assert '{"column":"contact_name","before":null,"after":null}' in told


def test_another_district_is_neither_read_nor_written(filled: Installation, client: TestClient) -> None:
    other = filled.add_district("other", small())
    theirs = filled.client(Role.COORDINATOR, other)
    assert theirs.get("/api/v1/imports").json()["items"] == []
    assert theirs.get("/api/v1/imports/1").status_code == 404
    assert theirs.post("/api/v1/imports/1/undo").status_code == 404
    commit(client, HEADER + "n0,s0,Help with reading,mentoring,1\n", mode="replace")
    assert stored(filled, other).needs["slots"].tolist() == [5, 5]


def test_an_idempotency_key_imports_once(filled: Installation, client: TestClient) -> None:
    comments = "school_id,respondent,text\ns0,staff,Again\n"
    headers = {"If-Match": "*", "Idempotency-Key": "once"}
    answers = [upload(client, comments, "comments.csv", params=COMMIT, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    with filled.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(imports)) == 2


@pytest.mark.parametrize("kind", ["zip", "xlsx"])
def test_an_export_imported_again_changes_nothing(
    filled: Installation, client: TestClient, kind: str
) -> None:
    answer = client.get("/api/v1/export", params={"format": kind})
    assert answer.headers["content-disposition"] == f'attachment; filename="demo-2.{kind}"'
    told = upload(client, answer.content, f"d.{kind}", params={"mode": "replace"}).json()
    assert told["changes"]["items"] == []
    assert_same(stored(filled), merged(stored(filled), read_upload(io.BytesIO(answer.content), f"d.{kind}")))


@pytest.mark.parametrize(("role", "params"), [(Role.BOARD, {}), (Role.COORDINATOR, {"contacts": "false"})])
def test_contacts_leave_only_with_those_who_may_see_them(
    filled: Installation, role: Role, params: dict[str, str]
) -> None:
    answer = filled.client(role).get("/api/v1/export", params=params)
    sheets = read_upload(io.BytesIO(answer.content), "d.zip").by_table
    assert "contact_name" not in sheets["schools"].cells
    assert "note" not in sheets["schools"].cells
    text = b"".join(zipfile.ZipFile(io.BytesIO(answer.content)).read(f"{name}.csv") for name in sheets)
    assert b"Lovelace" not in text
    assert b"example.org" not in text


def test_a_board_member_who_asks_for_contacts_is_refused(filled: Installation) -> None:
    assert filled.client(Role.BOARD).get("/api/v1/export", params={"contacts": "true"}).status_code == 403


@pytest.mark.parametrize("role", [Role.BOARD, Role.LEADER, Role.PARTNER])
def test_only_coordinators_import(filled: Installation, role: Role) -> None:
    other = filled.client(role, of="s0")
    assert upload(other, HEADER, "needs.csv").status_code == 403
    assert other.get("/api/v1/imports").status_code == 403
    assert other.post("/api/v1/imports/1/undo").status_code == 403


def test_hsds_goes_out_and_comes_back_without_a_change(filled: Installation, client: TestClient) -> None:
    packed = client.get("/api/v1/export", params={"format": "hsds", "contacts": "true"})
    assert packed.headers["content-disposition"] == 'attachment; filename="demo-2-hsds.zip"'
    answer = upload(client, packed.content, "hsds.zip", params={"format": "hsds"})
    assert answer.status_code == 200, answer.text
    counts = answer.json()["counts"]
    assert {name: row["added"] + row["removed"] for name, row in counts.items()} == dict.fromkeys(counts, 0)


def test_hsds_replaces_nothing(client: TestClient) -> None:
    answer = upload(client, b"{}", "d.json", params={"format": "hsds", "mode": "replace"})
    assert answer.status_code == 422


def test_a_workbook_is_imported_as_well(filled: Installation, client: TestClient) -> None:
    book = io.BytesIO()
    write_workbook({"needs": make_district([make_need("n7")]).needs}, book)
    assert commit(client, book.getvalue(), "Our needs.xlsx").status_code == 201
    assert stored(filled).needs["need_id"].tolist() == ["n0", "n1", "n7"]
