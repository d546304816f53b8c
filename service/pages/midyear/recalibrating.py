"""Mid-year: what has happened to the running matches, what may move, and the curve on which a plan is chosen."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

import pandas as pd
from fastapi import APIRouter, BackgroundTasks, Form, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.calls import Stage, stage_of
from matching.curve import Curve, Point
from matching.policy import policy_from_toml
from matching.standing import running_matches
from service.api import results
from service.api import runs as api
from service.api.access import Context, Given, allow
from service.api.results import ChangeRead, Plan, PointRead
from service.api.route import Route
from service.api.run_requests import CurveRun, Pair
from service.errors import NotFoundError, StaleError
from service.overviews import Standing
from service.pages.frame import go_to, show, standing_of
from service.pages.midyear.picture import picture_of
from service.pages.naming import Names, names_of
from service.pages.runs.planned import planned
from service.pages.runs.runs import EFFORTS, go
from service.people.principal import Role
from service.runs.records import run_of
from service.storage import former_rows, rows
from service.storage.former_rows import Done, Former

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

MOST_SHOWN: Final = 100
Shown = list[dict[str, Any]]  # Any: cells of several types
Texts = Annotated[list[Annotated[str, Field(max_length=1100)]], Field(max_length=10_000)]


class Asked(BaseModel):
    """What the page of what may move shows: a school's matches, and the pairs that were released so far."""

    model_config = ConfigDict(extra="ignore")

    school: Annotated[str, Field(max_length=500)] = ""
    release: Texts = []
    did: Annotated[str, Field(max_length=20)] = ""
    undo: Annotated[str, Field(max_length=10_000)] = ""


class Started(BaseModel):
    """What starts a recalibration: the matches that may move, and how long to look."""

    release: Texts = []
    effort: Literal["quick", "standard", "thorough"] = "standard"
    csrf: str = ""


class Withdrawn(BaseModel):
    """A partner that has withdrawn; ``undo`` names what was kept of its offers, to take that back."""

    partner: Annotated[str, Field(max_length=500)] = ""
    undo: Annotated[str, Field(max_length=10_000)] = ""
    csrf: str = ""


@router.get("/recalibrate")
@allow(Role.COORDINATOR)
def show_start(given: Given, request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Show what has happened since, which mentoring stays, and what may move; nothing is planned yet."""
    return _start(given, asked)


@router.post("/recalibrate")
@allow(Role.COORDINATOR)
def start(
    given: Given, request: Request, sent: Annotated[Started, Form()], afterwards: BackgroundTasks
) -> Response:
    """Put a curve into the queue, and go to its page."""
    known = {_pair(match) for match in _running(given) if match["is_mentoring"]}
    if not known.issuperset(sent.release):
        gone = Asked(release=[pair for pair in sent.release if pair in known])
        return _start(given, gone, HTTPStatus.CONFLICT)
    pairs = [pair.split("=", 1) for pair in dict.fromkeys(sent.release)]
    released = [Pair(need_id=need_id, offer_id=offer_id) for need_id, offer_id in pairs]
    new = CurveRun(kind="curve", effort=sent.effort, released=released)
    return go(given, api.create_run(given, new, request, Response(), afterwards).id)


@router.post("/recalibrate/withdraw")
@allow(Role.COORDINATOR)
def withdraw(given: Given, request: Request, sent: Annotated[Withdrawn, Form()]) -> Response:
    """Note that a partner has withdrawn: its offers have no slots any more. Or take that back."""
    if sent.undo:
        for name in sent.undo.split("."):
            _take_back(given, name)
        return _back(given, did="stays")
    offers = standing_of(given).loaded.district.offers
    own = offers[(offers["partner_id"] == sent.partner) & (offers["slots"] > 0)]
    if own.empty:
        raise NotFoundError(f"Partner {sent.partner}: expected one with slots to give, found none.")
    kept = [_without_slots(given, str(offer_id)) for offer_id in own["offer_id"]]
    return _back(given, did="withdrew", undo=".".join(kept))


@router.get("/runs/{run_id}/curve")
@allow(Role.COORDINATOR, Role.BOARD)
def show_curve(given: Given, request: Request, run_id: str, plan: Plan = None) -> Response:
    """Show what more moves bring, as a picture and a table to choose a plan from, first the one advised."""
    of = planned(given, run_id, plan)
    if not of.points:
        raise NotFoundError(f"Run {run_id}: expected a curve, found a {of.kind}.")
    run = run_of(given.connection, given.district_id, run_id)
    needed = {level["name"]: level["needed"] for level in run.levels}
    curve = curve_of(of.points)
    chosen = curve.advised if plan is None else of.plan
    changes = results.all_changes(given, run_id, chosen)
    levels = [level for level in curve.levels if needed.get(level)]
    return show(
        given,
        "curve.html",
        of=planned(given, run_id, chosen),
        curve=curve,
        chosen=chosen,
        points=of.points,
        levels=levels,
        needed=needed,
        picture=picture_of(curve, levels),
        counts=_counts(changes),
        forced=_forced(changes),
    )


def curve_of(points: Sequence[PointRead]) -> Curve:
    """Return the plans of a run as a curve."""
    levels = tuple(points[0].levels)
    return Curve(
        levels,
        [
            Point(point.max_moves, point.moves, tuple(point.levels[level] for level in levels))
            for point in points
        ],
    )


def _counts(changes: Sequence[ChangeRead]) -> dict[str, tuple[int, int]]:
    """Return how many matches a plan changes in which way, and by how many slots."""
    found: dict[str, tuple[int, int]] = {}
    for change in changes:
        matches, slots = found.get(change.change, (0, 0))
        found[change.change] = matches + 1, slots + abs(change.after - change.before)
    return found


def _forced(changes: Sequence[ChangeRead]) -> dict[str, tuple[int, int]]:
    """Return how many matches, and slots of theirs, the world takes from a plan, by what happened."""
    found: dict[str, tuple[int, int]] = {}
    for change in changes:
        if change.forced and stage_of(change.model_dump()) is Stage.FORCED:
            matches, slots = found.get(change.cause, (0, 0))
            found[change.cause] = matches + 1, slots + change.forced
    return found


def _start(given: Context, asked: Asked, status: int = HTTPStatus.OK) -> Response:
    standing = standing_of(given)
    names, running = names_of(standing), _running(given)
    mentoring = [match for match in running if match["is_mentoring"]]
    in_school = [match for match in mentoring if asked.school in ("", match["school_id"])]
    chosen = set(asked.release)
    return show(
        given,
        "recalibrate.html",
        status,
        asked=asked,
        ended=[match for match in running if match["cause"]],
        by_hand=[match for match in running if match["is_locked"] and match["is_by_hand"]],
        released=[match for match in mentoring if match["pair"] in chosen],
        mentoring=[match for match in in_school if match["pair"] not in chosen][:MOST_SHOWN],
        num_mentoring=len(mentoring),
        num_in_school=sum(match["pair"] not in chosen for match in in_school),
        num_running=len(running),
        schools=sorted({(match["school"], match["school_id"]) for match in mentoring}),
        partners=_givers(standing, names),
        efforts=EFFORTS,
    )


def _running(given: Context) -> Shown:
    """Return the running matches with their names, whether they stay, and what ends them; mentoring may be released."""
    standing = standing_of(given)
    district, names = standing.loaded.district, names_of(standing)
    found = running_matches(district, policy_from_toml(standing.policy), standing.today)
    stored = district.partnerships
    locked = stored[stored["locked"]]
    by_hand = set(zip(locked["need_id"], locked["offer_id"], strict=True))
    matches = []
    for row in found.to_dict("records"):
        match = names.match(row["need_id"], row["offer_id"]) | {str(name): cell for name, cell in row.items()}
        match["pair"] = _pair(match)
        match["is_by_hand"] = (row["need_id"], row["offer_id"]) in by_hand
        stays = match["is_locked"] and not match["is_by_hand"]
        match["is_mentoring"] = stays and match["kind"] == "mentoring"
        matches.append(match)
    return sorted(matches, key=lambda match: (match["school"], match["level"], match["partner"]))


def _pair(match: Mapping[str, Any]) -> str:  # Any: likewise
    return f"{match['need_id']}={match['offer_id']}"


def _givers(standing: Standing, names: Names) -> list[tuple[str, str]]:
    """Return the partners that have slots to give, by name."""
    offers = standing.loaded.district.offers
    ids = pd.unique(offers.loc[offers["slots"] > 0, "partner_id"])
    return sorted((names.partners[key], key) for key in ids)


def _without_slots(given: Context, offer_id: str) -> str:
    """Take an offer's slots away, and return under which name what it had is kept."""
    row = rows.get(given.connection, given.district_id, "offers", offer_id)
    before = {name: row.cells[name] for name in ("slots", "trained_slots")}
    none = {"slots": 0} | ({} if before["trained_slots"] is None else {"trained_slots": 0})
    row = rows.change(given.connection, given.district_id, "offers", row, none)
    given.record("changed", "offers", offer_id, {"columns": sorted(none)})
    former = Former(Done.CHANGED, "offers", offer_id, row.version, before)
    return former_rows.keep(given.connection, given.district_id, given.principal.actor, former)


def _take_back(given: Context, name: str) -> None:
    """Give an offer its slots again; what someone changed since stays."""
    former = former_rows.find(given.connection, given.district_id, given.principal.actor, name)
    if former is None or former.table != "offers":
        return
    row = rows.get(given.connection, given.district_id, "offers", former.key)
    if row.version != former.version:
        raise StaleError(f"Offer {former.key}: expected it as it was left, found that it was changed since.")
    rows.change(given.connection, given.district_id, "offers", row, former.cells)
    given.record("changed", "offers", former.key, {"columns": sorted(former.cells)})
    former_rows.forget(given.connection, name)


def _back(given: Context, **told: str) -> RedirectResponse:
    return go_to(given, f"/recalibrate?{urlencode(told)}")
