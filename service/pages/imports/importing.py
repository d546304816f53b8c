"""Imports: a file is sent, looked at, tried, and taken in or left; each import can be undone; and ways out again."""

import io
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Path, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, select
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.blank_workbook import write_blank_workbook
from matching.differences import Differences, differences
from matching.errors import DataError
from matching.mapping.grids import read_grids
from matching.mapping.trying import PlacedProblem
from matching.merging import Mode
from service.api import transfer as api
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.errors import ConflictError, StaleError
from service.pages.frame import PageNumber, SentForm, go_to, show
from service.pages.imports.staging import district_of, reading, remember, stage, staged_of
from service.pages.runs.runs import people_of
from service.people.principal import Role
from service.storage.districts import load_district
from service.storage.imports import read_import
from service.storage.tables import districts, imports
from service.storage.uploads import drop_upload

router = APIRouter(prefix="/districts/{district}/import", route_class=Route, include_in_schema=False)

ROWS_A_PAGE: Final = 100
MOST_PROBLEMS: Final = 100
MOST_READ_AS: Final = 60
IMPORTS_A_PAGE: Final = 20
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Key = Annotated[str, Path(pattern="^[0-9a-f]{24}$")]
Number = Annotated[int, Path(ge=1, le=2**53)]


class How(BaseModel):
    """How a file is taken in: beside what is there or in its place, and without the rows that cannot be read."""

    model_config = ConfigDict(extra="ignore")

    mode: Literal["merge", "replace"] = "merge"
    without_bad: bool = False
    page: PageNumber = 1


class Commit(How):
    """A file that is taken in, as it was looked at in this version of the district."""

    version: Annotated[int, Query(ge=0, le=2**53)] = 0


@router.get("")
@allow(Role.COORDINATOR)
def show_start(
    given: Given, request: Request, before: Annotated[int | None, Query(ge=1, le=2**53)] = None
) -> Response:
    """Ask for a file, and show what was imported, the latest first."""
    return _start(given, before=before)


@router.post("")
@allow(Role.COORDINATOR)
def send(given: Given, request: Request, form: SentForm) -> Response:
    """Read a file, or several, and go on to how its sheets are read."""
    sent = [each for each in form.getlist("file") if isinstance(each, UploadFile) and each.filename]
    files = [(_name_of(each), each.file) for each in sent]
    if not files:
        return _start(given, is_missing=True)
    try:
        grids = read_grids(files)
    except DataError as error:
        return _start(given, [str(problem) for problem in error.problems])
    staged = stage(given, ", ".join(name for name, _ in files)[:200], grids)
    return _go(given, f"/files/{staged.id}{'' if staged.unchecked is not None else '/names'}")


@router.get("/workbook")
@allow(Role.COORDINATOR)
def download_workbook(given: Given, request: Request) -> Response:
    """Return an empty workbook to fill in."""
    made = io.BytesIO()
    write_blank_workbook(made)
    headers = {"Content-Disposition": 'attachment; filename="partnermatch.xlsx"'}
    return Response(made.getvalue(), headers=headers, media_type=_XLSX)


@router.get("/export")
@allow(Role.COORDINATOR)
def download_district(
    given: Given, request: Request, format: Literal["zip", "xlsx", "hsds"] = "xlsx"
) -> Response:
    """Return the district as a file."""
    return api.export_district(given, api.ExportQuery(format=format, contacts=None, district=None))


@router.get("/files/{key}/preview")
@allow(Role.COORDINATOR)
def show_preview(given: Given, request: Request, key: Key, how: Annotated[How, Query()]) -> Response:
    """Show what a file would change, or which cells stand in the way."""
    return _preview(given, key, how)


@router.post("/files/{key}/take")
@allow(Role.COORDINATOR)
def take(given: Given, request: Request, key: Key, sent: Annotated[Commit, Form()]) -> Response:
    """Take a file in, all or nothing, as it was looked at; where the district changed meanwhile, show it anew."""
    staged = staged_of(given, key)
    before = district_of(given)
    trial = staged.tried_on(before, Mode(sent.mode), without_bad=sent.without_bad)
    if trial.after is None:
        return _preview(given, key, sent)
    found = differences(before, trial.after)
    try:
        number = api.take_in(given, found, sent.version, staged.file_name, sent.mode)
    except StaleError:
        return _preview(given, key, sent, is_stale=True)
    remember(given, staged)
    drop_upload(given.connection, key)
    return _go(given, f"/{number}")


@router.post("/files/{key}/drop")
@allow(Role.COORDINATOR)
def drop(given: Given, request: Request, key: Key) -> Response:
    """Forget a file."""
    drop_upload(given.connection, staged_of(given, key).id)
    return _go(given, "")


@router.get("/{number}")
@allow(Role.COORDINATOR)
def show_import(given: Given, request: Request, number: Number) -> Response:
    """Show an import that was done."""
    return _imported(given, number)


@router.post("/{number}/undo")
@allow(Role.COORDINATOR)
def undo(given: Given, request: Request, number: Number) -> Response:
    """Take an import back; where rows were changed since, tell which."""
    try:
        api.undo(given, number)
    except ConflictError as error:
        return _imported(given, number, str(error))
    return _go(given, f"/{number}")


def _go(given: Context, path: str) -> RedirectResponse:
    return go_to(given, f"/import{path}")


def _name_of(file: UploadFile) -> str:
    return "".join(letter for letter in file.filename or "" if letter.isprintable())[:200]


def _version(given: Context, connection: Connection) -> int:
    asked = select(districts.c.version).where(districts.c.id == given.district_id)
    version: int = connection.execute(asked).scalar_one()
    return version


def _start(
    given: Context, faults: Sequence[str] = (), *, is_missing: bool = False, before: int | None = None
) -> Response:
    where = imports.c.district_id == given.district_id
    columns = [imports.c[name] for name in api.ImportRead.model_fields]
    query = select(*columns).where(where if before is None else where & (imports.c.number < before))
    rows = given.connection.execute(query.order_by(imports.c.number.desc()).limit(IMPORTS_A_PAGE + 1)).all()
    shown = rows[:IMPORTS_A_PAGE]
    return show(
        given,
        "import.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults or is_missing else HTTPStatus.OK,
        faults=faults,
        is_missing=is_missing,
        imports=shown,
        names=people_of(given.connection, shown),
        earlier=shown[-1].number if len(rows) > IMPORTS_A_PAGE else None,
    )


def _imported(given: Context, number: int, fault: str = "") -> Response:
    row = read_import(given.connection, given.district_id, number)
    return show(
        given,
        "imported.html",
        HTTPStatus.CONFLICT if fault else HTTPStatus.OK,
        one=row,
        counts={table: counts for table, counts in row.counts.items() if _any_changed(counts)},
        names=people_of(given.connection, [row]),
        fault=fault,
    )


def _any_changed(counts: dict[str, int]) -> bool:
    return any(counts[what] for what in ("added", "changed", "removed"))


def _preview(given: Context, key: str, how: How, *, is_stale: bool = False) -> Response:
    staged = staged_of(given, key)
    if staged.unchecked is not None:
        return _go(given, f"/files/{key}?sheet={staged.unchecked}")
    with reading(given) as connection:
        version, before = _version(given, connection), load_district(connection, given.district_id)
    trial = staged.tried_on(before, Mode(how.mode), without_bad=how.without_bad)
    found = differences(before, trial.after) if trial.after is not None else Differences({})
    read_as = trial.upload.read_as
    return show(
        given,
        "import_preview.html",
        HTTPStatus.CONFLICT if is_stale else HTTPStatus.OK,
        staged=staged,
        how=how,
        is_stale=is_stale,
        version=version,
        is_good=trial.after is not None,
        counts={
            table: counts for table, counts in found.counts.items() if table in trial.upload.sheets.by_table
        },
        num_changes=len(found),
        read_as=read_as[:MOST_READ_AS],
        num_read_as=len(read_as),
        problems=[_told(problem) for problem in trial.problems[:MOST_PROBLEMS]],
        num_problems=len(trial.problems),
        left=[_told(problem) for problem in trial.left[:MOST_PROBLEMS]],
        num_left=len({(problem.sheet, problem.row) for problem in trial.left}),
        is_of_rows=any(placed.row for placed in trial.problems),
        is_of_new=any(placed.row and not placed.header for placed in trial.problems),
        warnings=[]
        if trial.after is None
        else [
            warning
            for warning in trial.after.warnings
            if warning.partition(":")[0] in trial.upload.sheets.by_table
        ],
        **_changes(found, how.page),
    )


def _told(placed: PlacedProblem) -> dict[str, Any]:  # Any: what a template shows
    problem = placed.problem
    cell = problem.found if problem.row is not None and problem.column is not None else ""
    return {
        "sheet": placed.sheet,
        "row": placed.row,
        "header": placed.header,
        "table": problem.table,
        "column": problem.column or "",
        "found": cell[:80] if placed.row else problem.found,
        "is_cell": bool(placed.row and problem.column),
        "expected": problem.expected,
    }


def _changes(found: Differences, page: int) -> dict[str, Any]:  # Any: what a template shows
    """Return a page of rows that change, and which pages stand beside it."""
    start = (page - 1) * ROWS_A_PAGE
    following = page + 1 if start + ROWS_A_PAGE < len(found) else 0
    return {"changes": found.rows(start, ROWS_A_PAGE), "before": page - 1, "after": following}
