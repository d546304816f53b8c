"""The recruiting brief to take along: whom to look for, and what the last plan would fill with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from service.api.access import Context, Given, allow
from service.api.route import Route
from service.pages.frame import standing_of
from service.pages.landscape.grounds import show_part
from service.people.principal import Role
from service.runs.records import AnyRow, file_of, plan_folders, plans_made, run_of
from service.storage.tables import run_files, runs

router = APIRouter(prefix="/districts/{district}/landscape", route_class=Route, include_in_schema=False)

NUM_SCHOOLS: Final = 5
_SUMMARY: Final = "summary.json"


@dataclass(frozen=True, slots=True)
class Brief:
    """What a run says of whom to recruit, as its summary holds it; ``num_open`` slots its plan leaves open."""

    run: AnyRow
    recruits: list[Mapping[str, Any]]  # Any: JSON
    shortages: list[Mapping[str, Any]]  # Any: JSON
    num_open: int


@router.get("/recruiting")
@allow(Role.COORDINATOR, Role.BOARD)
def show_recruiting(
    given: Given, request: Request, run: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Show whom to recruit by the plan of a run, the last one where none is named."""
    standing = standing_of(given)
    district = standing.loaded.district
    brief = _brief(given, run)
    names = dict(zip(district.schools["school_id"], district.schools["name"], strict=True))
    school_of = dict(zip(district.needs["need_id"], district.needs["school_id"], strict=True))
    recruits = [
        dict(recruit) | {"schools": _schools(recruit, names, school_of)}
        for recruit in (brief.recruits if brief else [])
    ]
    return show_part(
        given,
        "/recruiting",
        "landscape_recruiting.html",
        run,
        brief=brief,
        recruits=recruits,
        total=sum(recruit["slots_filled"] for recruit in recruits),
        is_old=brief is not None and brief.run.district_version != standing.loaded.version,
        most_schools=NUM_SCHOOLS,
    )


def _brief(given: Context, run_id: str) -> Brief | None:
    """Return the brief of a run, or of the last that has one.

    Raises
    ------
    NotFoundError
        Where the run that is named has none.
    """
    if not run_id:
        has_summary = (
            select(run_files.c.name)
            .where(run_files.c.run_id == runs.c.id, run_files.c.name.endswith(_SUMMARY, autoescape=True))
            .exists()
        )
        query = plans_made(given.district_id).where(has_summary).with_only_columns(runs.c.id)
        run_id = given.connection.scalar(query.limit(1)) or ""
    if not run_id:
        return None
    run = run_of(given.connection, given.district_id, run_id)
    files = {"curve.csv": file_of(given.connection, run_id, "curve.csv").body} if run.kind == "curve" else {}
    summary = json.loads(file_of(given.connection, run_id, f"{plan_folders(files)[-1]}{_SUMMARY}").body)
    told = summary.get("recruiting", {"recruits": [], "shortages": []})
    return Brief(run, told["recruits"], told["shortages"], summary["slots_needed"] - summary["slots_filled"])


def _schools(
    recruit: Mapping[str, Any], names: Mapping[str, str], school_of: Mapping[str, str]
) -> list[str]:  # Any: JSON
    """Return the names of the schools that a recruit helps, as far as they still ask."""
    ids = dict.fromkeys(school_of[need_id] for need_id in recruit["need_ids"] if need_id in school_of)
    return [names[school_id] for school_id in ids]
