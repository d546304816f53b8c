"""The first page of a district: what is filled, what is most urgent, what changed lately, and what to do next."""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import pandas as pd
from fastapi import APIRouter
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.convenings.meetings import next_convening
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.overviews import Standing
from service.pages.frame import READERS, own_needs, show, standing_of
from service.pages.needs.lately import changes_of
from service.people.principal import Role
from service.runs.records import last_plan
from service.storage.tables import memberships, runs

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

NUM_URGENT: Final = 8


@router.get("")
@allow(*READERS, Role.PARTNER)
def show_district(given: Given, request: Request) -> Response:
    """Show what is open, what changed lately, and when the next convening is; to a partner, its own page."""
    if given.role is Role.PARTNER:
        own = f"/{quote(next(iter(given.place.of)), safe='')}" if len(given.place.of) == 1 else ""
        return RedirectResponse(f"{request.url.path}/partners{own}", HTTPStatus.SEE_OTHER)
    standing = standing_of(given)
    needs = own_needs(given, standing.overview.needs)
    return show(
        given,
        "overview.html",
        levels=_levels(given, standing, needs),
        mentoring=_total(needs[needs["kind"] == "mentoring"]),
        all_help=_total(needs),
        urgent=needs[needs["open"] > 0].head(NUM_URGENT).to_dict("records"),
        num_open=int((needs["open"] > 0).sum()),
        start=_start(given, standing),
        changes=changes_of(given, standing),
        convening=next_convening(standing.loaded.district, standing.today),
    )


def _start(given: Context, standing: Standing) -> dict[str, bool]:
    """Return what of the first steps in a district is done."""
    district = standing.loaded.district
    people = select(memberships.c.user_id).where(memberships.c.district_id == given.district_id).limit(1)
    planned = select(runs.c.id).where(runs.c.district_id == given.district_id).limit(1)
    return {
        "tables": len(district.needs) > 0 and len(district.offers) > 0,
        "people": given.connection.scalar(people) is not None,
        "plan": given.connection.scalar(planned) is not None,
    }


def _total(needs: pd.DataFrame) -> dict[str, int]:
    return {name: int(needs[name].sum()) for name in ("slots", "filled", "open")}


def _levels(
    given: Context, standing: Standing, needs: pd.DataFrame
) -> list[dict[str, Any]]:  # Any: cells of a row
    """Return needed and filled slots of each level that has any, and its bound as the last plan proved it."""
    last = None if given.role is Role.LEADER else last_plan(given.connection, given.district_id, of_now=True)
    bounds = {level["name"]: int(level["bound"]) for level in last.levels} if last else {}
    by_level = {str(name): _total(rows) for name, rows in needs.groupby("level")}
    return [
        {"name": level.name, "bound": bounds.get(level.name), **by_level[level.name]}
        for level in standing.overview.levels
        if level.name in by_level
    ]
