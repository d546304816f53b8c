"""What all pages of a district share: their frame, who reads them, and what is open there today."""

from http import HTTPStatus
from typing import Final

import pandas as pd
from sqlalchemy import select
from starlette.responses import Response

from service.api.access import Context
from service.overviews import Standing
from service.pages.rendering import render
from service.people.principal import Role
from service.storage.tables import districts

#: Who reads the pages of a whole district; a leader sees what is of their own schools.
READERS: Final = (Role.COORDINATOR, Role.LEADER, Role.BOARD)


def show(given: Context, template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    """Return a page of the district that a request is about."""
    asked = select(districts.c.name).where(districts.c.id == given.district_id)
    return render(
        given.request,
        template,
        status,
        district=given.connection.scalar(asked),
        here=f"/districts/{given.place.district_key}",
        principal=given.principal,
        role=given.role,
        **values,
    )


def standing_of(given: Context) -> Standing:
    """Return the district as it stands, and what is open in it today."""
    standing: Standing = given.request.app.state.overviews.of(given.connection, given.district_id)
    return standing


def own_needs(given: Context, needs: pd.DataFrame) -> pd.DataFrame:
    """Return the needs that whoever asks may see."""
    return needs[needs["school_id"].isin(given.place.of)] if given.role is Role.LEADER else needs
