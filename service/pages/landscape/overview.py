"""The landscape: where help lacks and where it lies idle, over the whole district and at one school."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import pandas as pd
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from matching.areas import focus_areas
from matching.landscape.equity import SchoolHelped, schools_helped, together
from matching.landscape.nearby import near_and_free
from matching.landscape.supply import (
    BANDS,
    Balance,
    Ground,
    balances,
    cells_at,
    free_offers,
    most_free,
    total,
)
from matching.landscape.town import NOWHERE
from matching.vocabulary import KINDS
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.errors import NotFoundError
from service.pages.frame import READERS, a_page
from service.pages.landscape.grounds import ground_asked, show_part
from service.pages.landscape.heat import Scale, scale_of
from service.people.principal import Role

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

NUM_STANDING_OUT: Final = 4
NUM_NEAR: Final = 12
EVERY_NEAR: Final = 100_000
OFFERS_A_PAGE: Final = 100
#: What is of no clear area is asked for by, as in the list of needs.
NO_AREA: Final = "none"
Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table of supply and demand; ``cells`` by kind make it one of a heat map.

    Parameters
    ----------
    key
        What it is of: a group or a focus area's key, a kind, a band of grades or the number of an area of town.
    most
        Free slots if all that could came here, None where none could go anywhere else.
    """

    key: str | int
    balance: Balance
    cells: Mapping[str, Balance]
    most: int | None = None


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Rows by kind, with the scale of their colours."""

    lines: list[Line]
    scale: Scale


class LandscapeAsked(BaseModel):
    """A run whose plan is shown, and a school that is looked at alone; blank is none."""

    model_config = ConfigDict(extra="ignore")

    run: str = Field("", max_length=200)
    school: str = Field("", max_length=1000)


@router.get("/landscape")
@allow(*READERS)
def show_landscape(given: Given, request: Request, asked: Annotated[LandscapeAsked, Query()]) -> Response:
    """Show what stands against what, by area, kind, grades and part of town; or what one school has and lacks."""
    ground = ground_asked(given, asked.run)
    schools = _schools(given, ground)
    if asked.school:
        return _one_school(given, ground, asked, schools)
    by_area = balances(ground.cells, "area", "kind")
    areas = _lines(ground, "area", [*(area.key for area in focus_areas()), ""])
    return show_part(
        given,
        "",
        "landscape.html",
        asked.run,
        total=total(ground.cells),
        lacking=_standing_out(by_area, lambda one: -one.gap, lambda one: one.gap > 0),
        idle=_standing_out(by_area, lambda one: one.gap, lambda one: one.gap < 0),
        groups=_heat_map(_grouped(areas)),
        areas=areas,
        pairs=scale_of(by_area.values()),
        area_keys={"": NO_AREA},
        kinds=KINDS,
        by_kind=_with_most(_lines(ground, "kind", KINDS), ground),
        bands=_lines(ground, "band", BANDS),
        town=_heat_map(_lines(ground, "town", [*range(len(ground.town.names)), NOWHERE])),
        town_names={**dict(enumerate(ground.town.names)), NOWHERE: ""},
        schools=schools,
    )


class FreeAsked(BaseModel):
    """Which free offers are asked for; blank is all."""

    model_config = ConfigDict(extra="ignore")

    run: str = Field("", max_length=200)
    area: Literal["", NO_AREA, *(area.key for area in focus_areas())] = ""  # type: ignore[valid-type]  # its keys
    kind: Literal["", *KINDS] = ""  # type: ignore[valid-type]  # the vocabulary's words
    page: int = Field(1, ge=1, le=10_000)


@router.get("/landscape/free")
@allow(*READERS)
def show_free(given: Given, request: Request, asked: Annotated[FreeAsked, Query()]) -> Response:
    """Show the offers with free slots, those with most first: of an area, of a kind, or all."""
    ground = ground_asked(given, asked.run)
    area = {"": None, NO_AREA: ""}.get(asked.area, asked.area)
    found = free_offers(ground, area, asked.kind)
    filters = asked.model_dump(exclude={"page"}, exclude_defaults=True)
    shown, before, after = a_page(found, asked.page, OFFERS_A_PAGE, filters)
    return show_part(
        given,
        "/free",
        "landscape_free.html",
        asked.run,
        asked=asked,
        area=area,
        offers=shown,
        num_found=len(found),
        num_slots=int(found["free"].sum()),
        before=before,
        after=after,
    )


def _one_school(
    given: Context, ground: Ground, asked: LandscapeAsked, schools: list[SchoolHelped]
) -> Response:
    """Return the page of one school: what it has, what it lacks, and who is near and free."""
    school = next((school for school in schools if school.school_id == asked.school), None)
    if school is None:
        raise NotFoundError(f"School {asked.school}: expected one of this district, found none.")
    near = near_and_free(ground, asked.school, EVERY_NEAR)
    cells = cells_at(ground, asked.school)
    by_kind = balances(cells, "kind") if len(cells) else {}
    partners = ground.links[ground.links["school_id"] == asked.school]
    names = ground.district.partners.set_index("partner_id")["name"]
    return show_part(
        given,
        "/school",
        "landscape_school.html",
        asked.run,
        school=school,
        everywhere=together(schools_helped(ground)),
        lines=[
            Line(kind, by_kind[kind,], {}, sum(one.free for one in near if kind in one.kinds))
            for kind in KINDS
            if (kind,) in by_kind
        ],
        areas=_area_lines(cells),
        helpers=partners.assign(partner=partners["partner_id"].map(names)).to_dict("records"),
        near=near[:NUM_NEAR],
        num_near=len(near),
        schools=schools,
    )


def _schools(given: Context, ground: Ground) -> list[SchoolHelped]:
    """Return the schools that whoever asks may look at alone, by name."""
    schools = schools_helped(ground)
    if given.role is Role.LEADER:
        schools = [school for school in schools if school.school_id in given.place.of]
    return sorted(schools, key=lambda school: (school.name, school.school_id))


def _lines(ground: Ground, heading: str, keys: Iterable[str | int]) -> list[Line]:
    """Return a line a value of a heading that has anything, with its cells by kind."""
    sums, cells = balances(ground.cells, heading), balances(ground.cells, heading, "kind")
    by_key: dict[str | int, dict[str, Balance]] = {}
    for (key, kind), balance in cells.items():
        by_key.setdefault(key, {})[str(kind)] = balance
    return [Line(key, sums[key,], by_key[key]) for key in keys if (key,) in sums]


def _area_lines(cells: pd.DataFrame) -> list[Line]:
    sums = balances(cells, "area") if len(cells) else {}
    lines = [Line(key, balance, {}) for (key,), balance in sums.items()]
    return sorted(lines, key=lambda line: (-line.balance.open, -line.balance.filled, str(line.key)))


def _with_most(lines: list[Line], ground: Ground) -> list[Line]:
    most = most_free(ground.offers, ground.facts)
    return [Line(line.key, line.balance, {}, most[str(line.key)]) for line in lines]


def _grouped(areas: Iterable[Line]) -> list[Line]:
    """Return the lines of areas as a line a group, in the vocabulary's order; no clear area is one of its own."""
    group_of = {area.key: area.group for area in focus_areas()}
    found: dict[str, list[Line]] = {}
    for line in areas:
        found.setdefault(group_of.get(str(line.key), ""), []).append(line)
    return [
        Line(
            group,
            _added(line.balance for line in lines),
            {kind: _added(line.cells[kind] for line in lines if kind in line.cells) for kind in KINDS},
        )
        for group, lines in found.items()
    ]


def _added(parts: Iterable[Balance]) -> Balance:
    columns = [(one.filled, one.open, one.free) for one in parts]
    return Balance(*(sum(column) for column in zip((0, 0, 0), *columns, strict=True)))


def _heat_map(lines: list[Line]) -> HeatMap:
    return HeatMap(lines, scale_of(cell for line in lines for cell in line.cells.values()))


def _standing_out(
    cells: Mapping[Key, Balance], order: Callable[[Balance], int], is_one: Callable[[Balance], bool]
) -> list[dict[str, Any]]:  # Any: of several types
    """Return the few cells of a clear area that come first in an order."""
    found = [(key, one) for key, one in cells.items() if key[0] and is_one(one)]
    found.sort(key=lambda entry: (order(entry[1]), entry[0]))
    return [{"area": area, "kind": kind, "balance": one} for (area, kind), one in found[:NUM_STANDING_OUT]]
