"""The publication of a reviewed run: looked at first, then made, and taken back from the same page."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.review import BrokenRules
from matching.standing import RUNNING
from service.api import publications as api
from service.api.access import Context, Given, allow
from service.api.publications import PublicationRead, Publish, PublishedChange
from service.api.results import Plan
from service.api.reviewed import Broken, read_broken
from service.api.route import Route
from service.errors import ConflictError, NotFoundError
from service.pages.frame import READERS, PageNumber, go_to, show, standing_of
from service.pages.naming import Names, contacts_of, names_of
from service.pages.runs.planned import Planned, planned
from service.pages.runs.runs import people_of
from service.people.principal import Role
from service.runs import publishing, reviews

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

CHANGES_A_PAGE: Final = 100
MOST_REFUSALS: Final = 20
MOST_TOLD: Final = 60
"""Schools, and partners, that are told of by name; who has to be told beyond that stands in the table."""
Number = Annotated[int, Path(ge=1, lt=2**31)]


class Sent(BaseModel):
    """How a review is published: whether what nobody decided about is taken as the plan proposes it."""

    rest: bool = False
    plan: Annotated[int | None, Field(ge=0, lt=1_000)] = None
    csrf: str = ""


@router.get("/runs/{run_id}/publish")
@allow(Role.COORDINATOR)
def show_preview(
    given: Given,
    request: Request,
    run_id: str,
    plan: Plan = None,
    rest: bool = False,
    page: PageNumber = 1,
) -> Response:
    """Show what publishing would make, change and end, who has to be told, and what refuses it."""
    return _preview(given, planned(given, run_id, plan), rest=rest, page=page)


@router.post("/runs/{run_id}/publish")
@allow(Role.COORDINATOR)
def publish(given: Given, request: Request, run_id: str, sent: Annotated[Sent, Form()]) -> Response:
    """Publish, and go to what it made; where the district changed meanwhile, tell what refuses it now."""
    of = planned(given, run_id, sent.plan)
    try:
        made = api.publish(given, run_id, Publish(plan=of.plan, accept_rest=sent.rest), Response())
    except (BrokenRules, ConflictError):
        return _preview(given, of, rest=sent.rest, status=HTTPStatus.CONFLICT)
    return _go(given, made.number)


@router.get("/publications/{number}")
@allow(*READERS)
def show_publication(given: Given, request: Request, number: Number, page: PageNumber = 1) -> Response:
    """Show what a publication changed; a school leader sees what is of their own schools."""
    return _show(given, number, page)


@router.post("/publications/{number}/undo")
@allow(Role.COORDINATOR)
def undo(given: Given, request: Request, number: Number) -> Response:
    """Take a publication back; where something stands against it, tell what."""
    try:
        api.undo_publication(given, number)
    except BrokenRules as error:
        return _show(given, number, 1, [*map(read_broken, error.findings)])
    except ConflictError:
        return _show(given, number, 1)
    return _go(given, number)


def _go(given: Context, number: int | None) -> RedirectResponse:
    return go_to(given, f"/publications/{number}")


def _preview(
    given: Context, of: Planned, *, rest: bool, page: int = 1, status: int = HTTPStatus.OK
) -> Response:
    names = names_of(standing_of(given))
    rows = reviews.rows_of_plan(given.connection, of.run_id, of.plan)
    how = Publish(plan=of.plan, accept_rest=rest, dry_run=True)
    thought = api.publish(given, of.run_id, how, Response())
    return show(
        given,
        "publish.html",
        status,
        of=of,
        rest=rest,
        thought=thought,
        num_left=sum(row.decision == "proposed" for row in rows),
        num_all=len(rows),
        refusals=_refusals(
            names, thought.refusals, {(row.need_id, row.offer_id): row.number for row in rows}
        ),
        num_refusals=len(thought.refusals),
        told_to=_told_to(given, names, thought.changes, page),
        **_changes(names, thought.changes, page),
    )


def _show(given: Context, number: int, page: int, refusals: Sequence[Broken] = ()) -> Response:
    row = publishing.publication_of(given.connection, given.district_id, number)
    read: PublicationRead = api.read_publication(given, number)
    names = names_of(standing_of(given))
    changes = read.changes
    if given.role is Role.LEADER:
        if row.undone_at is not None:
            raise NotFoundError(f"Publication {number}: expected one that stands, found none.")
        own = given.place.of
        changes = [one for one in changes if names.match(one.need_id, one.offer_id)["school_id"] in own]
    return show(
        given,
        "publication.html",
        HTTPStatus.CONFLICT if refusals else HTTPStatus.OK,
        publication=read,
        names=people_of(given.connection, [row]),
        refusals=_refusals(names, refusals, {}),
        num_refusals=len(refusals),
        told_to=_told_to(given, names, changes, page) if read.undone_at is None else {},
        **_changes(names, changes, page),
    )


def _changes(
    names: Names, changes: Sequence[PublishedChange], page: int
) -> dict[str, Any]:  # Any: what is shown
    """Return a page of changes with their names, school by school, and which pages stand beside it."""
    told = [
        {**one.model_dump(), **names.match(one.need_id, one.offer_id), "done": one.done.value}
        for one in changes
    ]
    told.sort(key=lambda one: (one["school"], one["kind"] != "mentoring", one["statement"], one["partner"]))
    start = (page - 1) * CHANGES_A_PAGE
    counts: dict[str, int] = {}
    for one in told:
        counts[one["done"]] = counts.get(one["done"], 0) + 1
    return {
        "changes": told[start : start + CHANGES_A_PAGE],
        "counts": counts,
        "before": page - 1,
        "after": page + 1 if start + CHANGES_A_PAGE < len(told) else 0,
    }


def _told_to(
    given: Context, names: Names, changes: Sequence[PublishedChange], page: int
) -> dict[str, list[dict[str, Any]]]:  # Any: likewise
    """Return who has to be told, and of what: schools, then partners, by name, each with all that changes for it.

    Only coordinators are told of it; it stands beside the first page. A pair that never ran is nobody's news.
    """
    if page > 1 or given.role not in (Role.ADMIN, Role.COORDINATOR):
        return {}
    found: dict[str, dict[str, list[dict[str, Any]]]] = {"school": {}, "partner": {}}
    for one in changes:
        if one.done.value == "declined" and not (one.before and one.before.status in RUNNING):
            continue
        match = {**one.model_dump(), **names.match(one.need_id, one.offer_id), "done": one.done.value}
        for side, of_side in found.items():
            of_side.setdefault(match[f"{side}_id"], []).append(match)
    return {side: _named(given, side, of_side) for side, of_side in found.items() if of_side}


def _named(
    given: Context, side: str, news: dict[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:  # Any: likewise
    """Return the first of those who have to be told, by name, with their contacts."""
    ordered = sorted(news.items(), key=lambda one: (one[1][0][side], one[0]))
    contacts = contacts_of(given, side, [key for key, _ in ordered[:MOST_TOLD]])
    first = [
        {"name": told[0][side], "contact": contacts.get(key, ""), "changes": told}
        for key, told in ordered[:MOST_TOLD]
    ]
    return [*first, {"more": len(ordered) - MOST_TOLD}] if len(ordered) > MOST_TOLD else first


def _refusals(
    names: Names, refusals: Sequence[Broken], numbers: dict[tuple[str, str], int]
) -> list[dict[str, Any]]:  # Any: what is shown
    """Return the first of what refuses a publication, with names, and with the match of the plan it is about."""
    return [
        {
            "message": one.message,
            "match": names.match(one.need_id, one.offer_id),
            "number": numbers.get((one.need_id, one.offer_id)),
        }
        for one in refusals[:MOST_REFUSALS]
    ]
