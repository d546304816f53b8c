"""What a request may be."""

import threading
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import Body, FastAPI, UploadFile
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.operations.endpoints import attend
from service.operations.limits import Bounds

BOUNDS = Bounds(hosts=("district.example.org", "[::1]"), json_bytes=100, upload_bytes=1000, seconds=0.2)


def answer(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, getattr(error, "status_code", 500))


@pytest.fixture
def client() -> Iterator[TestClient]:
    app, is_over = FastAPI(), threading.Event()
    app.add_exception_handler(413, answer)

    @app.post("/needs")
    def create(need: Annotated[dict[str, str], Body()]) -> int:
        return len(need)

    @app.post("/import")
    def take_in(file: UploadFile) -> int:
        return len(file.file.read())

    @app.get("/slow")
    def slow() -> str:
        is_over.wait(0.4)
        return "late"

    attend(app, BOUNDS, answer)
    yield TestClient(app, base_url="http://district.example.org")
    is_over.set()


@pytest.mark.parametrize("host", ["district.example.org", "district.example.org:8000", "[::1]", "[::1]:8000"])
def test_a_host_of_ours_is_answered(client: TestClient, host: str) -> None:
    assert client.post("/needs", json={}, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example.org", "", "district.example.org.evil.org", "[::2]"])
def test_another_host_is_refused(client: TestClient, host: str) -> None:
    assert client.post("/needs", json={}, headers={"Host": host}).status_code == 400


def test_health_is_told_under_any_name(client: TestClient) -> None:
    assert client.get("/health/live", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_a_body_that_says_it_is_too_large_is_refused(client: TestClient) -> None:
    assert client.post("/needs", json={"a": "x" * 80}).status_code == 200
    refused = client.post("/needs", json={"a": "x" * 100})
    assert refused.status_code == 413
    assert "at most 100 bytes" in refused.text


def test_a_body_that_turns_out_too_large_is_refused(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"a":"'
        yield b"x" * 100
        yield b'"}'

    refused = client.post("/needs", content=pieces(), headers={"Content-Type": "application/json"})
    assert refused.status_code == 413
    assert "at most 100 bytes" in refused.text


def test_a_file_may_be_larger_than_json(client: TestClient) -> None:
    assert client.post("/import", files={"file": b"x" * 500}).json() == 500
    assert client.post("/import", files={"file": b"x" * 1000}).status_code == 413


def test_what_takes_too_long_is_answered_all_the_same(client: TestClient) -> None:
    refused = client.get("/slow")
    assert refused.status_code == 503
    assert "too long" in refused.text
    assert refused.headers["x-request-id"]
