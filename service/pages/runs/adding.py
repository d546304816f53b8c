"""A match that a coordinator adds to a plan by hand: the need, who could take it, which rules stand against it."""

import json
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.questions import Question
from matching.schemas import MOST_SLOTS
from service.api import review as api
from service.api.access import Context, Given, allow
from service.api.reviewed import NewMatch
from service.api.route import Route
from service.errors import ConflictError
from service.pages.frame import show, standing_of
from service.pages.naming import Names, names_of
from service.pages.runs.planned import Planned, planned
from service.pages.runs.reviewing import fault_of
from service.people.principal import Role

router = APIRouter(
    prefix="/districts/{district}/runs/{run_id}/add", route_class=Route, include_in_schema=False
)

MOST_FOUND: Final = 20
Id = Annotated[str, Field(max_length=500)]


class Sent(BaseModel):
    """What has been chosen so far: a school, a need, an offer (sought by its partner's name) and slots."""

    model_config = ConfigDict(extra="ignore")

    plan: Annotated[int | None, Field(ge=0, lt=1_000)] = None
    school: Id = ""
    need: Id = ""
    partner: Id = ""
    offer: Id = ""
    slots: Annotated[int, Field(ge=1, le=MOST_SLOTS)] = 1
    override: str = Field("", max_length=2000)


@router.get("")
@allow(Role.COORDINATOR)
def show_form(given: Given, request: Request, run_id: str, sent: Annotated[Sent, Query()]) -> Response:
    """Ask for a need, then for who could take it, then tell what that would do."""
    return _page(given, planned(given, run_id, sent.plan), sent)


@router.post("")
@allow(Role.COORDINATOR)
def add(given: Given, request: Request, run_id: str, sent: Annotated[Sent, Form()]) -> Response:
    """Add the match; where rules stand against it without a reason, tell them."""
    of = planned(given, run_id, sent.plan)
    try:
        made = api.add_match(given, run_id, _new(sent), Response(), of.plan).match
    except (ValueError, ConflictError) as error:
        return _page(given, of, sent, error)
    number = made.number if made else 0
    address = of.at("/review", school=sent.school, did="add", of=f"{number}p")
    return RedirectResponse(f"{address}#m{number}", HTTPStatus.SEE_OTHER)


def _page(
    given: Context, of: Planned, sent: Sent, error: ValueError | ConflictError | None = None
) -> Response:
    names = names_of(standing_of(given))
    thought, fault = None, None if error is None else _told(error)
    if sent.need and sent.offer and fault is None:
        try:
            thought = api.add_match(given, of.run_id, _new(sent), Response(), of.plan, dry_run=True)
        except (ValueError, ConflictError) as refused:
            fault = _told(refused)
    needs = [
        {"need_id": key, **need} for key, need in names.needs.items() if need["school_id"] == sent.school
    ]
    return show(
        given,
        "add.html",
        HTTPStatus.OK if fault is None else HTTPStatus.CONFLICT,
        of=of,
        sent=sent,
        schools=sorted((name, key) for key, name in names.schools.items()),
        needs=needs,
        answer=_recommended(given, sent) if sent.need in names.needs else None,
        found=_of_partner(names, sent.partner),
        match=names.match(sent.need, sent.offer),
        thought=thought,
        fault=fault,
    )


def _new(sent: Sent) -> NewMatch:
    return NewMatch(need_id=sent.need, offer_id=sent.offer, slots=sent.slots, override=sent.override)


def _told(error: ValueError | ConflictError) -> dict[str, Any]:  # Any: what a template shows
    return fault_of(error if isinstance(error, ValueError) else ValueError(str(error)))


def _recommended(given: Context, sent: Sent) -> dict[str, Any]:  # Any: JSON
    recommenders = given.request.app.state.recommenders
    question = Question(need_id=sent.need)
    answer: dict[str, Any] = json.loads(recommenders.answer(given.connection, given.district_id, question))
    return answer


def _of_partner(names: Names, text: str) -> list[dict[str, Any]]:  # Any: cells
    """Return the offers of partners whose names hold a text."""
    sought = text.strip().casefold()
    if not sought:
        return []
    found = [
        {"offer_id": key, "partner": names.partners[offer["partner_id"]], **offer}
        for key, offer in names.offers.items()
        if sought in names.partners[offer["partner_id"]].casefold()
    ]
    return found[:MOST_FOUND]
