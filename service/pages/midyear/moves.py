"""What a mid-year plan changes, match by match with its reason, and the calls to make first."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import pandas as pd
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from matching.calls import GAINED, PARTNER, SCHOOL, Stage, calls_of, stage_of
from matching.changes import Change
from matching.vocabulary import LEVELS
from service.api import results
from service.api.access import Context, Given, allow
from service.api.results import Plan
from service.api.route import Route
from service.pages.frame import PageNumber, show, standing_of
from service.pages.naming import contacts_of, names_of
from service.pages.runs.planned import planned
from service.people.principal import Role

router = APIRouter(prefix="/districts/{district}/runs/{run_id}", route_class=Route, include_in_schema=False)

GROUPS: Final = ("forced", "moved", "new", "enlarged", "kept")
MOST_OF_A_GROUP: Final = 25
CHANGES_A_PAGE: Final = 150
CALLS_A_PAGE: Final = 60
Shown = dict[str, Any]  # Any: cells of several types


@router.get("/moves")
@allow(Role.COORDINATOR, Role.BOARD)
def show_moves(
    given: Given,
    request: Request,
    run_id: str,
    plan: Plan = None,
    group: Literal["", "forced", "moved", "new", "enlarged", "kept"] = "",
    page: PageNumber = 1,
) -> Response:
    """Show what becomes of each match, what the world forces apart from what the plan moves."""
    of = planned(given, run_id, plan)
    changes = _changes(given, run_id, of.plan)
    groups: dict[str, list[Shown]] = {name: [] for name in GROUPS}
    for change in changes:
        groups[_group(change)].append(change)
    shown = groups[group][(page - 1) * CHANGES_A_PAGE : page * CHANGES_A_PAGE] if group else []
    return show(
        given,
        "moves.html",
        of=of,
        group=group,
        groups={group: shown} if group else {name: groups[name][:MOST_OF_A_GROUP] for name in GROUPS[:-1]},
        counts={name: len(found) for name, found in groups.items()},
        slots={name: sum(change["slots"] for change in found) for name, found in groups.items()},
        before=of.at("/moves", group=group, page=page - 1) if page > 1 else "",
        after=of.at("/moves", group=group, page=page + 1)
        if group and page * CHANGES_A_PAGE < len(groups[group])
        else "",
    )


@router.get("/calls")
@allow(Role.COORDINATOR)
def show_calls(
    given: Given, request: Request, run_id: str, plan: Plan = None, page: PageNumber = 1
) -> Response:
    """Show whom to call once a plan is chosen, in which order, with what there is to say; to read or to print."""
    of = planned(given, run_id, plan)
    changes = _changes(given, run_id, of.plan)
    calls = calls_of(pd.DataFrame(changes), LEVELS) if changes else []
    start = (page - 1) * CALLS_A_PAGE
    listed = calls[start : start + CALLS_A_PAGE]
    contacts = {
        side: contacts_of(given, side, [call.of for call in listed if call.side == side])
        for side in (SCHOOL, PARTNER)
    }
    names = names_of(standing_of(given))
    return show(
        given,
        "calls.html",
        of=of,
        start=start,
        num_calls=len(calls),
        calls=[
            {
                "side": call.side,
                "name": (names.schools if call.side == SCHOOL else names.partners).get(call.of, call.of),
                "stage": call.stage.value,
                "num_waiting": len(call.waiting),
                "contact": contacts[call.side].get(call.of, ""),
                "changes": [changes[number] for number in call.changes],
            }
            for call in listed
        ],
        before=of.at("/calls", page=page - 1) if page > 1 else "",
        after=of.at("/calls", page=page + 1) if start + CALLS_A_PAGE < len(calls) else "",
    )


def _group(change: Shown) -> str:
    if change["change"] == Change.KEPT:
        return "kept"
    stage = stage_of(change)
    return str(change["change"]) if stage is Stage.ASKED else stage.value


def _changes(given: Context, run_id: str, plan: int) -> list[Shown]:
    """Return what becomes of each match, with its names: mentoring first, then by school and partner."""
    names = names_of(standing_of(given))
    found: list[Shown] = []
    for change in results.all_changes(given, run_id, plan):
        match = names.match(change.need_id, change.offer_id)
        told = {name: match[name] for name in ("school", "partner", "statement", "kind", "focus")}
        found.append({**change.model_dump(), **told, "slots": abs(change.after - change.before)})
    _tell_where_slots_go(found)
    ranks = {level: rank for rank, level in enumerate(LEVELS)}
    return sorted(found, key=lambda one: (ranks.get(one["level"], len(ranks)), one["school"], one["partner"]))


def _tell_where_slots_go(changes: Sequence[Shown]) -> None:
    """Add to what the plan takes from a match where its slots go, and who takes over."""
    gains = [change for change in changes if change["change"] in GAINED]
    for change in changes:
        change["told"] = change["reason"].partition(": ")[2] if change["change"] in GAINED else ""
        is_moved = change["change"] != Change.KEPT and stage_of(change) is Stage.MOVED
        there = [one for one in gains if one["offer_id"] == change["offer_id"]] if is_moved else []
        here = [one for one in gains if one["need_id"] == change["need_id"]] if is_moved else []
        change["goes_to"] = sorted({one["school"] for one in there})
        change["taken_by"] = sorted({one["partner"] for one in here})
