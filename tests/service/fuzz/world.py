"""An installation to fuzz: two districts, runs that are done, people of all roles, and the ids of all that is there."""

import io
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from sqlalchemy import func, insert, select
from starlette.testclient import TestClient

from matching import read_district
from matching.district import District
from matching.exporting import tables_of, write_workbook, write_zip
from matching.hsds import write_hsds
from matching.schemas import TABLES
from matching.standing import RUNNING
from service.app import create_app
from service.operations import audit_log
from service.people.principal import Role
from service.runs import records
from service.runs.executors import JobFailedError
from service.runs.job import RESULT, Job, Kind, Outcome, do, snapshot_of
from service.runs.records import Asked, Claim
from service.settings import Settings
from service.storage.database import Database
from service.storage.districts import load_district
from service.storage.tables import (
    DISTRICT_TABLES,
    districts,
    imports,
    memberships,
    metadata,
    publications,
    run_files,
    run_matches,
    runs,
    tokens,
    users,
)
from service.storage.tables import (
    audit_log as entries,
)
from tests.service.installation import Installation

TINY: Final = Path(__file__).parents[3] / "fixtures" / "tiny"
ON: Final = date(2026, 9, 14)
#: Everybody who asks; None is nobody.
WHO: Final = (Role.ADMIN, Role.COORDINATOR, Role.LEADER, Role.PARTNER, Role.BOARD, None)
#: What nobody but who looks after it may read of the district, and nobody at all of the other one.
CONTACT, OTHER_CONTACT = "kept.from.boards@example.org", "kept.from.all@example.org"
_JOBS: Final[Mapping[Kind, Mapping[str, Any]]] = {
    "match": {},
    "rematch": {"max_moves": 2},
    "curve": {},
    "what-if": {"changes": ({"change": "drop_partner", "partner_id": "P1"},)},
}

Ids = dict[str, list[str]]


class World:
    """An installation that changes while it is asked, and is still in order whatever it was asked."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.app: FastAPI = create_app(Settings(model="words"), database)
        self.installation = Installation(self.app, database)
        demo = _with_contact(read_district(TINY), CONTACT)
        self.own = {Role.LEADER: demo.schools.school_id[0], Role.PARTNER: demo.partners.partner_id[0]}
        self.demo = self.installation.add_district("demo", demo)
        self.other = self.installation.add_district(
            "other", _with_contact(read_district(TINY), OTHER_CONTACT)
        )
        for district_id in (self.demo, self.other):
            self._add_runs(district_id)
        self._add_people()
        self.before = self.rows_of_other()
        self.clients: dict[Role | None, TestClient] = {}
        self.answers: Counter[int] = Counter()

    @contextmanager
    def open(self) -> Iterator["World"]:
        """Answer, all clients by one event loop."""
        with start_blocking_portal() as self.portal:
            yield self

    def client(self, who: Role | None) -> TestClient:
        """Return a client of a role."""
        if who not in self.clients:
            made = self._new_client(who)
            made.portal = self.portal
            self.clients[who] = made
        return self.clients[who]

    def restock(self) -> None:
        """Bring back what the district had at first, beside what it has."""
        file = {"file": ("district.zip", uploads()[1].body)}
        asked = {"dry_run": "false", "district": "demo"}
        match = {"If-Match": "*"}
        self.client(Role.ADMIN).post("/api/v1/imports", params=asked, files=file, headers=match)

    def renew(self) -> None:
        """Forget clients that were signed out by what they asked."""
        for who, client in [*self.clients.items()]:
            if who is None or client.get("/api/v1/me").status_code != 200:
                del self.clients[who]

    def _new_client(self, who: Role | None) -> TestClient:
        if who is None:
            return self.installation.nobody()
        if who is Role.ADMIN:
            return self.installation.admin()
        return self.installation.client(who, self.demo, of=self.own.get(who, ""))

    def ids(self) -> Ids:
        """Return what is there to be named: by column, and the numbers of a table under its name."""
        found: Ids = {}
        with self.database.reading() as connection:

            def values(column: Any, *where: Any, by: Any = None) -> list[str]:  # Any: SQL
                asked = select(column).where(*where).order_by(column if by is None else by).limit(60)
                return list(dict.fromkeys(str(value) for value in connection.scalars(asked)))

            for name, table in TABLES.items():
                stored = DISTRICT_TABLES[name]
                here = stored.c.district_id == self.demo
                found[name] = values(stored.c[table.key or "number"], here)
                if table.key:
                    found[table.key] = found[name]
            here = runs.c.district_id == self.demo
            found |= {
                "run_id": values(runs.c.id, here, by=runs.c.number),
                "ended": values(
                    runs.c.id, here, runs.c.state.not_in(("queued", "running")), by=runs.c.number
                ),
                "files": values(run_files.c.name, by=run_files.c.name.desc()),
                "matches": values(run_matches.c.number),
                "publications": values(publications.c.number, publications.c.district_id == self.demo),
                "imports": values(imports.c.number, imports.c.district_id == self.demo),
                "users": values(users.c.id),
                "tokens": values(tokens.c.id),
            }
        return found

    def state(self) -> list[tuple[int, int]]:
        """Return what grows with every change: the lengths of the audit log's chains."""
        chain, number = entries.c.chain, entries.c.number
        with self.database.reading() as connection:
            found = connection.execute(select(chain, func.max(number)).group_by(chain).order_by(chain))
            return [(row[0], row[1]) for row in found]

    def rows_of_other(self) -> dict[str, list[tuple[object, ...]]]:
        """Return all rows that belong to the other district."""
        with self.database.reading() as connection:
            found = {
                table.name: connection.execute(
                    select(table).where(table.c.district_id == self.other).order_by(*table.primary_key)
                )
                for table in metadata.sorted_tables
                if "district_id" in table.c
            }
            own = connection.execute(select(districts).where(districts.c.id == self.other))
            return {name: [tuple(row) for row in rows] for name, rows in {**found, "own": own}.items()}

    def check(self) -> None:
        """Hold that all is in order, whatever was asked."""
        with self.database.reading() as connection:
            district = load_district(connection, self.demo)
            broken = audit_log.verify(connection)
        read = _read_again(district)
        for name, table in district.tables.items():
            pd.testing.assert_frame_equal(read.tables[name], table, obj=name)
        assert read.input_sha256 == district.input_sha256, (
            "The district has another hash once it is read again."
        )
        assert broken is None, f"The audit log is broken: {broken}"
        assert self.rows_of_other() == self.before, "The other district changed."

    def overdrawn(self) -> set[str]:
        """Return the offers whose running partnerships hold more slots than they have."""
        rows, offers = DISTRICT_TABLES["partnerships"].c, DISTRICT_TABLES["offers"].c
        held = func.sum(rows.slots)
        asked = (
            select(offers.offer_id)
            .join_from(offers.offer_id.table, rows.offer_id.table, rows.offer_id == offers.offer_id)
            .where(offers.district_id == self.demo, rows.district_id == self.demo, rows.status.in_(RUNNING))
            .group_by(offers.offer_id, offers.slots)
            .having(held > offers.slots)
        )
        with self.database.reading() as connection:
            return set(connection.scalars(asked))

    def do_runs(self, most: int = 2) -> list[str]:
        """Do runs that wait, the rest is cancelled; return what is no fault of the data but of the program."""
        faults = []
        for _ in range(most):
            with self.database.writing() as connection:
                run = records.claim(connection, records.worker_name())
                if run is None:
                    break
                job, claim = records.job_of(connection, run), Claim(run.id, run.worker, run.attempts)
            try:
                result = records.result_of(job, _outcome(job))
            except (ValueError, JobFailedError) as error:
                with self.database.writing() as connection:
                    records.fail(connection, claim, str(error))
            except Exception as error:  # Whatever it is, it is what we look for.
                faults.append(f"{job.kind}: {error!r}")
                with self.database.writing() as connection:
                    records.fail(connection, claim, repr(error))
            else:
                with self.database.writing() as connection:
                    records.finish(connection, claim, result)
        with self.database.writing() as connection:
            for run in connection.execute(select(runs).where(runs.c.state == "queued")).all():
                records.cancel(connection, run)
        return faults

    def _add_runs(self, district_id: int) -> None:
        for kind in _JOBS:
            job, outcome = _done(kind)
            with self.database.writing() as connection:
                asked = Asked(job, district_id, 1, "", {}, "token:1")
                run_id = records.add_run(connection, asked)
                claimed = records.claim(connection, "here/1/1")
                assert claimed is not None
                records.finish(
                    connection, Claim(run_id, "here/1/1", claimed.attempts), records.result_of(job, outcome)
                )

    def _add_people(self) -> None:
        with self.database.writing() as connection:
            for number, district_id in enumerate((self.demo, self.demo, self.other)):
                person = {
                    "email": f"person{number}@example.org",
                    "name": "P",
                    "created_at": datetime.now(UTC),
                }
                user = connection.execute(insert(users).values(person).returning(users.c.id)).scalar_one()
                place = {"user_id": user, "district_id": district_id, "role": "board", "of": ""}
                connection.execute(insert(memberships).values(place))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to import."""

    name: str
    body: bytes


@cache
def uploads() -> list[Upload]:
    """Return files that an import takes, some with rows that are new."""
    district = read_district(TINY)
    made = []
    for name, write in (("district.xlsx", write_workbook), ("district.zip", write_zip)):
        file = io.BytesIO()
        write(tables_of(district, with_contacts=True), file)
        made.append(Upload(name, file.getvalue()))
    for path in sorted(TINY.glob("*.csv")):
        made.append(Upload(path.name, path.read_bytes()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hsds.zip"
        write_hsds(district, path, on=ON, with_contacts=False, publisher="demo")
        made.append(Upload("hsds.zip", path.read_bytes()))
    return made


@cache
def _done(kind: Kind) -> tuple[Job, Outcome]:
    job = Job(
        kind, "demo", snapshot_of(read_district(TINY)), on=ON, effort="quick", model="words", **_JOBS[kind]
    )
    return job, _outcome(job)


def _outcome(job: Job) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        do(job, Path(folder), lambda step: None)
        result = Path(folder) / RESULT
        files = {
            path.relative_to(result).as_posix(): path.read_bytes()
            for path in sorted(result.rglob("*"))
            if path.is_file()
        }
        return Outcome(files)


def _read_again(district: District) -> District:
    """Return a district as its own export reads back."""
    file = io.BytesIO()
    write_zip(tables_of(district, with_contacts=True), file)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
        return read_district(folder)


def _with_contact(district: District, contact: str) -> District:
    return replace(
        district,
        schools=district.schools.assign(contact_email=contact),
        partners=district.partners.assign(contact_email=contact),
    )
