"""The landscape school by school, and who works with whom; all figures as a spreadsheet."""

import io
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from matching.exporting import write_workbook
from matching.landscape.connections import Tie, counted_by, overlaps, spread_thin, ties
from matching.landscape.equity import SchoolHelped, evenness, left_out, schools_helped, together
from matching.landscape.supply import Ground
from matching.landscape.tables import landscape_tables
from matching.landscape.town import NOWHERE
from matching.schemas import PARTNER_KINDS
from service.api.access import Given, allow
from service.api.route import Route
from service.pages.frame import READERS
from service.pages.landscape.grounds import ground_asked, show_part
from service.people.principal import Role
from service.runs.records import MEDIA_TYPES

router = APIRouter(prefix="/districts/{district}/landscape", route_class=Route, include_in_schema=False)

SCHOOLS_A_PAGE: Final = 100
NUM_LEFT_OUT: Final = 6
NUM_OVERLAPS: Final = 20
NUM_THIN: Final = 20
#: Schools with so many partners, or partners at so many schools, are counted together.
MANY: Final = 6


class PlanAsked(BaseModel):
    """A run whose plan is shown, "" for what runs, and which page of a list."""

    model_config = ConfigDict(extra="ignore")

    run: str = Field("", max_length=200)
    page: int = Field(1, ge=1, le=10_000)


Asked = Annotated[PlanAsked, Query()]


@router.get("/schools")
@allow(*READERS)
def show_schools(given: Given, request: Request, asked: Asked) -> Response:
    """Show how far each school is helped, the least first; a leader sees their own beside the figures of all."""
    ground = ground_asked(given, asked.run)
    schools = [school for school in schools_helped(ground) if school.needed]
    is_leader = given.role is Role.LEADER
    own = [school for school in schools if not is_leader or school.school_id in given.place.of]
    start = (asked.page - 1) * SCHOOLS_A_PAGE
    return show_part(
        given,
        "/schools",
        "landscape_schools.html",
        asked.run,
        schools=own[start : start + SCHOOLS_A_PAGE],
        num_schools=len(own),
        page=asked.page,
        is_last=start + SCHOOLS_A_PAGE >= len(own),
        all=together(schools),
        title_i=together(school for school in schools if school.title_i),
        others=together(school for school in schools if not school.title_i),
        evenness=evenness(schools),
        dots=_dots(schools),
        num_alone=sum(school.num_partners == 0 for school in schools),
        left_out=[] if is_leader else left_out(ground, schools_helped(ground), NUM_LEFT_OUT),
        has_title_i=any(school.title_i for school in schools),
    )


@router.get("/connections")
@allow(*READERS)
def show_connections(given: Given, request: Request, asked: Asked) -> Response:
    """Show overlaps, partners spread thin and how links are spread; a leader sees their own schools' overlaps."""
    ground = ground_asked(given, asked.run)
    is_leader = given.role is Role.LEADER
    found = [one for one in overlaps(ground) if not is_leader or one.school_id in given.place.of]
    thin = [] if is_leader else spread_thin(ground)
    tied = ties(ground)
    return show_part(
        given,
        "/connections",
        "landscape_connections.html",
        asked.run,
        overlaps=found[:NUM_OVERLAPS],
        num_overlaps=len(found),
        thin=thin[:NUM_THIN],
        num_thin=len(thin),
        by_school=_counts(ground, "school"),
        by_partner=_counts(ground, "partner"),
        ties={(tie.kind, tie.town): tie for tie in tied},
        tied_kinds=[kind for kind in PARTNER_KINDS if any(tie.kind == kind for tie in tied)],
        towns=[
            *range(len(ground.town.names)),
            *([NOWHERE] if any(tie.town == NOWHERE for tie in tied) else []),
        ],
        town_names=ground.town.names,
        most_slots=max((tie.slots for tie in tied), default=0),
        in_all=_in_all(tied),
    )


@router.get("/landscape.xlsx")
@allow(*READERS)
def read_figures(given: Given, request: Request, asked: Asked) -> Response:
    """Return all figures of the landscape as a workbook, a sheet a subject; of schools, to a leader their own."""
    ground = ground_asked(given, asked.run)
    own = frozenset(given.place.of) if given.role is Role.LEADER else None
    file = io.BytesIO()
    write_workbook(landscape_tables(ground, own), file)
    name = f'attachment; filename="landscape-{given.place.district_key}.xlsx"'
    return Response(file.getvalue(), media_type=MEDIA_TYPES[".xlsx"], headers={"content-disposition": name})


def _dots(schools: list[SchoolHelped]) -> list[tuple[float, float, bool]]:
    """Return where each school stands on a picture 0 to 100 wide and high, and whether it is a Title I school."""
    step = 100 / max(len(schools), 1)
    return [
        (round((place + 0.5) * step, 2), round(100 * school.share, 2), school.title_i)
        for place, school in enumerate(schools)
    ]


def _counts(ground: Ground, side: str) -> list[tuple[int, int, bool]]:
    """Return how many have 0, 1, 2 ... of the other side, and whether it is so many or more."""
    counts = counted_by(ground, side)
    few = [(number, count, False) for number, count in enumerate(counts[:MANY])]
    return few + ([(MANY, sum(counts[MANY:]), True)] if len(counts) > MANY else [])


def _in_all(tied: list[Tie]) -> dict[str, int]:
    found: dict[str, int] = {}
    for tie in tied:
        found[tie.kind] = found.get(tie.kind, 0) + tie.slots
    return found
