"""How long a recommendation takes over HTTP, among 10,000 offers and 10,000 needs: ``python -m benchmarks.service``.

The real server (`partnermatch serve`, uvicorn with one process, SQLite on disk) answers a load generator in a process
of its own, cold (each need for the first time at this version) and cached; beside it, in the same run and by the same
load, a bare FastAPI endpoint that returns one of the same answers. Then a need is changed and asked about at once.
Answers are compared with those of a `Recommender` before anything is timed. All on one machine: server and generator
share its cores.
"""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
from sqlalchemy import insert

from benchmarks.recommend import _district
from benchmarks.record import write_record
from benchmarks.service_load import Job
from embeddings import CachedEncoder, Encoder, SentenceEncoder, WordHashEncoder
from matching.questions import Question
from matching.recommendation import Recommender
from service.people.principal import Role
from service.people.tokens import Grant, issue
from service.storage.database import Database, sqlite_url
from service.storage.districts import load_district, store_district
from service.storage.migrations import migrate
from service.storage.tables import districts
from service.suggesting import told_of

PATH: Final = "/api/v1/recommendations"
MANY: Final = 20
ALONE, COLD, KEPT, ROUNDS, CHANGES = 300, 1500, 500, 8, 20


def main() -> None:
    """Measure, print the figures and write them to ``benchmarks/results/service.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_000, help="needs, and offers, of the district")
    parser.add_argument("--model", default="", help="words: the small one for trials")
    options = parser.parse_args()
    encoder: Encoder = WordHashEncoder() if options.model else CachedEncoder(SentenceEncoder())
    with tempfile.TemporaryDirectory() as folder:
        token = _prepare(Path(folder), options.size)
        with _server(Path(folder), options.model) as port:
            figures = _measured(Path(folder), port, token, encoder)
    print(json.dumps(figures, indent=2))
    write_record("service", figures, packages=("fastapi", "starlette", "uvicorn", "sqlalchemy", "pydantic"))


def _measured(folder: Path, port: int, token: str, encoder: Encoder) -> dict[str, object]:
    database = Database(sqlite_url(folder))
    with database.reading() as connection:
        district = load_district(connection, 1, with_contacts=False)
    recommender = Recommender(district, encoder=encoder)
    needs = district.needs["need_id"].tolist()
    random.Random(1).shuffle(needs)
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=600
    ) as client:
        answer = _check_answers(client, recommender, needs[-30:])
        found = _loads(port, token, needs)
        with _bare(folder, answer) as bare_port:
            bare = _loads_of_bare(bare_port, token, needs)
        found |= {"after a change": _after_changes(client, needs[:CHANGES])}
    return {
        "needs": len(needs),
        "offers": len(district.offers),
        "model": encoder.name,
        "answer_bytes": len(answer),
        "service": found,
        "bare endpoint": bare,
    }


def _loads(port: int, token: str, needs: Sequence[str]) -> dict[str, Any]:  # Any: JSON
    alone, many = needs[:ALONE], needs[ALONE : ALONE + COLD]
    kept = [*many[-KEPT:]] * ROUNDS
    return {
        "one client, cold": _load(port, PATH, token, alone, 1),
        "one client, cached": _load(port, PATH, token, alone, 1),
        f"{MANY} clients, cold": _load(port, PATH, token, many, MANY),
        f"{MANY} clients, cached": _load(port, PATH, token, kept, MANY),
    }


def _loads_of_bare(port: int, token: str, needs: Sequence[str]) -> dict[str, Any]:  # Any: JSON
    _load(port, "/bare", token, needs[:ALONE], 1)
    return {
        "one client": _load(port, "/bare", token, needs[:ALONE], 1),
        f"{MANY} clients": _load(port, "/bare", token, [*needs[:KEPT]] * ROUNDS, MANY),
    }


def _load(port: int, path: str, token: str, needs: Sequence[str], clients: int) -> dict[str, float]:
    """Return the figures of a load of the generator."""
    bodies = [json.dumps({"need_id": need}) for need in needs]
    job = asdict(Job(port, path, token, bodies, clients))
    command = [sys.executable, "-m", "benchmarks.service_load"]
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    p50, p95, p99 = np.percentile(report["latencies"], [50, 95, 99]) * 1e3
    return {
        "requests": len(needs),
        "requests_per_second": round(len(needs) / report["wall"], 1),
        "p50_ms": round(float(p50), 2),
        "p95_ms": round(float(p95), 2),
        "p99_ms": round(float(p99), 2),
        "generator_cpu_ms_per_request": round(report["cpu"] / len(needs) * 1e3, 3),
    }


def _check_answers(client: httpx.Client, recommender: Recommender, needs: Sequence[str]) -> bytes:
    """Assert that the service says what a recommender says; return one answer."""
    for need in needs:
        asked = client.post(PATH, json={"need_id": need}).raise_for_status()
        expected = told_of(Question(need_id=need).asked_of(recommender))
        assert asked.json() == json.loads(json.dumps(expected)), need
    return asked.content


def _after_changes(client: httpx.Client, needs: Sequence[str]) -> dict[str, float]:
    """Return how long the first answer takes after the slots of a need were changed."""
    seconds = []
    for need in needs:
        path = f"/api/v1/needs/{need}"
        found = client.get(path).raise_for_status()
        change = {"slots": found.json()["slots"] + 1}
        client.patch(path, json=change, headers={"If-Match": found.headers["etag"]}).raise_for_status()
        begun = time.perf_counter()
        answer = client.post(PATH, json={"need_id": need}).raise_for_status()
        seconds.append(time.perf_counter() - begun)
        assert answer.json()["need"]["slots"] == change["slots"]
    p50, p95 = np.percentile(seconds, [50, 95]) * 1e3
    return {"changes": len(needs), "p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1)}


def _prepare(folder: Path, size: int) -> str:
    """Make a database with one district and return a coordinator's token."""
    database, now = Database(sqlite_url(folder)), datetime.now(UTC)
    migrate(database)
    with database.writing() as connection:
        connection.execute(
            insert(districts).values(id=1, key="large", name="Large", created_at=now, changed_at=now)
        )
        store_district(connection, 1, _district(size))
        _, token = issue(connection, 1, Grant("benchmark", Role.COORDINATOR))
    database.close()
    return token


@contextmanager
def _server(folder: Path, model: str) -> Iterator[int]:
    """Yield the port of the service."""
    port = _free_port()
    settings = {"PARTNERMATCH_DEMO": "false", "PARTNERMATCH_LOG_LEVEL": "INFO"}
    settings |= {"PARTNERMATCH_MODEL": model} if model else {}
    program = Path(sys.executable).with_name("partnermatch")
    command = [str(program), "serve", "--port", str(port), "--data", str(folder)]
    with _running(command, settings, port, folder / "server.log"):
        yield port


@contextmanager
def _bare(folder: Path, answer: bytes) -> Iterator[int]:
    """Yield the port of a bare endpoint that returns an answer."""
    port = _free_port()
    (folder / "answer.json").write_bytes(answer)
    command = [sys.executable, "-m", "uvicorn", "benchmarks.service_bare:app"]
    command += ["--port", str(port), "--no-access-log"]
    with _running(command, {"BARE_ANSWER": str(folder / "answer.json")}, port, folder / "bare.log"):
        yield port


@contextmanager
def _running(command: Sequence[str], settings: dict[str, str], port: int, log: Path) -> Iterator[None]:
    """Run a server as long as the block, which begins once it listens."""
    with log.open("wb") as lines:
        server = subprocess.Popen(command, env=os.environ | settings, stdout=lines, stderr=lines)
        try:
            while True:
                if server.poll() is not None:
                    raise RuntimeError(log.read_text(encoding="utf-8"))
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield
        finally:
            server.terminate()
            server.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
