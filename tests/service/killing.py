"""A coordinator at work with a server that is killed again and again, and what has to hold every time."""

import csv
import io
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, func, select

from service.operations import audit_log
from service.operations.starting import demo_folder, load_demo
from service.people import tokens
from service.people.principal import Role
from service.storage.database import Database
from service.storage.tables import DISTRICT_TABLES, districts, imports, publications, run_files, runs
from service.storage.tables import audit_log as entries
from tests.service.server import Server

ON = "2026-09-14"
RUN = {"kind": "match", "effort": "quick", "on": ON}
_SECONDS_FOR_A_RUN = 120.0
_NEEDS, _PARTNERSHIPS = DISTRICT_TABLES["needs"], DISTRICT_TABLES["partnerships"]
_STANDING = ("need_id", "offer_id", "slots", "status", "since", "locked")
Standing = set[tuple[Any, ...]]  # Any: cells of a row


@dataclass
class Seen:
    """What the client has seen acknowledged, and what it has asked for without an answer so far."""

    stamp: int = 0
    imports: int = 0
    is_published: bool = False
    publications: int = 0
    # Each with whether the first run was published at that moment.
    runs: dict[str, bool] = field(default_factory=dict)
    in_flight: str = ""


class Story:
    """Imports, publications and runs on the demonstration district, until the server is killed.

    Parameters
    ----------
    database
        The server's, without a row; what is there is read beside the server.
    folder
        The server's data folder.
    seed
        Of the moments at which the server is killed.
    """

    def __init__(self, database: Database, folder: Path, seed: int):
        self.database, self.folder, self.seen = database, folder, Seen()
        self.random = random.Random(seed)
        self.seconds: dict[str, float] = {}
        self.settings = {} if database.is_sqlite else {"database_url": database.url}
        load_demo(database)
        with database.writing() as connection:
            # With the small model, few of the running partnerships would reach the floor.
            connection.execute(districts.update().values(policy="[fit]\nfloor = 0.0\n"))
            _, self.token = tokens.issue(connection, 1, tokens.Grant("kill", Role.COORDINATOR))

    def begin(self) -> None:
        """Make a run before and one after the first is published, undisturbed: what later ones have to look like."""
        self.standing: dict[bool, Standing] = {}
        self.files: dict[bool, dict[str, str]] = {}
        with self._server() as server, self._client(server) as client:
            self._try("import", self._import, client)
            for is_published in (False, True):
                begun = time.monotonic()
                run_id = self._ask_for_run(client)
                self.wait_for_runs()
                self.seconds["run"] = time.monotonic() - begun
                self.standing[is_published] = self._read(_standing)
                self.files[is_published] = self._read(partial(_files, run_id=run_id))
                self.run_id = next(iter(self.seen.runs))
                self._try("publish", self._publish, client)

    def kill_during(self, what: str) -> None:
        """Start the server on what is there, let it end what was left half done, and kill it at a random moment."""
        action = {"import": self._import, "publish": self._publish, "run": self._ask_for_run}[what]
        with self._server() as server, self._client(server) as client:
            self.wait_for_runs()
            worker = threading.Thread(target=self._try, args=(what, action, client))
            worker.start()
            time.sleep(self.random.uniform(0, self.seconds[what]))
            server.kill()
            worker.join()

    def check(self) -> None:
        """Check that all that was acknowledged is there, and of what was not all or nothing."""
        seen = self.seen
        with self.database.reading() as connection:
            assert audit_log.verify(connection) is None
            stamps = {row.extra.get("stamp") for row in connection.execute(select(_NEEDS.c.extra))}
            done = _count(connection, imports)
            assert (stamps, done) in [({_text(seen.stamp)}, seen.imports), *self._half(seen)]
            seen.stamp, seen.imports = int(stamps.pop() or 0), done
            self._check_publications(connection)
            assert seen.runs.keys() <= set(connection.scalars(select(runs.c.id)))
        seen.in_flight = ""

    def wait_for_runs(self) -> None:
        """Wait until every run is done, those too that were left half done."""
        states = select(runs.c.id, runs.c.state, runs.c.fault).where(runs.c.state != "done")
        ends = time.monotonic() + _SECONDS_FOR_A_RUN
        while open_ones := self._read(lambda connection: connection.execute(states).all()):
            assert {one.state for one in open_ones} <= {"queued", "running"}, open_ones
            assert time.monotonic() < ends, open_ones
            time.sleep(0.1)

    def end(self) -> None:
        """Start the server once more: each run that was acknowledged gets done, with the tables of one undisturbed."""
        with self._server():
            self.wait_for_runs()
        with self.database.reading() as connection:
            for run_id, was_published in self.seen.runs.items():
                assert _files(connection, run_id) == self.files[was_published]

    def _half(self, seen: Seen) -> list[tuple[set[str | None], int]]:
        return [({_text(seen.stamp + 1)}, seen.imports + 1)] if seen.in_flight == "import" else []

    def _check_publications(self, connection: Connection) -> None:
        """Check that partnerships are as before or as after a publication, and that it is told of them alike."""
        seen, made = self.seen, _count(connection, publications)
        standing = publications.c.undone_at.is_(None)
        is_published = bool(_count(connection, publications.select().where(standing).subquery()))
        expected = [(seen.is_published, seen.publications)]
        if seen.in_flight == "publish":
            expected.append((not seen.is_published, seen.publications + (not seen.is_published)))
        assert (is_published, made) in expected
        assert _standing(connection) == self.standing[is_published]
        told = select(func.count()).where(entries.c.thing == "publications", entries.c.action == "published")
        assert connection.scalar(told) == made
        seen.is_published, seen.publications = is_published, made

    def _try(self, what: str, action: Callable[[httpx.Client], object], client: httpx.Client) -> None:
        """Do a thing, and learn how long it takes."""
        self.seen.in_flight = what
        begun = time.monotonic()
        try:
            action(client)
        except httpx.TransportError:
            # Next time a little later, to come near the moment at which it is kept.
            self.seconds[what] *= 1.1
            return
        if what != "run":
            self.seconds[what] = 1.2 * (time.monotonic() - begun)
        self.seen.in_flight = ""

    def _import(self, client: httpx.Client) -> None:
        stamp = self.seen.stamp + 1
        answer = client.post(
            "/api/v1/imports",
            params={"dry_run": "false"},
            files={"file": ("needs.csv", _stamped_needs(stamp))},
            headers={"If-Match": "*"},
        )
        assert answer.status_code == 201, answer.text
        self.seen.stamp, self.seen.imports = stamp, self.seen.imports + 1

    def _publish(self, client: httpx.Client) -> None:
        """Publish the first run, or take the publication back."""
        if self.seen.is_published:
            latest = client.get("/api/v1/publications").json()["items"][0]["number"]
            answer = client.post(f"/api/v1/publications/{latest}/undo")
        else:
            how = {"accept_rest": True, "on": ON}
            answer = client.post(f"/api/v1/runs/{self.run_id}/publish", json=how)
        assert answer.is_success, answer.text
        self.seen.publications += not self.seen.is_published
        self.seen.is_published = not self.seen.is_published

    def _ask_for_run(self, client: httpx.Client) -> str:
        answer = client.post("/api/v1/runs", json=RUN)
        assert answer.status_code == 202, answer.text
        run_id = str(answer.json()["id"])
        self.seen.runs[run_id] = self.seen.is_published
        return run_id

    def _server(self) -> Server:
        return Server(self.folder, **self.settings)

    def _client(self, server: Server) -> httpx.Client:
        return server.client(Authorization=f"Bearer {self.token}")

    def _read(self, ask: Callable[[Connection], Any]) -> Any:  # Any: whatever was asked
        with self.database.reading() as connection:
            return ask(connection)


def _standing(connection: Connection) -> Standing:
    columns = (_PARTNERSHIPS.c[name] for name in _STANDING)
    return {tuple(row) for row in connection.execute(select(*columns))}


def _files(connection: Connection, run_id: str) -> dict[str, str]:
    """Return the hashes of a run's tables; its report and summary tell how long it took."""
    query = select(run_files.c.name, run_files.c.sha256).where(run_files.c.run_id == run_id)
    return {name: sha256 for name, sha256 in connection.execute(query) if name.endswith(".csv")}


def _count(connection: Connection, table: Any) -> int:  # Any: a table or a subquery
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _text(stamp: int) -> str | None:
    return str(stamp) if stamp else None


def _stamped_needs(stamp: int) -> bytes:
    """Return the table of needs with a column of our own that says in all rows of which import they are."""
    with (demo_folder() / "needs.csv").open(encoding="utf-8", newline="") as file:
        rows = [{**row, "stamp": str(stamp)} for row in csv.DictReader(file)]
    made = io.StringIO()
    writer = csv.DictWriter(made, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue().encode()
