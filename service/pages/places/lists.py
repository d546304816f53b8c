"""The lists of schools and of partners: found by name and kind, in the order that a reader asks for."""

from typing import Annotated, Final, Literal, get_args
from urllib.parse import urlencode

import pandas as pd
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from matching.schemas import PARTNER_KINDS
from service.api.access import Context, Given, allow
from service.api.resources import may_create
from service.api.route import Route
from service.overviews import Standing
from service.pages.frame import READERS, a_page, own_needs, show, standing_of
from service.pages.places import helping
from service.people.principal import Role

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

SCHOOLS_A_PAGE: Final = 200
PARTNERS_A_PAGE: Final = 100
#: Columns that stand in order from the greatest on.
_GREATEST_FIRST: Final = frozenset(
    {"num_needs", "num_partners", "mentoring_open", "open", "free", "ran", "num_schools"}
)


class SchoolsAsked(BaseModel):
    """Which schools, and in which order; blank is the most urgent first."""

    model_config = ConfigDict(extra="ignore")

    q: str = Field("", max_length=200)
    sort: Literal["", "name", "num_needs", "num_partners", "open"] = ""
    page: int = Field(1, ge=1, le=10_000)


class PartnersAsked(BaseModel):
    """Which partners, and in which order; blank is those with the most free slots first."""

    model_config = ConfigDict(extra="ignore")

    q: str = Field("", max_length=200)
    kind: Literal["", *PARTNER_KINDS] = ""  # type: ignore[valid-type]  # the vocabulary's words
    sort: Literal["", "name", "num_schools", "ran"] = ""
    page: int = Field(1, ge=1, le=10_000)


@router.get("/schools")
@allow(*READERS)
def show_schools(given: Given, request: Request, asked: Annotated[SchoolsAsked, Query()]) -> Response:
    """Show the schools, those with the most open mentoring slots first."""
    standing = standing_of(given)
    schools = standing.loaded.district.schools
    if given.role is Role.LEADER:
        schools = schools[schools["school_id"].isin(given.place.of)]
    table = _in_order(
        _named_so(_schools(given, standing, schools), asked.q), asked.sort, ["mentoring_open", "open"]
    )
    shown, before, after = a_page(table, asked.page, SCHOOLS_A_PAGE, _filters(asked))
    return show(
        given,
        "schools.html",
        asked=asked,
        schools=shown,
        num_all=len(schools),
        num_found=len(table),
        sorts=_sorts(asked),
        may_add=may_create(given.place, "schools"),
        before=before,
        after=after,
    )


@router.get("/partners")
@allow(*READERS, Role.PARTNER)
def show_partners(given: Given, request: Request, asked: Annotated[PartnersAsked, Query()]) -> Response:
    """Show the partners, those with the most free slots first; to a partner, its own."""
    standing = standing_of(given)
    partners = standing.loaded.district.partners
    if given.role is Role.PARTNER:
        partners = partners[partners["partner_id"].isin(given.place.of)]
    table = _named_so(_partners(standing, partners), asked.q)
    table = _in_order(table[table["kind"] == asked.kind] if asked.kind else table, asked.sort, ["free"])
    shown, before, after = a_page(table, asked.page, PARTNERS_A_PAGE, _filters(asked))
    return show(
        given,
        "partners.html",
        asked=asked,
        partners=shown,
        kinds=PARTNER_KINDS,
        num_all=len(partners),
        num_found=len(table),
        sorts=_sorts(asked),
        may_add=may_create(given.place, "partners"),
        before=before,
        after=after,
    )


def _schools(given: Context, standing: Standing, schools: pd.DataFrame) -> pd.DataFrame:
    """Return a row a school: how many needs, partners and slots."""
    needs = own_needs(given, standing.overview.needs)
    sums = needs.groupby("school_id")[["slots", "filled", "open"]].sum()
    mentoring = needs[needs["kind"] == "mentoring"].groupby("school_id")["open"].sum()
    partners = helping.runs(helping.partnerships_of(standing)).groupby("school_id")["partner_id"].nunique()
    ids = schools["school_id"]
    found = {
        "num_needs": ids.map(needs.groupby("school_id").size()),
        "num_partners": ids.map(partners),
        "mentoring_open": ids.map(mentoring),
        "slots": ids.map(sums["slots"]),
        "filled": ids.map(sums["filled"]),
        "open": ids.map(sums["open"]),
    }
    return _with_numbers(schools[["school_id", "name", "grades"]], found)


def _partners(standing: Standing, partners: pd.DataFrame) -> pd.DataFrame:
    """Return a row a partner: how many slots it offers and gives, at how many schools."""
    running, ids = helping.runs(helping.partnerships_of(standing)), partners["partner_id"]
    found = {
        "offered": ids.map(standing.loaded.district.offers.groupby("partner_id")["slots"].sum()),
        "ran": ids.map(running.groupby("partner_id")["slots"].sum()),
        "num_schools": ids.map(running.groupby("partner_id")["school_id"].nunique()),
    }
    table = _with_numbers(partners[["partner_id", "name", "kind"]], found)
    return table.assign(free=(table["offered"] - table["ran"]).clip(lower=0))


def _with_numbers(table: pd.DataFrame, numbers: dict[str, pd.Series]) -> pd.DataFrame:
    return table.assign(**{name: found.fillna(0).astype(int) for name, found in numbers.items()})


def _named_so(table: pd.DataFrame, text: str) -> pd.DataFrame:
    """Return the rows whose names hold a text."""
    sought = text.strip().casefold()
    return table[table["name"].str.casefold().str.contains(sought, regex=False)] if sought else table


def _in_order(table: pd.DataFrame, sort: str, usual: list[str]) -> pd.DataFrame:
    """Return the rows in the order of a column, or in the usual one; then by name."""
    columns = [*([sort] if sort else usual), "name"]
    return table.sort_values(
        columns, ascending=[name not in _GREATEST_FIRST for name in columns], kind="stable"
    )


def _filters(asked: BaseModel) -> dict[str, object]:
    return asked.model_dump(exclude={"page"}, exclude_defaults=True)


def _sorts(asked: BaseModel) -> dict[str, str]:
    """Return by column the query that puts the list in its order."""
    options = type(asked).model_fields["sort"].annotation
    kept = {name: value for name, value in _filters(asked).items() if name != "sort"}
    return {name: urlencode({**kept, "sort": name} if name else kept) for name in get_args(options)}
