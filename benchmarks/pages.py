"""How long each page takes in a district of 200 schools and 1,000 partners: ``python -m benchmarks.pages``.

Each page that can be asked for is asked ROUNDS times in turn, as an admin, in process and without a network, of other
things each time: a page that is asked for the first time after a change has more to do, so the first round counts
apart. One's own account, which reads nothing of a district, is the baseline of the same run. Before anything is timed,
each page has to answer and to stay within its weight.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from http import HTTPStatus
from itertools import count, islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import select
from starlette.testclient import TestClient

from benchmarks.record import write_record
from matching.exporting import write_folder
from matching.generate import generate_district
from matching.tables import read_district
from service.app import create_app
from service.settings import Settings
from service.storage.database import Database, sqlite_url
from service.storage.migrations import migrate
from service.storage.tables import DISTRICT_TABLES
from tests.service.installation import Installation

SCHOOLS, OFFERS, ROUNDS = 200, 1480, 20
BASELINE: Final = "/account"
DISTRICT: Final = "/districts/{district}"
HEAVIEST: Final = 150_000
#: What a page has to be asked for.
QUERIES: Final = {
    "{run_id}/compare": "?with={other_id}",
    "/runs/compare": "?run={run_id}&run={other_id}",
    "/propose": "?need={need_id}&q=mentor",
    "/packet/{convening_id}": "?school={school_id}",
}
#: What stands in the places of an address that fit several things.
PLACES: Final = {
    "{run_id}/curve": "{curve_id}/curve",
    "{run_id}/moves": "{curve_id}/moves",
    "{run_id}/calls": "{curve_id}/calls",
    "matches/{number}": "matches/{match}",
    "change/{table}/{key}": "change/needs/{need_id}",
}
#: Pages that need more than a district with runs; documents, which are made to be kept.
APART: Final = ("/import/", ".xlsx", ".ics", "/printed/", "/packets/", "/people/{user_id}")


def main() -> None:
    """Measure, print a line a page, the slowest first, and write ``benchmarks/results/pages.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=None, help="words: the small one for trials")
    parser.add_argument("--effort", default="quick", help="of the runs that are reviewed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _installed(Path(folder), options.model) as client:
        ids = _ids(client, options.effort)
        figures = _measured(client, ids)
    base = figures[BASELINE]["p50_ms"]
    for path, row in sorted(figures.items(), key=lambda item: -item[1]["p95_ms"]):
        told = {name: value for name, value in row.items() if not isinstance(value, list)}
        print(f"{path:64} {json.dumps(told)}")
    found = [row for path, row in figures.items() if path != BASELINE]
    summary = {
        "schools": SCHOOLS,
        "partners": len(ids["partner_id"]),
        "needs": len(ids["need_id"]),
        "p95_ms_of_all": _percentile([each for row in found for each in row.pop("times")], 95),
        "p95_processor_ms_of_all": _percentile(
            [each for row in found for each in row.pop("of_processor")], 95
        ),
        "slowest_p95_to_baseline": round(max(row["p95_ms"] for row in found) / base, 1),
        "heaviest_bytes": max(row["bytes"] for row in found),
    }
    del figures[BASELINE]["times"], figures[BASELINE]["of_processor"]
    print(json.dumps(summary, indent=2))
    write_record("pages", summary | {"pages": figures}, packages=("fastapi", "jinja2", "sqlalchemy"))


@contextmanager
def _installed(folder: Path, model: str | None) -> Iterator[TestClient]:
    """Give a browser in which an admin is signed in, before a district of its own."""
    write_folder(generate_district(SCHOOLS, seed=1, num_offers=OFFERS), folder / "district")
    database = Database(sqlite_url(folder))
    migrate(database)
    made = Installation(create_app(Settings(model=model), database), database)
    made.add_district("demo", read_district(folder / "district"))
    with made.admin() as client:
        client.headers["Accept"] = "text/html"
        yield client


def _ids(client: TestClient, effort: str) -> dict[str, Sequence[str]]:
    """Return what is put into the places of addresses, after a plan was made, published and made anew at mid-year."""
    first = _run(client, "match", effort)
    client.post(f"/districts/demo/runs/{first}/publish", data={"csrf": "csrf", "rest": "true"})
    rematch, curve = (_run(client, kind, effort) for kind in ("rematch", "curve"))
    return {
        "need_id": _keys(client, "needs"),
        "school_id": _keys(client, "schools"),
        "partner_id": _keys(client, "partners"),
        "convening_id": _keys(client, "convenings"),
        "table": ["needs", "offers", "partners", "schools", "evaluations"],
        "run_id": [rematch],
        "curve_id": [curve],
        "other_id": [first],
        "match": [str(number) for number in range(1, 2000, 70)],
        "number": ["1"],
    }


def _run(client: TestClient, kind: str, effort: str) -> str:
    """Return the id of a run, once it is done."""
    made = client.post("/api/v1/runs", params={"district": "demo"}, json={"kind": kind, "effort": effort})
    run_id: str = made.raise_for_status().json()["id"]
    while (run := client.get(f"/api/v1/runs/{run_id}", params={"district": "demo"}).json())[
        "status"
    ] != "done":
        assert run["status"] in ("queued", "running"), run
        time.sleep(1)
    return run_id


def _keys(client: TestClient, table: str) -> list[str]:
    with client.app.state.database.reading() as connection:  # type: ignore[attr-defined]  # an application of ours
        keyed = DISTRICT_TABLES[table].c[f"{table[:-1]}_id"]
        return sorted(connection.scalars(select(keyed)), key=lambda key: sha256(key.encode()).digest())


def _pages(app: FastAPI) -> list[str]:
    """Return the paths of all pages of a district, and of lists that are asked for something."""
    found = [BASELINE]
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        if (
            "GET" in (route.methods or ())
            and path.startswith(DISTRICT)
            and not any(end in path for end in APART)
        ):
            found.append(path.replace(":path}", "}"))
    return [*found, f"{DISTRICT}/needs?q=reading+help&status=open", f"{DISTRICT}/needs?kind=mentoring&page=2"]


def _addresses(path: str, ids: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield addresses of a page without end, about one thing after the other."""
    query = next((asked for end, asked in QUERIES.items() if path.endswith(end)), "")
    for short, full in PLACES.items():
        path = path.replace(short, full)
    for turn in count():
        filled = {name: quote(keys[turn % len(keys)], safe="") for name, keys in ids.items()}
        yield (path + query).format(district="demo", **filled)


def _measured(client: TestClient, ids: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:  # Any: JSON
    app: FastAPI = client.app  # type: ignore[assignment]  # an application of ours
    figures = {}
    for path in _pages(app):
        times, of_processor, sizes = [], [], []
        for address in islice(_addresses(path, ids), ROUNDS):
            begun, begun_processor = time.perf_counter(), time.process_time()
            answer = client.get(address)
            times.append((time.perf_counter() - begun) * 1e3)
            of_processor.append((time.process_time() - begun_processor) * 1e3)
            assert answer.status_code == HTTPStatus.OK, (address, answer.text)
            sizes.append(len(answer.content))
        if max(sizes) > HEAVIEST:
            print(f"{path}: {max(sizes)} bytes, expected at most {HEAVIEST}")
        figures[path] = {
            "first_ms": round(times[0], 1),
            "p50_ms": _percentile(times[1:], 50),
            "p95_ms": _percentile(times[1:], 95),
            "p95_processor_ms": _percentile(of_processor[1:], 95),
            "bytes": max(sizes),
            "times": times[1:],
            "of_processor": of_processor[1:],
        }
    return figures


def _percentile(times: Sequence[float], share: int) -> float:
    return round(float(np.percentile(times, share)), 1)


if __name__ == "__main__":
    main()
