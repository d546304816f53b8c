"""A match proposed by hand for a need: any offer, the rules against it, who would give way, and what it costs."""

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from matching.by_hand import ByHand, all_of, by_hand, running_plan, running_review
from matching.pipeline import Basis
from matching.policy import policy_from_toml
from matching.questions import Question
from matching.review import OVERRIDABLE, Review, Reviewed
from matching.schemas import MOST_SLOTS
from matching.standing import RUNNING
from matching.vocabulary import Rule
from service.api import review as api
from service.api.access import Context, Given, allow
from service.api.publications import publish_one
from service.api.reviewed import CostRead, NewMatch
from service.api.route import Route
from service.errors import ConflictError, NotFoundError
from service.overviews import Standing
from service.pages.frame import go_to, show, standing_of
from service.pages.naming import Names, names_of
from service.pages.needs.needs import need_of
from service.pages.runs.reviewing import fault_of
from service.people.principal import Role
from service.runs.job import encoder_of
from service.runs.records import last_plan

router = APIRouter(prefix="/districts/{district}/propose", route_class=Route, include_in_schema=False)

MOST_FOUND: Final = 12
MOST_TOLD: Final = 8
Id = Annotated[str, Field(max_length=500)]
Shown = list[dict[str, Any]]  # Any: cells of several types


class Sent(BaseModel):
    """What has been chosen so far: a need, an offer, sought by words, and slots; then what to do, and why."""

    model_config = ConfigDict(extra="ignore")

    need: Id
    q: str = Field("", max_length=1000)
    offer: Id = ""
    slots: Annotated[int, Field(ge=1, le=MOST_SLOTS)] | Literal[""] = ""
    reason: str = Field("", max_length=2000)
    do: Literal["", "accept", "give"] = ""


@dataclass(frozen=True, slots=True, eq=False)
class Thought:
    """What is told of a match before it is made.

    Parameters
    ----------
    broken
        The rules that stand against it, each with its figures, told with names instead of ids.
    others
        The matches that would give way, with names; ``num_more`` are not told.
    holders
        Who holds the offer's slots now.
    run_id, cost
        The last plan of the district as it stands and what the match would cost it; "" and None without one.
    """

    match: ByHand
    broken: list[tuple[str, str]]
    others: Shown
    num_more: int
    holders: Shown
    run_id: str
    cost: CostRead | None


@router.get("")
@allow(Role.COORDINATOR)
def show_proposal(given: Given, request: Request, sent: Annotated[Sent, Query()]) -> Response:
    """Ask for an offer by its partner's name or by what it gives, then tell what a match with it would do."""
    return _page(given, sent)


@router.post("")
@allow(Role.COORDINATOR)
def propose(given: Given, request: Request, sent: Annotated[Sent, Form()]) -> Response:
    """Make the match, with those that give way to it where that is meant, and go to what that made."""
    review = _review(given)
    try:
        thought = by_hand(review, sent.need, sent.offer, sent.slots or 1)
        others = all_of(thought, review)[1:] if sent.do == "give" else []
        made = publish_one(given, _with_reason(thought, sent.reason.strip()), *others)
    except ValueError as error:
        return _page(given, sent, fault_of(error))
    return go_to(given, f"/publications/{made.number}")


def _page(given: Context, sent: Sent, fault: dict[str, Any] | None = None) -> Response:  # Any: for a template
    need, standing = need_of(given, sent.need), standing_of(given)
    names = names_of(standing)
    if sent.offer and sent.offer not in names.offers:
        raise NotFoundError(f"Offer {sent.offer}: expected one of this district, found none.")
    free = _free_slots(standing)
    if sent.slots == "":
        least = min(free.get(sent.offer, 1), int(need["open"]))
        sent = sent.model_copy(update={"slots": max(least, 1)})
    return show(
        given,
        "propose.html",
        HTTPStatus.OK if fault is None else HTTPStatus.CONFLICT,
        need=need,
        sent=sent,
        found=_found(given, need, names, free, sent),
        match=names.match(sent.need, sent.offer),
        thought=_thought(given, names, sent) if sent.offer else None,
        fault=fault,
    )


def _thought(given: Context, names: Names, sent: Sent) -> Thought:
    review, slots = _review(given), sent.slots or 1
    thought = by_hand(review, sent.need, sent.offer, slots)
    others = [
        {**row, **names.match(str(row["need_id"]), str(row["offer_id"]))}
        for row in thought.others.to_dict("records")
    ]
    run_id, cost = _cost_of_plan(given, sent, slots)
    holders = [] if thought.has_room else _holders(standing_of(given), names, sent)
    broken = [(found.rule, _with_names(found.message, review, names, sent)) for found in thought.broken]
    return Thought(
        thought, broken, others[:MOST_TOLD], max(0, len(others) - MOST_TOLD), holders, run_id, cost
    )


def _with_names(message: str, review: Review, names: Names, sent: Sent) -> str:
    """Return what a rule says with the schools and the partners that it is about instead of their ids."""
    for need_id, offer_id in (*(one.pair for one in review.matches), (sent.need, sent.offer)):
        told = names.match(need_id, offer_id)
        if offer_id == sent.offer:
            message = _renamed(message, need_id, told["school"])
        if need_id == sent.need:
            message = _renamed(message, offer_id, told["partner"])
    return message


def _renamed(message: str, key: str, name: str) -> str:
    return re.sub(rf" with {re.escape(key)}(?=[ ,.])", lambda _: f" with {name}", message)


def _review(given: Context) -> Review:
    """Return what runs, taken up once a version of the district."""
    standing = standing_of(given)
    district = standing.loaded.district

    def take_up() -> Basis:
        encoder = encoder_of(given.request.app.state.settings.model)
        policy = policy_from_toml(standing.policy)
        return running_plan(district, policy, on=standing.today, encoder=encoder)

    key = f"running in {given.district_id} on {standing.today}"
    plan = given.request.app.state.plans.basis((key, standing.loaded.version), take_up)
    return running_review(district, plan)


def _cost_of_plan(given: Context, sent: Sent, slots: int) -> tuple[str, CostRead | None]:
    """Return the last plan of the district as it stands, and what the match would cost it."""
    last = last_plan(given.connection, given.district_id, of_now=True)
    if last is None:
        return "", None
    new = NewMatch(need_id=sent.need, offer_id=sent.offer, slots=slots)
    try:
        return last.id, api.add_match(given, last.id, new, Response(), dry_run=True).cost
    except (ValueError, ConflictError):
        # There is no room in that plan, or it has been taken away meanwhile: what runs is told all the same.
        return last.id, None


def _with_reason(thought: ByHand, reason: str) -> Reviewed:
    """Return the match; with a reason it may break rules that are no slots given twice, and later plans keep it."""
    rules = {Rule(found.rule) for found in thought.broken if found.rule in OVERRIDABLE}
    if not (reason and rules):
        return thought.one
    return replace(thought.one, is_locked=True, override=reason, overridden=tuple(sorted(rules)))


def _found(
    given: Context, need: Mapping[Hashable, Any], names: Names, free: Mapping[str, int], sent: Sent
) -> Shown:  # Any: likewise
    """Return the offers that are sought: of partners of that name, then those of its kind that give something alike."""
    sought = sent.q.strip()
    if not sought:
        return []
    named = [
        key
        for key, offer in names.offers.items()
        if sought.casefold() in names.partners[offer["partner_id"]].casefold()
    ]
    question = Question(text=sought, kind=need["kind"], school_id=need["school_id"], limit=MOST_FOUND)
    recommenders = given.request.app.state.recommenders
    answer = json.loads(recommenders.answer(given.connection, given.district_id, question))
    near = [miss for miss in answer["near_misses"] if Rule.FIT_FLOOR not in miss["rules"]]
    alike = [pair["offer"]["offer_id"] for pair in (*answer["recommendations"], *near)]
    return [
        {
            "offer_id": key,
            "partner": names.partners[names.offers[key]["partner_id"]],
            "free": free.get(key, 0),
            **names.offers[key],
        }
        for key in dict.fromkeys([*named[:MOST_FOUND], *alike])
        if key in names.offers and names.offers[key]["slots"]
    ][:MOST_FOUND]


def _free_slots(standing: Standing) -> dict[str, int]:
    """Return the slots of each offer that no running partnership holds."""
    district = standing.loaded.district
    rows = district.partnerships
    held = rows[rows["status"].isin(RUNNING)].groupby("offer_id")["slots"].sum()
    free = district.offers["slots"] - district.offers["offer_id"].map(held).fillna(0).astype(int)
    return dict(zip(district.offers["offer_id"], free.clip(lower=0).tolist(), strict=True))


def _holders(standing: Standing, names: Names, sent: Sent) -> Shown:
    """Return the running matches that hold the slots of the offer, or those of the need."""
    rows = standing.loaded.district.partnerships
    is_about = (rows["offer_id"] == sent.offer) | (rows["need_id"] == sent.need)
    held: Sequence[Mapping[Any, Any]] = rows[is_about & rows["status"].isin(RUNNING)].to_dict("records")
    return [{**row, **names.match(row["need_id"], row["offer_id"])} for row in held]
