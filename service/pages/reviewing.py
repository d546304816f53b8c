"""The review of a run: its matches school by school, what is decided about them, and what that costs."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from matching.review import OVERRIDABLE, BrokenRules
from matching.schemas import MOST_SLOTS
from service.api import review as api
from service.api.access import Context, Given, allow
from service.api.reviewed import MatchDecision
from service.api.route import Route
from service.errors import NotFoundError
from service.pages.frame import show, standing_of
from service.pages.naming import named, names_of
from service.pages.runs import go
from service.people.principal import Role
from service.runs import reviews
from service.runs.records import AnyRow

router = APIRouter(prefix="/districts/{district}/runs/{run_id}", route_class=Route, include_in_schema=False)

MATCHES_A_PAGE: Final = 25
MOST_UNDONE: Final = 400
MOVES_TOLD: Final = 5
Shown = list[dict[str, Any]]  # Any: cells of several types


class Asked(BaseModel):
    """Which matches of a review are shown; ``did`` and ``of`` say what was done just now, to which."""

    model_config = ConfigDict(extra="ignore")

    school: str = Field("", max_length=1000)
    state: Literal["", "proposed", "accepted", "declined"] = ""
    order: Literal["", "urgent", "fit"] = ""
    page: int = Field(1, ge=1, le=10_000)
    did: str = Field("", max_length=20)
    of: str = Field("", max_length=10_000, pattern=r"^[0-9.]*$")

    def address(self, **others: object) -> str:
        """Return this choice as a query, with other values for some of it."""
        kept = {name: getattr(self, name) for name in ("school", "state", "order", "page")} | others
        return urlencode({name: value for name, value in kept.items() if value not in ("", 1)})


class Sent(BaseModel):
    """What the forms of a review send: what to do, with which matches, or with all of a school that are left."""

    do: Literal["accept", "decline", "change", "lock", "unlock", "undo"]
    number: list[int] = []
    left_at: str = ""
    slots: str = ""
    reason: str = Field("", max_length=2000)
    csrf: str = ""


@router.get("/review")
@allow(Role.COORDINATOR)
def show_review(given: Given, request: Request, run_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """Show the matches of the last plan of a run, school by school, with what is decided about each."""
    return _review(given, run_id, asked)


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
    numbers = _meant(given, run_id, sent)
    fault = _fault(sent, numbers)
    if fault is None:
        try:
            _carry_out(given, run_id, sent, numbers)
        except ValueError as error:
            fault = fault_of(error)
    if fault is not None:
        return _review(given, run_id, asked, fault | {"numbers": numbers, "sent": sent})
    of = ".".join(map(str, numbers[:MOST_UNDONE]))
    place = f"#m{numbers[0]}" if len(numbers) == 1 else "#done"
    return go(given, run_id, f"/review?{asked.address(did=sent.do, of=of)}{place}")


@router.get("/matches/{number}")
@allow(Role.COORDINATOR)
def show_match(given: Given, request: Request, run_id: str, number: int, slots: str = "") -> Response:
    """Show a match with what it costs the levels to decline it, or to give it other slots."""
    rows = [row for row in _rows(given, run_id) if row.number == number]
    if not rows:
        raise NotFoundError(f"Match {number}: expected the number of a match of this plan, found none.")
    cost, fault = None, None
    try:
        cost = api.read_match_cost(given, run_id, number, None, _whole(slots, least=0))
    except ValueError as error:
        fault = fault_of(error)
    names = names_of(standing_of(given))
    moves = cost.moves[:MOVES_TOLD] if cost else []
    return show(
        given,
        "match.html",
        run_id=run_id,
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
    given: Context, run_id: str, asked: Asked, fault: dict[str, Any] | None = None
) -> Response:  # Any: likewise
    matches = named(_rows(given, run_id), names_of(standing_of(given)))
    schools = dict.fromkeys((match["school"], match["school_id"]) for match in matches)
    left = {school_id: 0 for _, school_id in schools}
    for match in matches:
        left[match["school_id"]] += match["decision"] == "proposed"
    found = _found(matches, asked)
    start = (asked.page - 1) * MATCHES_A_PAGE
    return show(
        given,
        "review.html",
        HTTPStatus.OK if fault is None else HTTPStatus.CONFLICT,
        run_id=run_id,
        asked=asked,
        fault=fault,
        groups=_by_school(found[start : start + MATCHES_A_PAGE]),
        left=left,
        schools=schools,
        num_found=len(found),
        num_all=len(matches),
        num_left=sum(left.values()),
        before=asked.address(page=asked.page - 1) if asked.page > 1 else None,
        after=asked.address(page=asked.page + 1) if start + MATCHES_A_PAGE < len(found) else None,
        undone=[number for number in asked.of.split(".") if number],
    )


def _rows(given: Context, run_id: str) -> Sequence[AnyRow]:
    plan = reviews.plan_of(given.connection, given.district_id, run_id, None)
    return reviews.rows_of_plan(given.connection, run_id, plan)


def _found(matches: Shown, asked: Asked) -> Shown:
    """Return the matches that are asked for, in the order asked for, those of a school together."""
    if asked.school:
        matches = [match for match in matches if match["school_id"] == asked.school]
    if asked.state:
        matches = [match for match in matches if match["decision"] == asked.state]
    if not asked.order:
        return matches
    weight: dict[str, Any] = {}  # Any: what a school is put in order by
    for match in matches:
        worth = match["level"] if asked.order == "urgent" else match["fit"]
        weight[match["school_id"]] = min(worth, weight.get(match["school_id"], worth))
    return sorted(matches, key=lambda match: (weight[match["school_id"]], match["school"]))


def _by_school(matches: Shown) -> list[tuple[str, str, Shown]]:
    groups: dict[str, tuple[str, str, Shown]] = {}
    for match in matches:
        group = groups.setdefault(match["school_id"], (match["school_id"], match["school"], []))
        group[2].append(match)
    return list(groups.values())


def _meant(given: Context, run_id: str, sent: Sent) -> list[int]:
    """Return the numbers of the matches that a form is about."""
    if not sent.left_at:
        return sent.number
    return [
        row.number
        for row in _rows(given, run_id)
        if row.school_id == sent.left_at and row.decision == "proposed"
    ]


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


def _carry_out(given: Context, run_id: str, sent: Sent, numbers: Sequence[int]) -> None:
    """Do what a form asks for, to all of its matches or to none."""
    reason = sent.reason.strip()
    if sent.do == "decline":
        change = MatchDecision(decision="declined", reason=reason)
    elif sent.do == "undo":
        # What ran before stays locked as it was; what is new was locked here at most.
        ran = {row.number for row in _rows(given, run_id) if row.ran}
        change = MatchDecision(decision="proposed", locked=None if ran.intersection(numbers) else False)
    elif sent.do in ("lock", "unlock"):
        change = MatchDecision(locked=sent.do == "lock", override=reason)
    else:
        change = MatchDecision(slots=_whole(sent.slots, least=0), override=reason)
    api.decide_matches(given, run_id, dict.fromkeys(numbers, change))


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
