"""The rows of a table that someone may change, as a list: how figures, comments and partnerships are found again."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, select
from starlette.requests import Request
from starlette.responses import Response

from matching.columns import Table
from service.api import resources
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.errors import NotAllowedError
from service.pages.frame import show, standing_of
from service.pages.naming import names_of
from service.pages.rows.changing import WRITERS, table_named
from service.pages.rows.forms import text_of
from service.pages.rows.words import THINGS, TOLD, label_of
from service.people.reach import Rows, rows_within, within_reach
from service.storage import rows
from service.storage.tables import DISTRICT_TABLES

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

ROWS_A_PAGE: Final = 50
#: Through what a row belongs to a school or a partner that it does not name.
_THROUGH: Final = {"school_id": ("needs", "need_id"), "partner_id": ("offers", "offer_id")}


class Asked(BaseModel):
    """Of which school, partner or need the rows are, and after which they come; blank is of all."""

    model_config = ConfigDict(extra="ignore")

    school_id: str = Field("", max_length=1000)
    partner_id: str = Field("", max_length=1000)
    need_id: str = Field("", max_length=1000)
    after: str | None = Field(None, max_length=4000)

    @property
    def owners(self) -> dict[str, str]:
        """What is asked for, without what is blank."""
        named = {"school_id": self.school_id, "partner_id": self.partner_id, "need_id": self.need_id}
        return {name: value for name, value in named.items() if value}


@router.get("/rows/{table}")
@allow(*WRITERS)
def show_rows(given: Given, request: Request, table: str, asked: Annotated[Asked, Query()]) -> Response:
    """Show the rows of a table that someone may change, a page of them, each with the way to its form."""
    known = table_named(table)
    if rows_within(given.place, table, to_change=True) is Rows.NONE:
        raise NotAllowedError(f"{table}: a {given.role} changes none.")
    found = rows.page(
        given.connection,
        given.district_id,
        table,
        where=and_(
            within_reach(given.place, table, to_change=True),
            *(_of(given, known, name, value) for name, value in asked.owners.items()),
        ),
        limit=ROWS_A_PAGE,
        after=asked.after,
    )
    names = _names(given)
    return show(
        given,
        "rows.html",
        table=table,
        thing=THINGS[table],
        columns=[(name, label_of(table, name)) for name in TOLD[table]],
        rows=[(resources.key_of(known, row), _told(names, known, row)) for row in found.rows],
        may_add=resources.may_create(given.place, table),
        asked=urlencode(asked.owners),
        next=urlencode({**asked.owners, "after": found.next}) if found.next else "",
    )


def _of(given: Context, table: Table, name: str, value: str) -> ColumnElement[bool]:
    """Return the condition that a row names a school, a partner or a need, or is theirs by its need or offer."""
    stored = DISTRICT_TABLES[table.name].c
    if name in stored:
        return stored[name] == value
    other, key = _THROUGH.get(name, ("", ""))
    if key not in stored:
        raise ValueError(f"{table.name}: expected rows that belong to a {name}, these do not.")
    owners = DISTRICT_TABLES[other].c
    return stored[key].in_(
        select(owners[key]).where(owners.district_id == given.district_id, owners[name] == value)
    )


def _names(given: Context) -> dict[str, dict[str, str]]:
    """Return by table what its rows are called, by their ids."""
    names = names_of(standing_of(given))
    return {
        "schools": dict(names.schools),
        "partners": dict(names.partners),
        "needs": {key: need["statement"] for key, need in names.needs.items()},
        "offers": {key: offer["focus"] for key, offer in names.offers.items()},
    }


def _told(names: Mapping[str, Mapping[str, str]], table: Table, row: rows.Row) -> dict[str, str]:
    """Return the cells of a row by which it is told apart, with names in the place of ids."""
    texts = {}
    for name in TOLD[table.name]:
        text, refers = text_of(row.cells[name]), table.columns_by_name[name].refers
        texts[name] = names[refers].get(text, text) if refers else text
    return texts
