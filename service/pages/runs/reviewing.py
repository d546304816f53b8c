"""The review of a plan: its matches, what is decided about them, what that costs, and how it is taken back."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.review import OVERRIDABLE, BrokenRules
from matching.schemas import MOST_SLOTS
from service.api import review as api
from service.api.access import Context, Given, allow
from service.api.results import Plan
from service.api.reviewed import MatchDecision
from service.api.route import Route
from service.errors import NotFoundError
from service.pages.frame import show, standing_of
from service.pages.naming import named, names_of
from service.pages.runs.planned import Planned, planned
from service.pages.runs.review_list import MATCHES_A_PAGE, Asked, Match, Was, by_heading, restored, states
from service.people.principal import Role
from service.runs import reviews
from service.runs.records import AnyRow

router = APIRouter(prefix="/districts/{district}/runs/{run_id}", route_class=Route, include_in_schema=False)

MOVES_TOLD: Final = 5


class Sent(BaseModel):
    """What the forms of a review send: what to do, with which matches.

    ``left_at`` means those of a school that are left, ``left`` all that are left of what is shown, and ``was`` what to
    bring back.
    """

    do: Literal["accept", "decline", "change", "lock", "unlock", "undo"]
    number: list[int] = []
    left_at: str = ""
    left: bool = False
    was: Was = ""
    slots: str = ""
    reason: Annotated[str, Field(max_length=2000)] = ""
    csrf: str = ""


@router.get("/review")
@allow(Role.COORDINATOR, Role.BOARD)
def show_review(given: Given, request: Request, run_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """Show the matches of a plan of a run, school by school, with what is decided about each; the board reads it."""
    return _review(given, planned(given, run_id, asked.plan), asked)


@router.post("/review")
@allow(Role.COORDINATOR)
def decide(
    given: Given,
    request: Request,
    run_id: str,
    asked: Annotated[Asked, Query()],
    sent: Annotated[Sent, Form()],
) -> Response:
    """Decide about matches; what stands against it is told beside them, and nothing is changed then."""
    of = planned(given, run_id, asked.plan)
    rows = _rows(given, of)
    numbers = _meant(given, rows, asked, sent)
    fault = _fault(sent, numbers)
    if fault is None:
        try:
            api.decide_matches(given, run_id, _changes(given, of, sent, numbers), of.plan)
        except ValueError as error:
            fault = fault_of(error)
    if fault is not None:
        return _review(given, of, asked, fault | {"numbers": numbers, "sent": sent})
    place = f"#m{numbers[0]}" if len(numbers) == 1 else "#done"
    address = asked.address(of, did="back" if sent.was else sent.do, of=states(rows, numbers))
    return RedirectResponse(address + place, HTTPStatus.SEE_OTHER)


@router.get("/matches/{number}")
@allow(Role.COORDINATOR)
def show_match(
    given: Given, request: Request, run_id: str, number: int, plan: Plan = None, slots: str = ""
) -> Response:
    """Show a match with what it costs the levels to decline it, or to give it other slots."""
    of = planned(given, run_id, plan)
    rows = [row for row in _rows(given, of) if row.number == number]
    if not rows:
        raise NotFoundError(f"Match {number}: expected the number of a match of this plan, found none.")
    cost, fault = None, None
    try:
        cost = api.read_match_cost(given, run_id, number, of.plan, _whole(slots, least=0))
    except ValueError as error:
        fault = fault_of(error)
    names = names_of(standing_of(given))
    moves = cost.moves[:MOVES_TOLD] if cost else []
    return show(
        given,
        "match.html",
        of=of,
        match=named(rows, names)[0],
        moves=[(move, names.match(move.need_id, move.offer_id)) for move in moves],
        slots=slots,
        cost=cost,
        fault=fault,
    )


def fault_of(error: ValueError) -> dict[str, Any]:  # Any: what a template shows
    """Return what stands against a decision, and whether a written reason overrides it."""
    if not isinstance(error, BrokenRules):
        return {"kind": "other", "message": str(error), "findings": [], "can_override": False}
    can_override = all(found.rule in OVERRIDABLE for found in error.findings)
    return {"kind": "rules", "message": "", "findings": error.findings, "can_override": can_override}


def _review(
    given: Context, of: Planned, asked: Asked, fault: dict[str, Any] | None = None
) -> Response:  # Any: likewise
    matches = named(_rows(given, of), names_of(standing_of(given)))
    left = dict.fromkeys((match["school_id"] for match in matches), 0)
    for match in matches:
        left[match["school_id"]] += match["decision"] == "proposed"
    found = asked.found(matches)
    start = (asked.page - 1) * MATCHES_A_PAGE
    return show(
        given,
        "review.html",
        HTTPStatus.OK if fault is None else HTTPStatus.CONFLICT,
        of=of,
        asked=asked,
        action=asked.address(of),
        fault=fault,
        groups=by_heading(asked, found[start : start + MATCHES_A_PAGE]),
        left=left,
        schools=dict.fromkeys((match["school"], match["school_id"]) for match in matches),
        levels=sorted({match["level"] for match in matches}),
        kinds=sorted({match["kind"] for match in matches}),
        num_found=len(found),
        num_found_left=sum(match["decision"] == "proposed" for match in found),
        num_all=len(matches),
        num_left=sum(left.values()),
        next_left=_next_left(of, asked, found),
        before=asked.address(of, page=asked.page - 1) if asked.page > 1 else None,
        after=asked.address(of, page=asked.page + 1) if start + MATCHES_A_PAGE < len(found) else None,
        undone=[state for state in asked.of.split(".") if state],
    )


def _next_left(of: Planned, asked: Asked, found: Sequence[Match]) -> str:
    """Return where the next match stands that nobody decided about: from this page on, else from the first."""
    places = [place for place, match in enumerate(found) if match["decision"] == "proposed"]
    if not places:
        return ""
    start = (asked.page - 1) * MATCHES_A_PAGE
    place = next((place for place in places if place >= start), places[0])
    return f"{asked.address(of, page=place // MATCHES_A_PAGE + 1)}#m{found[place]['number']}"


def _rows(given: Context, of: Planned) -> Sequence[AnyRow]:
    return reviews.rows_of_plan(given.connection, of.run_id, of.plan)


def _meant(given: Context, rows: Sequence[AnyRow], asked: Asked, sent: Sent) -> list[int]:
    """Return the numbers of the matches that a form is about."""
    if sent.was:
        return [*restored(sent.was)]
    if sent.left_at:
        return [row.number for row in rows if row.school_id == sent.left_at and row.decision == "proposed"]
    if sent.left:
        shown = asked.found(named(rows, names_of(standing_of(given))))
        return [match["number"] for match in shown if match["decision"] == "proposed"]
    return sent.number


def _fault(sent: Sent, numbers: Sequence[int]) -> dict[str, Any] | None:  # Any: likewise
    """Return what a form lacks."""
    kind = ""
    if not numbers:
        kind = "none"
    elif sent.do == "decline" and not sent.reason.strip():
        kind = "reason"
    elif sent.do == "change" and not _is_whole(sent.slots):
        kind = "slots"
    return {"kind": kind, "message": "", "findings": [], "can_override": False} if kind else None


def _changes(given: Context, of: Planned, sent: Sent, numbers: Sequence[int]) -> dict[int, MatchDecision]:
    """Return what a form asks for, match by match."""
    reason = sent.reason.strip()
    if sent.do == "undo":
        return restored(sent.was) if sent.was else _as_proposed(given, of, numbers)
    if sent.do == "decline":
        change = MatchDecision(decision="declined", reason=reason)
    elif sent.do in ("lock", "unlock"):
        change = MatchDecision(locked=sent.do == "lock", override=reason)
    else:
        change = MatchDecision(slots=_whole(sent.slots, least=0), override=reason)
    return dict.fromkeys(numbers, change)


def _as_proposed(given: Context, of: Planned, numbers: Sequence[int]) -> dict[int, MatchDecision]:
    """Return what takes decisions back; what was locked when the plan was made is so again."""
    locked = reviews.locked_when_made(given.connection, of.run_id)
    pairs = {row.number: (row.need_id, row.offer_id) for row in _rows(given, of)}
    return {
        number: MatchDecision(decision="proposed", locked=pairs.get(number) in locked) for number in numbers
    }


def _is_whole(text: str) -> bool:
    text = text.strip()
    return (
        text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_SLOTS)) and int(text) <= MOST_SLOTS
    )


def _whole(text: str, least: int) -> int | None:
    """Return a number of slots; None for a blank.

    Raises
    ------
    ValueError
        Where it is none.
    """
    if not text.strip():
        return None
    if not _is_whole(text) or int(text) < least:
        raise ValueError(f"Slots: expected a whole number from {least} to {MOST_SLOTS}, found {text[:50]}.")
    return int(text)
