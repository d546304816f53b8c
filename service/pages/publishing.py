"""The publication of a reviewed run: looked at first, then made, and taken back from the same page."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.review import BrokenRules
from service.api import publications as api
from service.api.access import Context, Given, allow
from service.api.publications import PublicationRead, Publish, PublishedChange
from service.api.reviewed import Broken, read_broken
from service.api.route import Route
from service.errors import ConflictError, NotFoundError
from service.pages.frame import READERS, show, standing_of
from service.pages.naming import Names, names_of
from service.pages.runs import people_of
from service.people.principal import Role
from service.runs import publishing, reviews

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

CHANGES_A_PAGE: Final = 100
MOST_REFUSALS: Final = 20
Number = Annotated[int, Path(ge=1, lt=2**31)]
PageNumber = Annotated[int, Query(ge=1, le=10_000)]


class Sent(BaseModel):
    """How a review is published: whether what nobody decided about is taken as the plan proposes it."""

    rest: bool = False
    csrf: str = ""


@router.get("/runs/{run_id}/publish")
@allow(Role.COORDINATOR)
def show_preview(
    given: Given, request: Request, run_id: str, rest: bool = False, page: PageNumber = 1
) -> Response:
    """Show what publishing would make, change and end, and what refuses it."""
    return _preview(given, run_id, rest=rest, page=page)


@router.post("/runs/{run_id}/publish")
@allow(Role.COORDINATOR)
def publish(given: Given, request: Request, run_id: str, sent: Annotated[Sent, Form()]) -> Response:
    """Publish, and go to what it made; where the district changed meanwhile, tell what refuses it now."""
    try:
        made = api.publish(given, run_id, Publish(accept_rest=sent.rest), Response())
    except (BrokenRules, ConflictError):
        return _preview(given, run_id, rest=sent.rest, status=HTTPStatus.CONFLICT)
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
    address = f"/districts/{given.place.district_key}/publications/{number}"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _preview(
    given: Context, run_id: str, *, rest: bool, page: int = 1, status: int = HTTPStatus.OK
) -> Response:
    names = names_of(standing_of(given))
    plan = reviews.plan_of(given.connection, given.district_id, run_id, None)
    rows = reviews.rows_of_plan(given.connection, run_id, plan)
    thought = api.publish(given, run_id, Publish(accept_rest=rest, dry_run=True), Response())
    return show(
        given,
        "publish.html",
        status,
        run_id=run_id,
        rest=rest,
        thought=thought,
        num_left=sum(row.decision == "proposed" for row in rows),
        num_all=len(rows),
        refusals=_refusals(
            names, thought.refusals, {(row.need_id, row.offer_id): row.number for row in rows}
        ),
        num_refusals=len(thought.refusals),
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
