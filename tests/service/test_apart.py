"""Districts strictly apart: nothing of one is there for another, whatever its id is called and whoever asks."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import insert, select
from starlette.testclient import TestClient

from matching import read_district
from service.api.access import Access
from service.app import create_app
from service.people.principal import Role
from service.people.users import create_user
from service.settings import Settings
from service.storage.database import Database
from service.storage.tables import DISTRICT_TABLES, imports, memberships, metadata, publications, run_matches
from tests.service.installation import Installation

FIXTURES = Path(__file__).parents[2] / "fixtures"
V1 = "/api/v1"
#: What reads real things of the district they belong to, but not of this run: it matched, and asked nothing else.
NOT_OF_A_MATCH = {f"GET {V1}/runs/{{run_id}}/{part}" for part in ("answer", "changes", "curve")}


class Apart:
    """Two districts: ``demo`` with a row in every table, a run and all that can come of one, and ``other``."""

    def __init__(self, app_of: Installation) -> None:
        self.installation = app_of
        self.demo = app_of.add_district("demo", read_district(FIXTURES / "tiny"))
        self.other = app_of.add_district("other")
        self.owner = app_of.client(Role.COORDINATOR, self.demo)
        self.ids = (
            {"token_id": "1", "district": "demo", "table": "needs", "convening_id": "C1"}
            | {"user_id": self._person()}
            | self._run()
            | self._kept()
        )

    def _person(self) -> str:
        with self.installation.database.writing() as connection:
            made = create_user(connection, "ana@school.org", "Ana Ruiz")
            place = {"user_id": made, "district_id": self.demo, "role": Role.BOARD, "of": ""}
            connection.execute(insert(memberships).values(place))
        return str(made)

    def _run(self) -> dict[str, str]:
        asked = {"kind": "match", "on": "2026-09-14", "effort": "quick"}
        made = self.owner.post(f"{V1}/runs", json=asked)
        assert made.status_code == 202, made.text
        run_id = made.json()["id"]
        while self.owner.get(f"{V1}/runs/{run_id}").json()["status"] in ("queued", "running"):
            time.sleep(0.05)
        return {
            "run_id": run_id,
            "name": self.owner.get(f"{V1}/runs/{run_id}/files").json()["items"][0]["name"],
        }

    def _kept(self) -> dict[str, str]:
        """Keep an import, a publication and a decision, and name each and a row of every table."""
        now, who = datetime.now(UTC), "token:1"
        with self.installation.database.writing() as connection:
            pair = connection.execute(select(run_matches)).first()
            assert pair is not None
            place = {"district_id": self.demo}
            row = {
                "file_name": "x.csv",
                "mode": "merge",
                "counts": {},
                "changes": b"",
                "imported_by": who,
                "imported_at": now,
            }
            connection.execute(insert(imports).values(place | row))
            published = {
                "run_id": pair.run_id,
                "changes": {"rows": []},
                "published_by": who,
                "published_at": now,
            }
            connection.execute(insert(publications).values(place | published))
        ids = {"need_id": pair.need_id, "offer_id": pair.offer_id}
        self.owner.post(f"{V1}/decisions", json=ids | {"decision": "declined", "reason": "Too far"})
        return ids | {"partner_id": pair.partner_id, "school_id": pair.school_id}

    def key(self, table: str) -> str:
        row = self.owner.get(f"{V1}/{table}?limit=1").json()["items"][0]
        singular = f"{table.removesuffix('s')}_id"
        return str(row.get(singular, row["number"]))

    def address(self, path: str) -> str:
        """Return a path filled with ids of things that are there in ``demo``."""
        parts = path.replace(":path}", "}").split("/")
        table = parts[3] if len(parts) > 3 else ""
        filled = [self._filled(part[1:-1], table) if part.startswith("{") else part for part in parts]
        return "/".join(filled)

    def _filled(self, name: str, table: str) -> str:
        if name == "key" and table != "import":
            return "demo" if table == "districts" else self.key("needs" if table == "change" else table)
        return "1" if name in ("number", "key") else self.ids[name]


@pytest.fixture
def apart(database: Database) -> Iterator[Apart]:
    made = Installation(create_app(Settings(model="words"), database), database)
    with TestClient(made.app):
        yield Apart(made)


def routes_of_things(apart: Apart) -> Iterator[tuple[str, str]]:
    """Yield method and path of each route that names a thing of a district."""
    for route in iter_route_contexts(apart.installation.app.routes):
        access = getattr(getattr(route, "endpoint", None), "access", None)
        path = route.path or ""
        is_of_district = isinstance(access, Access) and (
            access.of_district or path.startswith(f"{V1}/districts/")
        )
        if "{" in path and is_of_district:
            yield from ((method, path) for method in sorted(route.methods or ()))


def example_of(apart: Apart, method: str, path: str) -> object:
    """Return a body that the documentation gives for a route."""
    document = apart.installation.app.openapi()
    operation = document["paths"].get(path.replace(":path}", "}"), {}).get(method.lower(), {})
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        schema = document["components"]["schemas"].get(name, {})
        return schema.get("example", next(iter(schema.get("examples", [])), {}))
    return {}


def everything(database: Database) -> dict[str, list[str]]:
    with database.reading() as connection:
        return {
            table.name: sorted(str(row) for row in connection.execute(select(table)))
            for table in metadata.sorted_tables
            if table.name not in ("idempotency", "sessions")
        }


def test_things_of_another_district_are_not_there_and_stay_as_they_are(apart: Apart) -> None:
    stranger = apart.installation.client(Role.COORDINATOR, apart.other)
    asked = [(method, path, apart.address(path)) for method, path in routes_of_things(apart)]
    before = everything(apart.installation.database)
    for method, path, address in asked:
        body = json.dumps(example_of(apart, method, path)) if method != "GET" else None
        headers = {"If-Match": "*", "Content-Type": "application/json"}
        answer = stranger.request(method, address, headers=headers, content=body)
        assert answer.status_code == (
            403 if f"{method} {path}" == f"DELETE {V1}/districts/{{key}}" else 404
        ), (
            method,
            path,
            answer.text,
        )
    assert len(asked) > 40
    assert everything(apart.installation.database) == before


def test_the_same_things_are_there_for_their_own_district(apart: Apart) -> None:
    for method, path in routes_of_things(apart):
        if method == "GET" and path.startswith(V1) and f"GET {path}" not in NOT_OF_A_MATCH:
            answer = apart.owner.get(apart.address(path))
            assert answer.status_code == 200, (path, answer.text)


def test_lists_hold_nothing_of_another_district(apart: Apart) -> None:
    stranger = apart.installation.client(Role.COORDINATOR, apart.other)
    for table in DISTRICT_TABLES:
        listed = stranger.get(f"{V1}/{table}?limit=500").json()["items"]
        with apart.installation.database.reading() as connection:
            rows = DISTRICT_TABLES[table]
            own = connection.execute(select(rows.c.number).where(rows.c.district_id == apart.other)).scalars()
            assert {row["number"] for row in listed} == set(own), table
    for name in ("runs", "imports", "publications"):
        assert stranger.get(f"{V1}/{name}").json()["items"] == [], name
        assert apart.owner.get(f"{V1}/{name}").json()["items"] != [], name
    assert [token["name"] for token in stranger.get(f"{V1}/tokens").json()["items"]] == ["coordinator"]
    assert stranger.get(f"{V1}/schools?district=demo").status_code == 404
    assert stranger.get(f"{V1}/schools?district=other&district=demo").status_code == 404
