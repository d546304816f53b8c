"""Runs that are done, with plans to review."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from matching.standing import RUNNING
from service.runs import records
from service.runs.job import RESULT, Job, Kind, Outcome, do, snapshot_of
from service.runs.proposals import proposals
from service.runs.records import Asked, Claim, Result
from service.storage.database import Database
from service.storage.districts import load_district
from service.storage.tables import DISTRICT_TABLES

ON = date(2026, 9, 14)
Match = tuple[str, str, int]


def add_job(database: Database, job: Job, district_id: int = 1) -> str:
    """Add a run to a district, do it here and now, and return its id."""
    with TemporaryDirectory() as folder, database.writing() as connection:
        run_id = records.add_run(connection, Asked(job, district_id, 1, "", {}, "token:1"))
        claimed = records.claim(connection, "here/1/1")
        assert claimed is not None
        do(job, Path(folder), lambda step: None)
        result = Path(folder, RESULT)
        paths = [path for path in result.rglob("*") if path.is_file()]
        outcome = Outcome({path.relative_to(result).as_posix(): path.read_bytes() for path in paths})
        records.finish(
            connection, Claim(run_id, "here/1/1", claimed.attempts), records.result_of(job, outcome)
        )
    return run_id


def add_plans(
    database: Database, plans: Sequence[Sequence[Match]], kind: Kind = "match", district_id: int = 1
) -> str:
    """Add a run that is done to a district as it is now, with the matches of each plan, and return its id."""
    with database.writing() as connection:
        snapshot = snapshot_of(load_district(connection, district_id, with_contacts=False))
        job = Job(kind, "test", snapshot, on=ON, model="words", policy="")
        run_id = records.add_run(connection, Asked(job, district_id, 1, "", {}, "token:1"))
        claimed = records.claim(connection, "here/1/1")
        assert claimed is not None
        rows = [
            {"plan": plan, **row}
            for plan, matches in enumerate(plans)
            for row in proposals(snapshot, [_row(*match) for match in matches], ())
        ]
        result = Result({"levels": [], "versions": {}}, [], rows)
        records.finish(connection, Claim(run_id, "here/1/1", claimed.attempts), result)
    return run_id


def add_plan(database: Database, *matches: Match, kind: Kind = "match", district_id: int = 1) -> str:
    """Add a run that is done, with one plan, and return its id."""
    return add_plans(database, [matches], kind, district_id)


def slots_given(database: Database, offer_id: str) -> int:
    """Return the slots of an offer that running partnerships hold."""
    rows = DISTRICT_TABLES["partnerships"]
    query = select(func.coalesce(func.sum(rows.c.slots), 0))
    with database.reading() as connection:
        held = query.where(rows.c.offer_id == offer_id, rows.c.status.in_(RUNNING))
        return int(connection.execute(held).scalar_one())


def _row(need_id: str, offer_id: str, slots: int) -> dict[str, str]:
    cells = {"need_id": need_id, "offer_id": offer_id, "slots": str(slots), "reason": "They fit."}
    return {**cells, "fit": "0.8", "similarity": "0.7"}
