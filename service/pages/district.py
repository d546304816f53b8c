"""The pages of a district: what is open, the needs, and who could help with one."""

import json
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import pandas as pd
from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.policy import policy_from_toml
from matching.questions import Question
from matching.review import Decision, Reviewed
from matching.schemas import MOST_SLOTS
from matching.vocabulary import KINDS, PRIORITIES
from service.api.access import Context, Given, allow
from service.api.publications import publish_one
from service.api.route import Route
from service.errors import NotFoundError
from service.overviews import Standing
from service.pages.frame import READERS, Records, a_page, own_needs, show, standing_of
from service.people.principal import Role
from service.storage.tables import audit_log, districts, runs

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

NUM_URGENT: Final = 8
NUM_CHANGES: Final = 8
NEEDS_A_PAGE: Final = 50


@router.get("")
@allow(*READERS, Role.PARTNER)
def show_district(given: Given, request: Request) -> Response:
    """Show what is open, what changed lately, and when the next convening is; to a partner, its own page."""
    if given.role is Role.PARTNER:
        own = f"/{quote(next(iter(given.place.of)), safe='')}" if len(given.place.of) == 1 else ""
        return RedirectResponse(f"{request.url.path}/partners{own}", HTTPStatus.SEE_OTHER)
    standing = standing_of(given)
    needs = own_needs(given, standing.overview.needs)
    return show(
        given,
        "overview.html",
        levels=_levels(given, standing, needs),
        mentoring=_total(needs[needs["kind"] == "mentoring"]),
        all_help=_total(needs),
        urgent=needs[needs["open"] > 0].head(NUM_URGENT).to_dict("records"),
        num_open=int((needs["open"] > 0).sum()),
        changes=_changes(given) if given.role is not Role.LEADER else [],
        convening=_next_convening(standing),
    )


class NeedsAsked(BaseModel):
    """What the form above the list of needs asks for; blank is all."""

    model_config = ConfigDict(extra="ignore")

    q: str = Field("", max_length=1000)
    school: str = Field("", max_length=1000)
    kind: Literal["", *KINDS] = ""  # type: ignore[valid-type]  # the vocabulary's words
    priority: int | Literal[""] = ""
    status: Literal["", "open", "filled"] = ""
    page: int = Field(1, ge=1, le=10_000)


@router.get("/needs")
@allow(*READERS)
def show_needs(given: Given, request: Request, asked: Annotated[NeedsAsked, Query()]) -> Response:
    """Show the needs that a reader asks for, the most urgent first; those like a text, the most similar first."""
    standing = standing_of(given)
    needs = own_needs(given, standing.overview.needs)
    found = _asked_for(given, standing, needs, asked)
    filters = asked.model_dump(exclude={"page"}, exclude_defaults=True)
    shown, before, after = a_page(found, asked.page, NEEDS_A_PAGE, filters)
    return show(
        given,
        "needs.html",
        asked=asked,
        needs=shown,
        num_found=len(found),
        schools=sorted(set(zip(needs["school"], needs["school_id"], strict=True))),
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
    ran = _slots_running(standing_of(given), sent.need_id, sent.offer_id)
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
        return _need(given, sent.need_id, HTTPStatus.CONFLICT, fault=str(error), about=sent.offer_id)
    address = f"/districts/{given.place.district_key}/publications/{made.number}"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _need(
    given: Context, need_id: str, status: int = HTTPStatus.OK, *, fault: str = "", about: str = ""
) -> Response:
    """Return the page of a need; ``fault`` stands beside the offer it is about."""
    standing = standing_of(given)
    needs = own_needs(given, standing.overview.needs)
    found = needs[needs["need_id"] == need_id].to_dict("records")
    if not found:
        raise NotFoundError(f"Need {need_id}: expected one of this district that is open, found none.")
    recommenders = given.request.app.state.recommenders
    answer = recommenders.answer(given.connection, given.district_id, Question(need_id=need_id))
    return show(
        given,
        "need.html",
        status,
        need=found[0],
        stored=standing.loaded.district.needs.set_index("need_id").loc[need_id],
        running=_running(standing, need_id),
        answer=json.loads(answer),
        fault=fault,
        about=about,
    )


def _total(needs: pd.DataFrame) -> dict[str, int]:
    return {name: int(needs[name].sum()) for name in ("slots", "filled", "open")}


def _levels(
    given: Context, standing: Standing, needs: pd.DataFrame
) -> list[dict[str, Any]]:  # Any: cells of a row
    """Return needed and filled slots of each level that has any, and its bound as the last plan proved it."""
    bounds = {} if given.role is Role.LEADER else _last_bounds(given)
    by_level = {str(name): _total(rows) for name, rows in needs.groupby("level")}
    return [
        {"name": level.name, "bound": bounds.get(level.name), **by_level[level.name]}
        for level in standing.overview.levels
        if level.name in by_level
    ]


def _last_bounds(given: Context) -> dict[str, int]:
    """Return what no plan can exceed at each level, by the last run of the district as it stands now."""
    version = select(districts.c.version).where(districts.c.id == given.district_id).scalar_subquery()
    done = (
        select(runs.c.levels)
        .where(
            runs.c.district_id == given.district_id,
            runs.c.state == "done",
            runs.c.kind.in_(["match", "rematch"]),
            runs.c.district_version == version,
        )
        .order_by(runs.c.number.desc())
        .limit(1)
    )
    levels = given.connection.scalar(done) or []
    return {level["name"]: int(level["bound"]) for level in levels}


def _changes(given: Context) -> list[dict[str, Any]]:  # Any: likewise
    """Return what was done in the last week, counted, the most frequent first."""
    since = (datetime.now(UTC) - timedelta(days=7)).isoformat(timespec="microseconds")
    count = func.count()
    asked = (
        select(audit_log.c.action, audit_log.c.thing, count.label("count"))
        .where(audit_log.c.chain == given.district_id, audit_log.c.at >= since)
        .group_by(audit_log.c.action, audit_log.c.thing)
        .order_by(count.desc(), audit_log.c.thing, audit_log.c.action)
        .limit(NUM_CHANGES)
    )
    return [dict(row) for row in given.connection.execute(asked).mappings()]


def _next_convening(standing: Standing) -> Mapping[Hashable, Any] | None:  # Any: likewise
    rows = standing.loaded.district.convenings
    coming = rows[rows["date"] >= pd.Timestamp(standing.today)].sort_values("date")
    return coming.iloc[0].to_dict() if len(coming) else None


def _asked_for(given: Context, standing: Standing, needs: pd.DataFrame, asked: NeedsAsked) -> pd.DataFrame:
    """Return the needs that pass every filter of a form."""
    for column, wanted in (("school_id", asked.school), ("kind", asked.kind), ("priority", asked.priority)):
        if wanted != "":
            needs = needs[needs[column] == wanted]
    if asked.status:
        needs = needs[(needs["open"] > 0) == (asked.status == "open")]
    if asked.q.strip():
        least = policy_from_toml(standing.policy).fit.floor
        ids = given.request.app.state.overviews.similar_needs(given.district_id, standing, asked.q, least)
        needs = needs.set_index("need_id", drop=False).reindex(
            [name for name in ids if name in set(needs["need_id"])]
        )
    return needs


def _slots_running(standing: Standing, need_id: str, offer_id: str) -> int:
    return sum(int(row["slots"]) for row in _running(standing, need_id) if row["offer_id"] == offer_id)


def _running(standing: Standing, need_id: str) -> Records:  # Any: likewise
    """Return the partnerships that run for a need, with the names of their partners."""
    district = standing.loaded.district
    rows = district.partnerships
    rows = rows[(rows["need_id"] == need_id) & rows["status"].isin(["active", "paused"])]
    offers = district.offers.set_index("offer_id").loc[rows["offer_id"]]
    names = district.partners.set_index("partner_id")["name"]
    return rows.assign(
        partner=offers["partner_id"].map(names).to_numpy(), focus=offers["focus"].to_numpy()
    ).to_dict("records")
