"""What machines ask for."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.app import create_app
from service.errors import NotFoundError
from service.operations.endpoints import attend
from service.operations.limits import Bounds
from service.settings import Settings
from service.storage.database import Database


def answer(request: Request, error: Exception) -> Response:
    return JSONResponse({}, 404 if isinstance(error, NotFoundError) else 500)


def make_client(address: str = "127.0.0.1", token: str = "") -> TestClient:
    app = FastAPI()
    app.add_exception_handler(NotFoundError, answer)
    attend(app, Bounds(), answer, metrics_token=token)
    return TestClient(app, base_url="http://localhost", client=(address, 50000))


def fail() -> None:
    raise RuntimeError


def figures(client: TestClient) -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, tuple(sample.labels.values())): sample.value for sample in samples}


def test_a_part_that_fails_makes_the_service_not_ready_but_alive() -> None:
    client = make_client()
    client.app.state.checks.update(database=lambda: None, runs=fail)  # type: ignore[attr-defined]  # a FastAPI app
    assert client.get("/health/live").json() == {"status": "alive"}
    found = client.get("/health/ready")
    assert found.status_code == 503
    assert found.json() == {"is_ready": False, "parts": {"database": True, "runs": False}}


def test_a_service_whose_parts_hold_is_ready() -> None:
    client = make_client()
    client.app.state.checks.update(database=lambda: None)  # type: ignore[attr-defined]  # a FastAPI app
    assert client.get("/health/ready").json() == {"is_ready": True, "parts": {"database": True}}


def test_requests_are_counted_by_route_and_status() -> None:
    client = make_client()
    client.get("/health/live")
    client.get("/health/live")
    client.get("/nowhere/1")
    client.request("BREW", "/nowhere/2")
    found = figures(client)
    assert found["partnermatch_requests_total", ("GET", "/health/live", "200")] == 2
    assert found["partnermatch_requests_total", ("GET", "none", "404")] == 1
    assert found["partnermatch_requests_total", ("other", "none", "404")] == 1
    assert found["partnermatch_request_seconds_count", ("GET", "/health/live")] == 2


def test_figures_that_are_followed_are_read_when_asked_for() -> None:
    client, runs = make_client(), {"queued": 1.0}
    client.app.state.metrics.follow("runs", "Runs.", "state", lambda: runs)  # type: ignore[attr-defined]  # a FastAPI app
    runs["queued"] = 2.0
    assert figures(client)["partnermatch_runs", ("queued",)] == 2.0


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, 404),
        ("203.0.113.7", {}, 404),
        ("203.0.113.7", {"Authorization": "Bearer wrong"}, 404),
        ("203.0.113.7", {"Authorization": "Bearer scrape-me"}, 200),
    ],
)
def test_figures_are_for_this_machine_or_for_a_token(
    address: str, headers: dict[str, str], status: int
) -> None:
    assert make_client(address, "scrape-me").get("/metrics", headers=headers).status_code == status


def test_without_a_token_an_empty_one_opens_nothing() -> None:
    assert make_client("203.0.113.7").get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_figures_that_cannot_be_read_leave_the_others() -> None:
    client = make_client()
    client.app.state.metrics.follow("runs", "Runs.", "state", fail)  # type: ignore[attr-defined]  # a FastAPI app
    client.get("/health/live")
    assert figures(client)["partnermatch_requests_total", ("GET", "/health/live", "200")] == 1


def test_runs_connections_and_recommendations_are_among_the_figures(database: Database) -> None:
    app = create_app(Settings(model="words"), database)
    client = TestClient(app, "http://localhost", client=("127.0.0.1", 50000))
    found = figures(client)
    assert found["partnermatch_runs", ("queued",)] == found["partnermatch_runs", ("failed",)] == 0
    assert found["partnermatch_database_connections", ("used",)] >= 0
    assert found["partnermatch_recommendations_ready", ("answers",)] == 0
