"""The needs of a district: the list, and each with who could help, where they are, and what stands in the way."""

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlencode

import pandas as pd
from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from matching.areas import focus_areas
from matching.consequences import row_of
from matching.explain import without_focus
from matching.policy import policy_from_toml
from matching.questions import Question
from matching.review import Decision, Reviewed
from matching.rule_gaps import RuleGap, rule_gaps
from matching.schemas import MOST_SLOTS
from matching.standing import RUNNING
from matching.vocabulary import KINDS, PRIORITIES
from service.api.access import Context, Given, allow
from service.api.publications import publish_one
from service.api.route import Route
from service.errors import NotFoundError
from service.overviews import Standing
from service.pages.frame import READERS, Records, a_page, address_of, go_to, own_needs, show, standing_of
from service.pages.maps import Map, Place, map_of, place_of
from service.pages.runs.reviewing import fault_of
from service.people.principal import Role

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

#: Needs that are shown where none says what was asked for.
NEAREST: Final = 10
NEEDS_A_PAGE: Final = 50
#: The orders of the list, beside the most urgent first: by which columns, and in which the greatest come first.
ORDERS: Final[Mapping[str, tuple[list[str], list[bool]]]] = {
    "school": (["school", "level", "need_id"], [True, True, True]),
    "open": (["open", "level", "need_id"], [False, True, True]),
    "kind": (["kind", "level", "need_id"], [True, True, True]),
    "priority": (["priority", "level", "need_id"], [True, True, True]),
}
#: What a need of no clear area is asked for by.
NO_AREA: Final = "none"


class NeedsAsked(BaseModel):
    """What the form above the list of needs asks for; blank is all."""

    model_config = ConfigDict(extra="ignore")

    q: str = Field("", max_length=1000)
    school: str = Field("", max_length=1000)
    kind: Literal["", *KINDS] = ""  # type: ignore[valid-type]  # the vocabulary's words
    area: Literal["", NO_AREA, *(area.key for area in focus_areas())] = ""  # type: ignore[valid-type]  # likewise
    priority: int | Literal[""] = ""
    status: Literal["", "open", "filled"] = ""
    order: Literal["", *ORDERS] = ""  # type: ignore[valid-type]  # likewise
    page: int = Field(1, ge=1, le=10_000)

    @property
    def filters(self) -> dict[str, object]:
        """What is asked for but the page."""
        return self.model_dump(exclude={"page"}, exclude_defaults=True)

    def ordered(self, order: str) -> str:
        """Return the query of the same needs in another order."""
        others = {name: value for name, value in self.filters.items() if name != "order"}
        return urlencode({**others, "order": order} if order else others)


@router.get("/needs")
@allow(*READERS)
def show_needs(given: Given, request: Request, asked: Annotated[NeedsAsked, Query()]) -> Response:
    """Show the needs that a reader asks for, the most urgent first; those like a text, the most similar first."""
    standing = standing_of(given)
    needs = own_needs(given, standing.overview.needs)
    recommenders = given.request.app.state.recommenders
    of_needs, _ = recommenders.areas(given.connection, given.district_id)
    needs = needs.assign(area=needs["need_id"].map(of_needs).fillna(""))
    found, are_near = _asked_for(given, standing, needs, asked)
    if asked.order:
        columns, ascending = ORDERS[asked.order]
        found = found.sort_values(columns, ascending=ascending)
    shown, before, after = a_page(found, asked.page, NEEDS_A_PAGE, asked.filters)
    return show(
        given,
        "needs.html",
        asked=asked,
        needs=shown,
        num_found=len(found),
        are_near=are_near,
        num_all=len(needs),
        schools=sorted(set(zip(needs["school"], needs["school_id"], strict=True))),
        areas=_areas(needs["area"]),
        has_unclear=bool((needs["area"] == "").any()),
        kinds=KINDS,
        priorities=PRIORITIES,
        before=before,
        after=after,
    )


@router.get("/needs/{need_id:path}")
@allow(*READERS)
def show_need(given: Given, request: Request, need_id: str) -> Response:
    """Show a need, who could help with it and what stands in the way of the next best."""
    return _need(given, need_id)


class Decided(BaseModel):
    """What a form beside an offer sends: so many slots of it, or why not."""

    need_id: str
    offer_id: str
    do: Literal["accept", "decline"]
    slots: int | None = Field(None, ge=1, le=MOST_SLOTS)
    reason: str = Field("", max_length=2000)
    csrf: str = ""


@router.post("/decisions")
@allow(Role.COORDINATOR)
def decide(given: Given, request: Request, sent: Annotated[Decided, Form()]) -> Response:
    """Accept or decline an offer for a need, and go to what that made; what refuses it stands beside the offer."""
    ran = slots_running(standing_of(given), sent.need_id, sent.offer_id)
    try:
        one = Reviewed(
            need_id=sent.need_id,
            offer_id=sent.offer_id,
            ran=ran,
            slots=ran + (sent.slots or 1),
            is_by_hand=True,
            decision=Decision.ACCEPTED if sent.do == "accept" else Decision.DECLINED,
            reason=sent.reason.strip(),
        )
        made = publish_one(given, one)
    except ValueError as error:
        return _need(given, sent.need_id, HTTPStatus.CONFLICT, fault=fault_of(error), about=sent.offer_id)
    return go_to(given, f"/publications/{made.number}")


def need_of(given: Context, need_id: str) -> dict[Hashable, Any]:  # Any: cells of a row
    """Return a need as it stands, of those that whoever asks may see.

    Raises
    ------
    NotFoundError
        Where there is no such need with slots.
    """
    needs = own_needs(given, standing_of(given).overview.needs)
    found = needs[needs["need_id"] == need_id].to_dict("records")
    if not found:
        raise NotFoundError(f"Need {need_id}: expected one of this district that is open, found none.")
    return found[0]


def slots_running(standing: Standing, need_id: str, offer_id: str) -> int:
    """Return with how many slots a pair runs."""
    return sum(int(row["slots"]) for row in _running(standing, need_id) if row["offer_id"] == offer_id)


@dataclass(frozen=True, slots=True)
class Missed:
    """An offer that a rule keeps from a need, and what would let it through."""

    offer: Mapping[str, Any]  # Any: JSON
    rules: Sequence[str]
    gaps: Sequence[RuleGap]


def _need(
    given: Context,
    need_id: str,
    status: int = HTTPStatus.OK,
    *,
    fault: dict[str, Any] | None = None,  # Any: for a template
    about: str = "",
) -> Response:
    """Return the page of a need; ``fault`` stands beside the offer it is about."""
    standing, need = standing_of(given), need_of(given, need_id)
    recommenders = given.request.app.state.recommenders
    answer = json.loads(recommenders.answer(given.connection, given.district_id, Question(need_id=need_id)))
    # Where nobody could help, it may be for the distance.
    near = answer["recommendations"] or answer["near_misses"]
    return show(
        given,
        "need.html",
        status,
        need=need,
        area=recommenders.areas(given.connection, given.district_id)[0].get(need_id, ""),
        stored=standing.loaded.district.needs.set_index("need_id").loc[need_id],
        running=_running(standing, need_id),
        answer=answer,
        missed=_missed(given, need_id, answer["near_misses"]),
        map=_map(given, need, [pair["offer"]["partner_id"] for pair in near]),
        fault=fault,
        about=about,
        without_focus=without_focus,
    )


def _missed(
    given: Context, need_id: str, misses: Iterable[Mapping[str, Any]]
) -> list[Missed]:  # Any: likewise
    """Return near misses with what would have to change, each rule by itself."""
    scorer = given.request.app.state.recommenders.scorer(given.connection, given.district_id)
    need = row_of(scorer, "needs", "need_id", need_id)
    return [
        Missed(
            miss["offer"],
            miss["rules"],
            rule_gaps(scorer, need, row_of(scorer, "offers", "offer_id", miss["offer"]["offer_id"])),
        )
        for miss in misses
    ]


def _map(given: Context, need: Mapping[Hashable, Any], partner_ids: Iterable[str]) -> Map:  # Any: likewise
    """Return where the school of a need and the partners that could help with it are."""
    district, here = standing_of(given).loaded.district, address_of(given)
    schools, partners = district.schools, district.partners
    school = schools[schools["school_id"] == need["school_id"]].to_dict("records")[0]
    rows = partners.set_index("partner_id")
    others = [_partner(rows.loc[key].to_dict(), key, here) for key in dict.fromkeys(partner_ids)]
    return map_of(place_of(school, is_school=True), others)


def _partner(cells: Mapping[Any, Any], key: str, here: str) -> Place:  # Any: likewise
    return place_of(cells, is_school=False, href=f"{here}/partners/{quote(key, safe='')}")


def _areas(of_needs: pd.Series) -> list[tuple[str, list[str]]]:
    """Return the areas that occur, a group each, as they stand in the vocabulary."""
    known = set(of_needs)
    groups: dict[str, list[str]] = {}
    for area in focus_areas():
        if area.key in known:
            groups.setdefault(area.group, []).append(area.key)
    return list(groups.items())


def _asked_for(
    given: Context, standing: Standing, needs: pd.DataFrame, asked: NeedsAsked
) -> tuple[pd.DataFrame, bool]:
    """Return the needs that pass every filter of a form, and whether none says what its text says: the nearest then."""
    area = "" if asked.area == NO_AREA else asked.area
    wanted = {"school_id": asked.school, "kind": asked.kind, "priority": asked.priority}
    for column, value in wanted.items():
        if value != "":
            needs = needs[needs[column] == value]
    if asked.area:
        needs = needs[needs["area"] == area]
    if asked.status:
        needs = needs[(needs["open"] > 0) == (asked.status == "open")]
    if asked.q.strip():
        least = policy_from_toml(standing.policy).fit.floor
        similar = given.request.app.state.overviews.similar_needs
        ids, num_alike = similar(given.district_id, standing, asked.q, least)
        left = set(needs["need_id"])
        alike = [name for name in ids[:num_alike] if name in left]
        shown = alike or [name for name in ids if name in left][:NEAREST]
        needs = needs.set_index("need_id", drop=False).reindex(shown)
        needs.index.name = None
        return needs, not alike
    return needs, False


def _running(standing: Standing, need_id: str) -> Records:
    """Return the partnerships that run for a need, with the names of their partners."""
    district = standing.loaded.district
    rows = district.partnerships
    rows = rows[(rows["need_id"] == need_id) & rows["status"].isin(RUNNING)]
    offers = district.offers.set_index("offer_id").loc[rows["offer_id"]]
    names = district.partners.set_index("partner_id")["name"]
    return rows.assign(
        partner=offers["partner_id"].map(names).to_numpy(), focus=offers["focus"].to_numpy()
    ).to_dict("records")
