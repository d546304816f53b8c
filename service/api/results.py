"""What came of a run: its files as the command line writes them, and pages of what stands in them."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote

from fastapi import Query, Response
from pydantic import BaseModel
from sqlalchemy import select

from service.api import route
from service.api.access import Given, allow
from service.api.paging import After, Limit, Page, check_query, page_of
from service.api.reviewed import MatchRead
from service.api.runs import READERS, number_of
from service.errors import ConflictError, NotFoundError
from service.operations.headers import REPORT_POLICY
from service.runs import records
from service.runs.proposals import rows_of
from service.storage.tables import run_files, run_matches

router = route.router("runs")

Plan = Annotated[
    int | None,
    Query(ge=0, lt=1_000, description="Which plan of a curve, fewest moves first; left out: the last."),
]
Item = TypeVar("Item")


class FileRead(BaseModel):
    """A file of a run."""

    name: str
    media_type: str
    size: int
    """In bytes."""
    sha256: str
    href: str


class UnmetRead(BaseModel):
    """A need with slots that no one fills, and why."""

    need_id: str
    school_id: str
    kind: str
    priority: int
    slots_unmet: int
    cause: str
    detail: str
    priority_reason: str


class ChangeRead(BaseModel):
    """What becomes of a running match, or a new one, in a plan for mid-year; before and after are slots."""

    need_id: str
    school_id: str
    offer_id: str
    partner_id: str
    level: str
    before: int
    after: int
    change: str
    forced: int
    moved: int
    cause: str
    reason: str


class PointRead(BaseModel):
    """What a number of moves reaches."""

    plan: int
    max_moves: int
    moves: int
    slots_filled: int
    levels: dict[str, int]
    """Slots filled at each level."""
    is_knee: bool
    """Whether more moves begin to bring less."""


class RecruitRead(BaseModel):
    """An offer worth recruiting, and what the plan fills with it once those before it are there too."""

    rank: int
    kind: str
    slots: int
    trained_slots: int
    grades: str
    languages: str
    schedule: str
    near_school_id: str
    near_school: str
    radius_km: float | None
    example_need_id: str
    example: str
    slots_filled: int
    by_level: dict[str, int]
    need_ids: list[str]
    num_schools: int
    sentence: str


class AnswerRead(BaseModel):
    """What changes would do to a plan."""

    sentence: str
    levels: list[dict[str, Any]]  # JSON
    moves: list[dict[str, Any]]  # JSON
    keep: int
    even: int
    fit: int
    is_proven: bool


@router.get("/{run_id}/files")
@allow(*READERS)
def list_files(given: Given, run_id: str, limit: Limit = 50, after: After = None) -> Page[FileRead]:
    """Return the files of a run, by name: its snapshot and, once it is done, what the command line writes."""
    records.run_of(given.connection, given.district_id, run_id)
    columns = [run_files.c[name] for name in FileRead.model_fields if name != "href"]
    query = select(*columns).where(run_files.c.run_id == run_id, run_files.c.name > (after or ""))
    found = given.connection.execute(query.order_by(run_files.c.name).limit(limit + 1)).mappings().all()
    files = [FileRead(**file, href=f"/api/v1/runs/{run_id}/files/{quote(file['name'])}") for file in found]
    return page_of(files, limit, lambda file: file.name)


_HARMLESS: Final = {"content-security-policy": REPORT_POLICY}


@router.get(
    "/{run_id}/files/{name:path}",
    response_class=Response,
    responses={
        200: {
            "content": {kind.partition(";")[0]: {} for kind in records.MEDIA_TYPES.values()},
            "description": "The file, as the command line writes it.",
        }
    },
)
@allow(*READERS)
def read_file(given: Given, run_id: str, name: str) -> Response:
    """Return a file of a run: a report is to be looked at, all others to be saved."""
    records.run_of(given.connection, given.district_id, run_id)
    file = records.file_of(given.connection, run_id, name)
    is_report = file.media_type.startswith("text/html")
    saved_as = f"attachment; filename*=UTF-8''{quote(name.replace('/', '-'), safe='')}"
    headers = {"etag": f'"{file.sha256}"', "content-disposition": "inline" if is_report else saved_as}
    return Response(file.body, media_type=file.media_type, headers=headers | (_HARMLESS if is_report else {}))


@router.get("/{run_id}/matches")
@allow(*READERS)
def list_matches(
    given: Given, run_id: str, plan: Plan = None, limit: Limit = 50, after: After = None
) -> Page[MatchRead]:
    """Return the matches of a plan, in its order."""
    check_query(given.request, "plan")
    plan, _ = _plan(given, run_id, plan)
    columns = [run_matches.c[name] for name in MatchRead.model_fields]
    query = select(*columns).where(
        run_matches.c.run_id == run_id,
        run_matches.c.plan == plan,
        run_matches.c.number > (number_of(after) if after else 0),
    )
    found = given.connection.execute(query.order_by(run_matches.c.number).limit(limit + 1)).mappings().all()
    return page_of([MatchRead(**match) for match in found], limit, lambda match: str(match.number))


@router.get("/{run_id}/unmet")
@allow(*READERS)
def list_unmet(
    given: Given, run_id: str, plan: Plan = None, limit: Limit = 50, after: After = None
) -> Page[UnmetRead]:
    """Return the needs of a plan with slots that no one fills, in its order."""
    check_query(given.request, "plan")
    rows = _rows(given, run_id, plan, "unmet.csv")
    page = _slice(rows, limit, after)
    return Page(items=[UnmetRead.model_validate(row) for row in page.items], next=page.next)


@router.get("/{run_id}/changes")
@allow(*READERS)
def list_changes(
    given: Given, run_id: str, plan: Plan = None, limit: Limit = 50, after: After = None
) -> Page[ChangeRead]:
    """Return what becomes of each match in a plan for mid-year."""
    check_query(given.request, "plan")
    page = _slice(_rows(given, run_id, plan, "changes.csv"), limit, after)
    return Page(items=[ChangeRead.model_validate(row) for row in page.items], next=page.next)


@router.get("/{run_id}/curve")
@allow(*READERS)
def list_points(given: Given, run_id: str, limit: Limit = 50, after: After = None) -> Page[PointRead]:
    """Return what each number of moves reaches, fewest moves first."""
    check_query(given.request)
    page = _slice(all_points(given, run_id), limit, after)
    return Page(items=page.items, next=page.next)


@router.get("/{run_id}/recruiting")
@allow(*READERS)
def list_recruits(
    given: Given, run_id: str, plan: Plan = None, limit: Limit = 50, after: After = None
) -> Page[RecruitRead]:
    """Return the offers worth recruiting for what a plan leaves open, best first."""
    check_query(given.request, "plan")
    _, folder = _plan(given, run_id, plan)
    summary = json.loads(_file(given, run_id, f"{folder}summary.json"))
    if "recruiting" not in summary:
        raise NotFoundError(f"Run {run_id}: expected one that makes a plan, found a what-if.")
    found = [
        RecruitRead(rank=rank, **one) for rank, one in enumerate(summary["recruiting"]["recruits"], start=1)
    ]
    return _slice(found, limit, after)


@router.get("/{run_id}/answer")
@allow(*READERS)
def read_answer(given: Given, run_id: str) -> AnswerRead:
    """Return what the changes of a what-if would do."""
    _plan(given, run_id, None)
    return AnswerRead.model_validate_json(_file(given, run_id, "what-if.json"))


def all_points(given: Given, run_id: str) -> list[PointRead]:
    """Return all that `list_points` pages through."""
    _plan(given, run_id, None)
    rows = rows_of(_file(given, run_id, "curve.csv"))
    return [_point(plan, row) for plan, row in enumerate(rows)]


def all_changes(given: Given, run_id: str, plan: int | None) -> list[ChangeRead]:
    """Return all that `list_changes` pages through."""
    return [ChangeRead.model_validate(row) for row in _rows(given, run_id, plan, "changes.csv")]


def _plan(given: Given, run_id: str, plan: int | None) -> tuple[int, str]:
    """Return the number of a plan of a run that is done, and the folder of its files.

    Raises
    ------
    NotFoundError, ConflictError
        Where there is no such run or plan, or it has no result.
    """
    run = records.run_of(given.connection, given.district_id, run_id)
    if run.state != "done":
        raise ConflictError(f"Run {run_id}: expected one that is done, this one is {run.state}.")
    folders: Sequence[str] = [""]
    if run.kind == "curve":
        folders = records.plan_folders({"curve.csv": _file(given, run_id, "curve.csv")})
    number = len(folders) - 1 if plan is None else plan
    if number >= len(folders):
        raise NotFoundError(f"Plan {number}: expected less than {len(folders)}.")
    return number, folders[number]


def _rows(given: Given, run_id: str, plan: int | None, name: str) -> list[dict[str, str]]:
    _, folder = _plan(given, run_id, plan)
    return rows_of(_file(given, run_id, f"{folder}{name}"))


def _file(given: Given, run_id: str, name: str) -> bytes:
    body: bytes = records.file_of(given.connection, run_id, name).body
    return body


def _slice(found: Sequence[Item], limit: int, after: str | None) -> Page[Item]:
    """Return a page of what never changes; its cursor is a place."""
    start = number_of(after) if after else 0
    items = list(found[start : start + limit])
    return Page(items=items, next=str(start + limit) if start + limit < len(found) else None)


def _point(plan: int, row: dict[str, str]) -> PointRead:
    own = ("max_moves", "moves", "slots_filled", "is_knee", "folder")
    levels = {name: int(filled) for name, filled in row.items() if name not in own}
    given = {name: int(row[name]) for name in ("max_moves", "moves", "slots_filled")}
    return PointRead(plan=plan, levels=levels, is_knee=row["is_knee"] == "yes", **given)
