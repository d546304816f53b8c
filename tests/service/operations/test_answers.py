"""What every answer carries and leaves behind."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from fastapi import APIRouter, FastAPI, Response
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import JSONResponse

from service.operations.endpoints import attend
from service.operations.headers import CONTENT_POLICY, REPORT_POLICY
from service.operations.limits import Bounds
from service.operations.logs import configure_logs


def answer(request: Request, error: Exception) -> Response:
    return JSONResponse({"request_id": request.scope["request_id"]}, getattr(error, "status_code", 500))


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    before = logging.getLogger().handlers
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    stream = io.StringIO()
    configure_logs(stream=stream)
    yield stream
    logging.getLogger().handlers = before
    structlog.reset_defaults()


@pytest.fixture
def client(stream: io.StringIO) -> TestClient:
    app, router = FastAPI(), APIRouter(prefix="/needs")

    @router.get("/{need_id}")
    def read(need_id: str) -> str:
        if need_id == "fault":
            raise RuntimeError("Ana")
        logging.getLogger("service").info("Looked up.")
        return need_id

    @router.get("/{need_id}/report")
    def report(need_id: str) -> Response:
        return Response(
            need_id, headers={"content-security-policy": REPORT_POLICY, "cache-control": "private"}
        )

    app.include_router(router, prefix="/api/v1")
    attend(app, Bounds(), answer)
    return TestClient(app, base_url="http://localhost")


def logged(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_sane_request_id_is_kept_and_stands_in_every_line(client: TestClient, stream: io.StringIO) -> None:
    found = client.get("/api/v1/needs/n1", headers={"X-Request-ID": "proxy-0001"})
    assert found.headers["x-request-id"] == "proxy-0001"
    assert [line["event"] for line in logged(stream)] == ["Looked up.", "request"]
    assert {line["request_id"] for line in logged(stream)} == {"proxy-0001"}


@pytest.mark.parametrize("given", ["short", "x" * 65, "two words", 'quote"12345'])
def test_another_request_id_is_replaced(client: TestClient, given: str) -> None:
    made = client.get("/api/v1/needs/n1", headers={"X-Request-ID": given}).headers["x-request-id"]
    assert made != given
    assert len(made) == 32


def test_a_request_is_logged_by_its_route_and_not_by_its_path(
    client: TestClient, stream: io.StringIO
) -> None:
    client.get("/api/v1/needs/n-ana?text=reads+badly", headers={"Authorization": "Bearer pm_secret"})
    line = logged(stream)[-1]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/needs/{need_id}", 200)
    assert isinstance(line["milliseconds"], float)
    for private in ("ana", "badly", "pm_secret"):
        assert private not in stream.getvalue()


def test_a_fault_is_answered_with_its_id_and_headers(client: TestClient, stream: io.StringIO) -> None:
    found = client.get("/api/v1/needs/fault")
    assert found.status_code == 500
    assert found.json() == {"request_id": found.headers["x-request-id"]}
    assert found.headers["content-security-policy"] == CONTENT_POLICY
    assert logged(stream)[-1]["status"] == 500


def test_every_answer_protects_itself(client: TestClient) -> None:
    headers = client.get("/nowhere").headers
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


def test_an_encrypted_answer_asks_to_stay_encrypted(client: TestClient) -> None:
    assert "max-age" in client.get("https://localhost/nowhere").headers["strict-transport-security"]


def test_an_answer_keeps_the_headers_it_sets_itself(client: TestClient) -> None:
    headers = client.get("/api/v1/needs/n1/report").headers
    assert headers.get_list("content-security-policy") == [REPORT_POLICY]
    assert headers.get_list("cache-control") == ["private"]


def test_a_static_file_may_be_kept_and_is_asked_about_again(client: TestClient) -> None:
    assert client.get("/static/page.css").headers["cache-control"] == "no-cache"


def test_health_is_not_logged(client: TestClient, stream: io.StringIO) -> None:
    client.get("/health/live")
    assert [line for line in logged(stream) if line["event"] == "request"] == []
