"""Runs over HTTP: asked for, followed, cancelled, and what came of them as pages and files."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from typer.testing import CliRunner

from matching import read_district
from service.app import create_app
from service.cli import app as command_line
from service.people.principal import Role
from service.settings import Settings
from service.storage.database import Database
from service.storage.tables import runs
from tests.service.installation import Installation
from tests.service.runs.jobs import children
from tests.service.runs.test_executors import dask_cluster
from tests.service.runs.test_job import without_timings
from tests.service.server import Server

FIXTURES = Path(__file__).parents[3] / "fixtures"
QUICK = {"on": "2026-09-14", "effort": "quick"}
Json = dict[str, Any]  # Any: JSON
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
"""For what the kind of database cannot change: runs take seconds."""


@pytest.fixture
def served(database: Database) -> Iterator[Installation]:
    """Give an installation with the tiny district, whose runs are looked after."""
    made = Installation(create_app(Settings(model="words"), database), database)
    made.add_district("tiny", read_district(FIXTURES / "tiny"))
    with TestClient(made.app):
        yield made


@pytest.fixture
def coordinator(served: Installation) -> TestClient:
    return served.client(Role.COORDINATOR)


def ask(client: TestClient, **given: Any) -> Json:  # Any: fields of a run
    answer = client.post("/api/v1/runs", json=QUICK | given)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/api/v1/runs/{answer.json()['id']}"
    made: Json = answer.json()
    return made


def wait_for(client: TestClient, run_id: str, is_so: Callable[[Json], bool]) -> Json:
    deadline = time.monotonic() + 60
    run: Json = {}
    while not is_so(run := client.get(f"/api/v1/runs/{run_id}").json()):
        assert time.monotonic() < deadline, run
        time.sleep(0.05)
    return run


def has_ended(run: Json) -> bool:
    return run["status"] not in ("queued", "running")


def done(client: TestClient, **given: Any) -> Json:  # Any: fields of a run
    run = wait_for(client, ask(client, **given)["id"], has_ended)
    assert run["status"] == "done", run
    return run


def pages(client: TestClient, path: str, limit: int) -> list[Json]:
    """Return the items of all pages."""
    found, after = [], None
    while True:
        page = client.get(path, params={"limit": limit} | ({"after": after} if after else {})).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        if (after := page["next"]) is None:
            return found


def events_of(text: str) -> list[tuple[str, str, Json]]:
    """Return name, id and data of each event of a stream."""
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return found


def files_of(client: TestClient, run_id: str) -> dict[str, bytes]:
    listed = pages(client, f"/api/v1/runs/{run_id}/files", 3)
    return {file["name"]: client.get(file["href"]).content for file in listed}


@on_sqlite
def test_a_run_is_reproduced_by_the_command_line_from_what_it_stores(
    coordinator: TestClient, tmp_path: Path
) -> None:
    policy = "[fit]\nfloor = 0.3\n"
    run = done(coordinator, kind="match", seed=5, policy=policy)
    files = files_of(coordinator, run["id"])
    with zipfile.ZipFile(io.BytesIO(files.pop("snapshot.zip"))) as archive:
        archive.extractall(tmp_path / "tiny")
    (tmp_path / "policy.toml").write_text(run["request"]["policy"])
    asked = run["request"]
    given = ["--on", asked["on"], "--effort", asked["effort"], "--seed", str(asked["seed"])]
    given += [
        "--model",
        asked["model"],
        "--policy",
        str(tmp_path / "policy.toml"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert CliRunner().invoke(command_line, ["match", str(tmp_path / "tiny"), *given]).exit_code == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert without_timings(files) == without_timings(written)
    assert run["summary"]["input_sha256"] == json.loads(written["summary.json"])["input_sha256"]


@on_sqlite
def test_a_run_works_on_the_district_as_it_was_when_it_was_asked_for(coordinator: TestClient) -> None:
    run = ask(coordinator, kind="match")
    need = coordinator.get("/api/v1/needs?limit=1").json()["items"][0]["need_id"]
    path = f"/api/v1/needs/{need}"
    etag = coordinator.get(path).headers["etag"]
    assert coordinator.patch(path, json={"slots": 999}, headers={"If-Match": etag}).status_code == 200
    needed = sum(level["needed"] for level in wait_for(coordinator, run["id"], has_ended)["levels"])
    assert needed < 999
    assert sum(level["needed"] for level in done(coordinator, kind="match")["levels"]) > 900


def test_the_pages_of_a_match_hold_what_its_files_hold(coordinator: TestClient) -> None:
    run = done(coordinator, kind="match")
    path = f"/api/v1/runs/{run['id']}"
    matches = pages(coordinator, f"{path}/matches", 2)
    assert sum(match["planned"] for match in matches) == run["summary"]["slots_filled"]
    assert {match["decision"] for match in matches} == {"proposed"}
    unmet = pages(coordinator, f"{path}/unmet", 2)
    open_slots = run["summary"]["slots_needed"] - run["summary"]["slots_filled"]
    assert sum(need["slots_unmet"] for need in unmet) == open_slots
    recruits = pages(coordinator, f"{path}/recruiting", 1)
    summary = json.loads(coordinator.get(f"{path}/files/summary.json").content)
    assert [one["sentence"] for one in recruits] == [
        one["sentence"] for one in summary["recruiting"]["recruits"]
    ]


def test_each_plan_of_a_curve_has_its_pages(coordinator: TestClient) -> None:
    run = done(coordinator, kind="curve")
    path = f"/api/v1/runs/{run['id']}"
    points = pages(coordinator, f"{path}/curve", 1)
    assert [point["plan"] for point in points] == list(range(len(points)))
    assert sum(point["is_knee"] for point in points) == 1
    for point in points:
        given = {"plan": point["plan"], "limit": 500}
        matches = coordinator.get(f"{path}/matches", params=given).json()["items"]
        changes = coordinator.get(f"{path}/changes", params=given).json()["items"]
        assert sum(match["planned"] for match in matches) == point["slots_filled"]
        assert sum(change["moved"] for change in changes) == point["moves"]
    last = coordinator.get(f"{path}/matches", params={"limit": 500}).json()
    assert last == coordinator.get(f"{path}/matches", params={"plan": len(points) - 1, "limit": 500}).json()
    assert coordinator.get(f"{path}/unmet", params={"plan": len(points)}).status_code == 404


def test_a_question_about_a_run_is_answered_on_what_that_was_made_of(coordinator: TestClient) -> None:
    base = done(coordinator, kind="match")
    drop = {"change": "drop_partner", "partner_id": "P1"}
    asked = coordinator.post(
        "/api/v1/runs", json={"kind": "what-if", "changes": [drop], "base": base["id"]}
    ).json()
    run = wait_for(coordinator, asked["id"], has_ended)
    answer = coordinator.get(f"/api/v1/runs/{run['id']}/answer").json()
    assert (run["base"], run["input_sha256"]) == (base["id"], base["input_sha256"])
    assert {level["before"] for level in answer["levels"]} <= {level["filled"] for level in base["levels"]}
    assert answer["sentence"].startswith("The plan would lose")


@on_sqlite
@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"kind": "guess"}, 422),
        ({"kind": "match", "max_moves": 3}, 422),
        ({"kind": "match", "policy": "[fit]\nflor = 1"}, 422),
        ({"kind": "match", "on": 20260914}, 422),
        ({"kind": "match", "on": "20260914"}, 422),
        ({"kind": "match", "seed": "5"}, 422),
        ({"kind": "curve", "released": [{"need_id": "a\u0000", "offer_id": "b"}]}, 422),
        ({"kind": "what-if"}, 422),
        ({"kind": "what-if", "changes": [{"change": "drop_partner", "partner_id": "P1"}], "base": "x"}, 404),
        ({"kind": "what-if", "changes": [{"change": "drop_partner", "partner_id": "nobody"}]}, 422),
        ({"kind": "what-if", "changes": [{"change": "forbid", "need_id": "nowhere", "offer_id": "O1"}]}, 422),
    ],
)
def test_what_cannot_be_done_is_refused(coordinator: TestClient, given: Json, status: int) -> None:
    answer = coordinator.post("/api/v1/runs", json=given)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert coordinator.get("/api/v1/runs").json()["items"] == []


@on_sqlite
def test_list_refuses_what_it_does_not_know(coordinator: TestClient) -> None:
    answer = coordinator.get("/api/v1/runs", params={"state": "done"})
    assert answer.status_code == 422
    assert "state: expected one of status, kind, limit, after, district" in answer.json()["detail"]
    assert coordinator.get("/api/v1/runs/x/matches", params={"plans": 1}).status_code == 422


@on_sqlite
def test_what_turns_out_to_be_impossible_fails_the_run_with_its_reason(coordinator: TestClient) -> None:
    pair = {"need_id": "nowhere", "offer_id": "nobody"}
    run = wait_for(coordinator, ask(coordinator, kind="rematch", released=[pair])["id"], has_ended)
    assert run["status"] == "failed"
    assert "nowhere" in run["fault"]
    assert coordinator.get(f"/api/v1/runs/{run['id']}/matches").status_code == 409


def test_a_run_is_followed_until_it_ends(coordinator: TestClient) -> None:
    run = ask(coordinator, kind="match")
    answer = coordinator.get(f"/api/v1/runs/{run['id']}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    assert [name for name, _, _ in events] == ["progress"] * (len(events) - 1) + ["end"]
    shares = [data["share"] for _, _, data in events]
    assert shares == sorted(shares)
    assert events[-1][2]["status"] == "done"
    assert events[-1][2]["levels"] == coordinator.get(f"/api/v1/runs/{run['id']}").json()["levels"]


@on_sqlite
def test_who_was_told_the_end_is_not_told_again(coordinator: TestClient) -> None:
    path = f"/api/v1/runs/{done(coordinator, kind='match')['id']}/events"
    ((name, last, _),) = events_of(coordinator.get(path).text)
    assert name == "end"
    assert coordinator.get(path, headers={"Last-Event-ID": last}).status_code == 204
    assert events_of(coordinator.get(path, headers={"Last-Event-ID": "older"}).text)


def test_a_run_can_be_cancelled_once(coordinator: TestClient) -> None:
    run = ask(coordinator, kind="match", effort="thorough")
    path = f"/api/v1/runs/{run['id']}"
    cancelled = coordinator.post(f"{path}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert coordinator.post(f"{path}/cancel").status_code == 409
    ((name, _, data),) = events_of(coordinator.get(f"{path}/events").text)
    assert (name, data["status"]) == ("end", "cancelled")


def test_a_run_asked_for_twice_under_one_key_is_done_once(coordinator: TestClient) -> None:
    answers = [
        coordinator.post("/api/v1/runs", json={"kind": "match"}, headers={"Idempotency-Key": "a"})
        for _ in range(2)
    ]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert len(coordinator.get("/api/v1/runs").json()["items"]) == 1


def test_runs_are_listed_latest_first_and_by_status_and_kind(coordinator: TestClient) -> None:
    ids = [ask(coordinator, kind="match", seed=seed)["id"] for seed in range(3)]
    for run_id in ids:
        wait_for(coordinator, run_id, has_ended)
    assert [run["id"] for run in pages(coordinator, "/api/v1/runs", 2)] == ids[::-1]
    assert coordinator.get("/api/v1/runs?status=failed").json()["items"] == []
    assert len(coordinator.get("/api/v1/runs?kind=match&status=done").json()["items"]) == 3
    assert coordinator.get("/api/v1/runs?after=x").status_code == 422


@on_sqlite
def test_a_report_can_be_looked_at_and_do_no_harm(coordinator: TestClient) -> None:
    run = done(coordinator, kind="match")
    report = coordinator.get(f"/api/v1/runs/{run['id']}/files/report.html")
    assert report.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert report.headers["content-disposition"] == "inline"
    assert report.headers["x-content-type-options"] == "nosniff"
    table = coordinator.get(f"/api/v1/runs/{run['id']}/files/matches.csv")
    assert table.headers["content-disposition"].startswith("attachment")


@on_sqlite
def test_a_board_reads_runs_and_asks_for_none(served: Installation, coordinator: TestClient) -> None:
    run, board = done(coordinator, kind="match"), served.client(Role.BOARD)
    assert board.get(f"/api/v1/runs/{run['id']}/matches").status_code == 200
    assert board.post("/api/v1/runs", json={"kind": "match"}).status_code == 403
    for role, of in ((Role.LEADER, "S1"), (Role.PARTNER, "P1")):
        assert served.client(role, of=of).get(f"/api/v1/runs/{run['id']}").status_code == 403


@on_sqlite
def test_the_runs_of_another_district_are_not_found(served: Installation, coordinator: TestClient) -> None:
    run = done(coordinator, kind="match")
    other = served.client(Role.COORDINATOR, served.add_district("other"))
    for path in ("", "/matches", "/files", "/files/report.html", "/events", "/curve"):
        assert other.get(f"/api/v1/runs/{run['id']}{path}").status_code == 404
    assert other.post(f"/api/v1/runs/{run['id']}/cancel").status_code == 404
    assert other.get("/api/v1/runs").json()["items"] == []


@on_sqlite
def test_a_run_and_its_files_hold_no_contacts(database: Database) -> None:
    district = read_district(FIXTURES / "tiny")
    district.schools["contact_email"] = "principal@school.test"
    district.partners["their mobile"] = "555-0100"
    made = Installation(create_app(Settings(model="words"), database), database)
    made.add_district("tiny", district)
    with TestClient(made.app):
        client = made.client(Role.COORDINATOR)
        files = files_of(client, done(client, kind="match")["id"])
    with zipfile.ZipFile(io.BytesIO(files["snapshot.zip"])) as archive:
        files |= {name: archive.read(name) for name in archive.namelist()}
    for body in files.values():
        assert b"principal@school.test" not in body
        assert b"555-0100" not in body


@on_sqlite
def test_readiness_says_whether_runs_are_looked_after(served: Installation) -> None:
    client = TestClient(served.app)
    assert client.get("/health/ready").json()["parts"]["runs"] is True
    served.app.state.supervisor.stop()
    assert client.get("/health/ready").json()["parts"]["runs"] is False


@on_sqlite
def test_runs_go_to_a_cluster_by_one_setting(database: Database) -> None:
    with dask_cluster(threads=1) as scheduler:
        settings = Settings(model="words", executor="dask", dask_scheduler=scheduler)
        made = Installation(create_app(settings, database), database)
        made.add_district("tiny", read_district(FIXTURES / "tiny"))
        with TestClient(made.app):
            run = done(made.client(Role.COORDINATOR), kind="match")
    assert run["summary"]["audit"]["passed"]


@on_sqlite
def test_a_server_told_to_stop_ends_its_streams_and_puts_its_run_back(
    database: Database, tmp_path: Path
) -> None:
    made = Installation(create_app(Settings(model="words"), database), database)
    made.add_district("demo", read_district(FIXTURES / "demo"))
    secret = made.token(Role.COORDINATOR)
    with Server(tmp_path) as server, server.client(authorization=f"Bearer {secret}") as client:
        run = client.post("/api/v1/runs", json=QUICK | {"kind": "match", "effort": "thorough"}).json()
        with client.stream("GET", f"/api/v1/runs/{run['id']}/events") as stream:
            lines = stream.iter_lines()
            assert any('"phase":"search"' in line for line in lines)
            server.process.terminate()
            assert not any("event: end" in line for line in lines)
        assert server.process.wait(60) == 0
    with database.reading() as connection:
        left = connection.execute(select(runs).where(runs.c.id == run["id"])).one()
    assert (left.state, left.attempts) == ("queued", 0)
    assert not children()
