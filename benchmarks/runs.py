"""What a run costs those who ask meanwhile: ``python -m benchmarks.runs``.

A real server on SQLite, with a generated district. One client asks for the same need and for health, one request after
the other: first while nothing runs (the baseline, over the same connection), then from the moment a run is asked for
until its result is kept. Then how long a cancelled run's process lives on, by either executor.
"""

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import httpx
import numpy as np
from distributed import LocalCluster
from sqlalchemy import insert

from benchmarks.record import write_record
from matching.district import District
from matching.generate import START_OF_SCHOOL, generate_district
from matching.tables import district_from_tables
from service.people import tokens
from service.people.principal import Role
from service.runs.executors import DaskExecutor, Executor, JobStoppedError, LocalExecutor
from service.runs.job import Job, Step, snapshot_of
from service.storage.database import Database, sqlite_url
from service.storage.districts import store_district
from service.storage.migrations import migrate
from service.storage.tables import districts
from tests.service.runs.jobs import children
from tests.service.server import Server

IDLE_ROUNDS = 1_000
CANCELS = 5
Figures = dict[str, object]


def main() -> None:
    """Measure, print the figures and write them to ``benchmarks/results/runs.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--needs", type=int, default=3_000)
    parser.add_argument("--effort", default="standard", choices=("quick", "standard", "thorough"))
    given = parser.parse_args()
    tables = generate_district(given.needs * 2 // 9, seed=1, num_needs=given.needs)
    district = district_from_tables(tables, name="generated")
    figures: Figures = {"needs": len(district.needs), "effort": given.effort}
    with tempfile.TemporaryDirectory() as folder:
        figures |= served(district, Path(folder), given.effort)
    job = Job("match", "generated", snapshot_of(district), START_OF_SCHOOL, effort="thorough", model="words")
    gone = {"local": cancelled(LocalExecutor(1), job)}
    with LocalCluster(1, 1, True, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        executor = DaskExecutor(cluster.scheduler_address)
        gone["dask"] = cancelled(executor, job)
        executor.close()
    figures["seconds_until_a_cancelled_process_is_gone"] = gone
    print(json.dumps(figures, indent=2))
    print(write_record("runs", figures, packages=("fastapi", "uvicorn", "sqlalchemy", "distributed")))


def served(district: District, folder: Path, effort: str) -> Figures:
    """Return the latencies without and with a run, and what the run itself took."""
    need, token = district.needs["need_id"].iloc[0], prepared(district, folder)
    with Server(folder, demo="false") as server, server.client(authorization=f"Bearer {token}") as client:
        paths = {"need": f"/api/v1/needs/{need}", "health": "/health/live"}
        rounds = itertools.count()
        latencies(client, paths, lambda: next(rounds) < 100)
        rounds = itertools.count()
        idle = latencies(client, paths, lambda: next(rounds) < IDLE_ROUNDS)
        start = time.perf_counter()
        asked = client.post(
            "/api/v1/runs", json={"kind": "match", "effort": effort, "on": str(START_OF_SCHOOL)}
        )
        seconds_to_ask = time.perf_counter() - start
        run = client.get(asked.headers["location"]).json()
        checks = itertools.count(1)

        def is_under_way() -> bool:
            if next(checks) % 50 == 0:
                run.update(client.get(asked.headers["location"]).json())
            return run["status"] in ("queued", "running")

        busy = latencies(client, paths, is_under_way)
        assert run["status"] == "done", run["fault"]
        took = time.perf_counter() - start
        return {
            "milliseconds": {"idle": idle, "while_a_run_is_done": busy},
            "seconds_to_ask_for_a_run": round(seconds_to_ask, 3),
            "seconds_of_the_run": round(took, 1),
            "timings_of_the_run": run["summary"]["timings"],
            "seconds_until_a_run_cancelled_at_another_server_is_gone": [
                cancelled_elsewhere(server, client, folder, token) for _ in range(CANCELS)
            ],
        }


def cancelled_elsewhere(server: Server, client: httpx.Client, folder: Path, token: str) -> float:
    """Return how long after its cancellation at another server of the database a run's process is still there."""
    given = {"kind": "match", "effort": "thorough", "on": str(START_OF_SCHOOL)}
    path = client.post("/api/v1/runs", json=given).headers["location"]
    while client.get(path).json()["phase"] != "search":
        time.sleep(0.1)
    settings = {"demo": "false", "max_running": "1"}
    with Server(folder, **settings) as other, other.client(authorization=f"Bearer {token}") as asking:
        start = time.perf_counter()
        assert asking.post(f"{path}/cancel").json()["status"] == "cancelled"
        while children(server.process.pid):
            time.sleep(0.005)
        return round(time.perf_counter() - start, 3)


def prepared(district: District, folder: Path) -> str:
    """Store a district where a server will find it, and return a token for it."""
    database, now = Database(sqlite_url(folder)), datetime.now(UTC)
    migrate(database)
    with database.writing() as connection:
        row = insert(districts).values(key="generated", name="generated", created_at=now, changed_at=now)
        district_id = int(connection.execute(row.returning(districts.c.id)).scalar_one())
        store_district(connection, district_id, district)
        _, secret = tokens.issue(connection, district_id, tokens.Grant("benchmark", Role.COORDINATOR))
    database.close()
    return secret


def latencies(client: httpx.Client, paths: dict[str, str], goes_on: Callable[[], bool]) -> Figures:
    """Return p50, p99 and the longest of requests to each path, asked in turn as long as it goes on."""
    taken: dict[str, list[float]] = {name: [] for name in paths}
    while goes_on():
        for name, path in paths.items():
            start = time.perf_counter()
            assert client.get(path).status_code == 200
            taken[name].append((time.perf_counter() - start) * 1_000)
    return {name: summary(times) for name, times in taken.items()}


def summary(times: list[float]) -> dict[str, float]:
    """Return how many requests there were, and their latencies in milliseconds."""
    p50, p99 = np.percentile(times, (50, 99))
    return {
        "requests": len(times),
        "p50": round(float(p50), 2),
        "p99": round(float(p99), 2),
        "max": round(max(times), 1),
    }


def cancelled(executor: Executor, job: Job) -> list[float]:
    """Return how long after each cancellation the process of a run is still there, in seconds."""
    return [round(seconds, 3) for seconds in itertools.islice(_cancelled(executor, job), CANCELS)]


def _cancelled(executor: Executor, job: Job) -> Iterator[float]:
    while True:
        stop, stopped_at = Event(), [0.0]

        def tell(step: Step, stop: Event = stop, stopped_at: list[float] = stopped_at) -> None:
            if step.phase == "search" and not stop.is_set():
                stopped_at[0] = time.perf_counter()
                stop.set()

        try:
            executor.run(job, tell, stop)
        except JobStoppedError:
            while children():
                time.sleep(0.005)
            yield time.perf_counter() - stopped_at[0]


if __name__ == "__main__":
    main()
