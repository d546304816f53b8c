"""What all pages of a district share: their frame, who reads them, and what is open there today."""

from collections.abc import Hashable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import pandas as pd
from fastapi import Depends, Query
from sqlalchemy import select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.api.access import Context
from service.overviews import Standing
from service.pages.rendering import render
from service.people.principal import Role
from service.storage.former_rows import find
from service.storage.tables import districts

Records = list[dict[Hashable, Any]]  # Any: cells of a row
PageNumber = Annotated[int, Query(ge=1, le=10_000)]


async def _form(request: Request) -> FormData:
    return await request.form()


#: What a form sent, whatever its fields.
SentForm = Annotated[FormData, Depends(_form)]
#: Who reads the pages of a whole district; a leader sees what is of their own schools.
READERS: Final = (Role.COORDINATOR, Role.LEADER, Role.BOARD)
_COORDINATORS: Final = frozenset((Role.ADMIN, Role.COORDINATOR))
_ALL: Final = frozenset(Role)
#: The pages that the frame leads to, under a district's address, and who may read them.
PLACES: Final = (
    ("", "Overview", _ALL),
    ("/needs", "Needs", _ALL - {Role.PARTNER}),
    ("/schools", "Schools", _ALL - {Role.PARTNER}),
    ("/partners", "Partners", _ALL - {Role.PARTNER}),
    ("/runs", "Runs", _ALL - {Role.PARTNER}),
    ("/landscape", "Landscape", _ALL - {Role.PARTNER}),
    ("/convenings", "Convenings", _ALL),
    ("/import", "Import", _COORDINATORS),
    ("/policy", "Policy", _COORDINATORS | {Role.BOARD}),
    ("/people", "People", _COORDINATORS),
)


def show(given: Context, template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    """Return a page of the district that a request is about."""
    asked = select(districts.c.name).where(districts.c.id == given.district_id)
    return render(
        given.request,
        template,
        status,
        district=given.connection.scalar(asked),
        here=address_of(given),
        principal=given.principal,
        role=given.role,
        done=_done(given),
        places=[(place, words) for place, words, roles in PLACES if given.role in roles],
        **values,
    )


def address_of(given: Context) -> str:
    """Return the address of the district that a request is about; those of its pages begin with it."""
    return f"/districts/{given.place.district_key}"


def go_to(given: Context, place: str) -> RedirectResponse:
    """Go on to a page of the district, by what follows on its address."""
    return RedirectResponse(address_of(given) + place, HTTPStatus.SEE_OTHER)


def _done(given: Context) -> dict[str, object] | None:
    """Return what whoever asks did to a row just now, as the address says, and whether that took something back."""
    asked = given.request.query_params
    if "done" not in asked:
        return None
    former = find(given.connection, given.district_id, given.principal.actor, asked["done"])
    return {"name": asked["done"], "former": former, "is_undone": "undone" in asked} if former else None


def standing_of(given: Context) -> Standing:
    """Return the district as it stands, and what is open in it today."""
    standing: Standing = given.request.app.state.overviews.of(given.connection, given.district_id)
    return standing


def own_needs(given: Context, needs: pd.DataFrame) -> pd.DataFrame:
    """Return the needs that whoever asks may see."""
    return needs[needs["school_id"].isin(given.place.of)] if given.role is Role.LEADER else needs


def a_page(
    table: pd.DataFrame, page: int, most: int, filters: Mapping[str, object] | None = None
) -> tuple[Records, str, str]:
    """Return the rows of one page, and the queries of the pages before and after it, "" where there is none."""
    start = (page - 1) * most
    before = urlencode({**(filters or {}), "page": page - 1}) if page > 1 else ""
    after = urlencode({**(filters or {}), "page": page + 1}) if start + most < len(table) else ""
    return table.iloc[start : start + most].to_dict("records"), before, after
