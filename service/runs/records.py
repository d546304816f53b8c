"""Runs in the database: asked for, claimed by one server, followed, and kept with their results.

Whoever does a run holds it by a `Claim`; what is written under a claim that has been lost (the run was cancelled, or
another server took it up) changes nothing. So a run has one result, however many servers share the database.
"""

import hashlib
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, insert, select, update

from service.errors import ConflictError, NotFoundError
from service.runs.job import Job, Outcome, Step
from service.runs.proposals import proposals, rows_of
from service.storage.tables import districts, run_files, run_matches, runs

SNAPSHOT: Final = "snapshot.zip"
#: The kinds of runs that make a plan, or several.
PLANS: Final = ("match", "rematch", "curve")
MOST_ATTEMPTS: Final = 3
STALE: Final = timedelta(seconds=20)
"""A run that its server has not spoken of for so long is taken for lost."""
KILLED: Final = f"The process of the run was killed {MOST_ATTEMPTS} times; nothing was changed."
MEDIA_TYPES: Final = {
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}

AnyRow = Row[Any]  # Any: the columns of a query
_IS_OPEN: Final = runs.c.state.in_(("queued", "running"))
_AS_AT_FIRST: Final = {
    "state": "queued",
    "phase": "",
    "share": 0.0,
    "levels": [],
    "worker": "",
    "heartbeat_at": None,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """That a server does a run, for the so-many-th time."""

    run_id: str
    worker: str
    attempt: int

    @property
    def holds(self) -> ColumnElement[bool]:
        """Whether the run is still this claim's."""
        return and_(
            runs.c.id == self.run_id,
            runs.c.state == "running",
            runs.c.worker == self.worker,
            runs.c.attempts == self.attempt,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What is kept of a run: rows for its files and for the matches of its plans, and its summary."""

    summary: Mapping[str, Any]  # Any: JSON
    files: Sequence[Mapping[str, object]]
    matches: Sequence[Mapping[str, object]]


def worker_name() -> str:
    """Return a name for what does runs in this process: its machine, its process and what tells it from others."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A run to be done, and what it is part of; ``base`` is the run, and ``base_plan`` its plan, asked about."""

    job: Job
    district_id: int
    district_version: int
    input_sha256: str
    versions: Mapping[str, str]
    actor: str
    base: str | None = None
    base_plan: int | None = None


def add_run(connection: Connection, asked: Asked) -> str:
    """Put a run with its snapshot into the queue, and return its id."""
    run_id, job = uuid4().hex, asked.job
    left_out = ("kind", "snapshot", "base")
    request = {name: value for name, value in asdict(job).items() if name not in left_out}
    connection.execute(
        insert(runs).values(
            id=run_id,
            district_id=asked.district_id,
            kind=job.kind,
            request=request | {"on": job.on.isoformat(), "base_plan": asked.base_plan},
            base_id=asked.base,
            input_sha256=asked.input_sha256,
            district_version=asked.district_version,
            versions=dict(asked.versions),
            state="queued",
            created_by=asked.actor,
            created_at=datetime.now(UTC),
        )
    )
    rows = [{"run_id": run_id, **row} for row in _file_rows({SNAPSHOT: job.snapshot})]
    connection.execute(insert(run_files), rows)
    return run_id


def run_of(connection: Connection, district_id: int, run_id: str) -> AnyRow:
    """Return a run of a district.

    Raises
    ------
    NotFoundError
        When it has no such run.
    """
    query = select(runs).where(runs.c.district_id == district_id, runs.c.id == run_id)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise NotFoundError(f"Run {run_id}: expected the id of a run of this district, found none.")
    return found


def plans_made(district_id: int, kinds: Sequence[str] = PLANS) -> Select[Any]:  # Any: the columns of a run
    """Return the query of a district's runs that made a plan, the latest first."""
    is_done = (runs.c.district_id == district_id) & (runs.c.state == "done") & runs.c.kind.in_(kinds)
    return select(runs).where(is_done).order_by(runs.c.number.desc())


def last_plan(connection: Connection, district_id: int, *, of_now: bool = False) -> AnyRow | None:
    """Return the last run that made one plan; ``of_now``: for the district as it stands. None where there is none."""
    query = plans_made(district_id, ("match", "rematch"))
    if of_now:
        version = select(districts.c.version).where(districts.c.id == district_id).scalar_subquery()
        query = query.where(runs.c.district_version == version)
    return connection.execute(query.limit(1)).one_or_none()


def job_of(connection: Connection, run: AnyRow) -> Job:
    """Return all that decides the result of a run, as it was asked for."""
    given = dict(run.request)
    base_plan = given.pop("base_plan")
    given |= {
        "on": date.fromisoformat(given["on"]),
        "released": tuple(tuple(pair) for pair in given["released"]),
        "changes": tuple(given["changes"]),
    }
    base = None if run.base_id is None else _plan(connection, run.base_id, base_plan)
    return Job(kind=run.kind, snapshot=file_of(connection, run.id, SNAPSHOT).body, base=base, **given)


def file_of(connection: Connection, run_id: str, name: str) -> AnyRow:
    """Return a file of a run.

    Raises
    ------
    NotFoundError
        When it has no such file.
    """
    query = select(run_files).where(run_files.c.run_id == run_id, run_files.c.name == name)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise NotFoundError(f"File {name}: expected a file of this run, found none.")
    return found


def is_any_waiting(connection: Connection) -> bool:
    """Whether a run waits to be done."""
    return connection.scalar(select(runs.c.id).where(runs.c.state == "queued").limit(1)) is not None


def claim(connection: Connection, worker: str) -> AnyRow | None:
    """Claim the run that has waited longest for a worker, and return it; None where none waits."""
    waiting = select(runs.c.id).where(runs.c.state == "queued").order_by(runs.c.number).limit(1)
    run_id = connection.scalar(waiting.with_for_update(skip_locked=True))
    if run_id is None:
        return None
    now = datetime.now(UTC)
    claimed = {
        "state": "running",
        "worker": worker,
        "attempts": runs.c.attempts + 1,
        "heartbeat_at": now,
        "started_at": now,
    }
    return connection.execute(update(runs).where(runs.c.id == run_id).values(claimed).returning(runs)).one()


def note(connection: Connection, claim: Claim, step: Step | None) -> bool:
    """Say that a run is alive and, where that is new, how far it is; return whether the claim still holds."""
    values: dict[str, object] = {"heartbeat_at": datetime.now(UTC)}
    if step is not None:
        values |= {"phase": step.phase, "share": step.share, "levels": list(step.levels)}
    return connection.execute(update(runs).where(claim.holds).values(values)).rowcount == 1


def result_of(job: Job, outcome: Outcome) -> Result:
    """Return what is kept of a job's outcome."""
    files, matches = outcome.files, []
    for plan, folder in enumerate(plan_folders(files)):
        planned, changed = (rows_of(files.get(f"{folder}{name}.csv", b"")) for name in ("matches", "changes"))
        if f"{folder}matches.csv" in files:
            matches += [{"plan": plan, **row} for row in proposals(job.snapshot, planned, changed)]
    return Result(outcome.summary, _file_rows(files), matches)


def finish(connection: Connection, claim: Claim, result: Result) -> None:
    """Keep the result of a run, its matches as proposed; nothing where the claim is lost."""
    summary = result.summary
    done = {
        "state": "done",
        "phase": "done",
        "share": 1.0,
        "levels": summary["levels"],
        "versions": summary["versions"],
        "summary": {name: summary[name] for name in _TOLD if name in summary},
        "finished_at": datetime.now(UTC),
    }
    if connection.execute(update(runs).where(claim.holds).values(done)).rowcount != 1:
        return
    for table, rows in ((run_files, result.files), (run_matches, result.matches)):
        if rows:
            connection.execute(insert(table), [{"run_id": claim.run_id, **row} for row in rows])


def fail(connection: Connection, claim: Claim, fault: str) -> None:
    """Say why a run cannot be done."""
    failed = {"state": "failed", "fault": fault, "finished_at": datetime.now(UTC)}
    connection.execute(update(runs).where(claim.holds).values(failed))


def give_back(connection: Connection, claim: Claim, *, was_killed: bool) -> None:
    """Put a run back into the queue; one whose process was killed too often has failed instead."""
    if was_killed and claim.attempt >= MOST_ATTEMPTS:
        fail(connection, claim, KILLED)
        return
    attempts = claim.attempt if was_killed else claim.attempt - 1
    connection.execute(update(runs).where(claim.holds).values(_AS_AT_FIRST | {"attempts": attempts}))


def cancel(connection: Connection, run: AnyRow) -> None:
    """End a run that is waiting or under way; whoever does it finds its claim lost and kills it.

    Raises
    ------
    ConflictError
        When it has ended already.
    """
    cancelled = {"state": "cancelled", "finished_at": datetime.now(UTC)}
    ended = update(runs).where(runs.c.id == run.id, _IS_OPEN).values(cancelled)
    if connection.execute(ended).rowcount != 1:
        raise ConflictError(f"Run {run.id}: expected one that is queued or running, this one has ended.")


def lost_claims(connection: Connection) -> list[Claim]:
    """Return the claims of workers that are gone: their process is, or nothing was heard of it for long."""
    query = select(runs.c.id, runs.c.worker, runs.c.attempts, runs.c.heartbeat_at)
    return [
        Claim(row.id, row.worker, row.attempts)
        for row in connection.execute(query.where(runs.c.state == "running"))
        if datetime.now(UTC) - row.heartbeat_at > STALE or _is_gone(row.worker)
    ]


def _is_gone(worker: str) -> bool:
    """Whether a worker was a process of this machine that has ended."""
    machine, process, _ = worker.split("/")
    if machine != socket.gethostname():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


# What is told of a result beside its files.
_TOLD: Final = (
    "status",
    "stopped_by_clock",
    "bounds_over",
    "num_candidates",
    "num_matches",
    "slots_needed",
    "slots_filled",
    "even",
    "fit",
    "audit",
    "locks_cut",
    "warnings",
    "model",
    "input_sha256",
    "timings",
)


def _plan(connection: Connection, run_id: str, plan: int) -> tuple[tuple[str, str, int], ...]:
    """Return need, offer and slots of a plan as it was made, whatever was decided about it since."""
    query = select(run_matches.c.need_id, run_matches.c.offer_id, run_matches.c.planned).where(
        run_matches.c.run_id == run_id, run_matches.c.plan == plan, run_matches.c.planned > 0
    )
    return tuple(
        (row.need_id, row.offer_id, row.planned) for row in connection.execute(query.order_by("number"))
    )


def _file_rows(files: Mapping[str, bytes]) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "media_type": MEDIA_TYPES[PurePosixPath(name).suffix],
            "size": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "body": body,
        }
        for name, body in files.items()
    ]


def plan_folders(files: Mapping[str, bytes]) -> Sequence[str]:
    """Return where the files of each plan are: of a curve a folder each, fewest moves first; "" for a single plan."""
    if "curve.csv" not in files:
        return [""]
    return [f"{row['folder']}/" for row in rows_of(files["curve.csv"])]
