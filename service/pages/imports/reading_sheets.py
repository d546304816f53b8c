"""How the sheets of a file are read: which table each is, which column each column, and which names mean the same."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.columns import Column
from matching.mapping.applying import NAMED, known_of, missing_of
from matching.mapping.finding import NEW
from matching.mapping.guessing import EXTRA, LEFT, SURE, SheetReading, guessed_as, required_of, targets_of
from matching.schemas import TABLES
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.errors import NotFoundError
from service.pages.frame import SentForm, go_to, show
from service.pages.imports.importing import Key
from service.pages.imports.staging import SheetPlan, Staged, district_of, remember, save, staged_of
from service.people.principal import Role

router = APIRouter(prefix="/districts/{district}/import/files", route_class=Route, include_in_schema=False)

MOST_CELLS: Final = 3
MOST_NAMES: Final = 200
_LONGEST: Final = 60
_LONGEST_CONSTANT: Final = 500


@router.get("/{key}")
@allow(Role.COORDINATOR)
def show_sheet(given: Given, request: Request, key: Key, sheet: int | None = None) -> Response:
    """Show how a sheet is read, by default the first that someone should look at."""
    staged = staged_of(given, key)
    return _page(given, staged, _place(staged, staged.unchecked or 0 if sheet is None else sheet))


@router.post("/{key}")
@allow(Role.COORDINATOR)
def read_sheet(given: Given, request: Request, key: Key, form: SentForm) -> Response:
    """Keep how a sheet is read, and go on to the next that someone should look at."""
    return _kept(given, key, form)


@router.get("/{key}/names")
@allow(Role.COORDINATOR)
def show_names(given: Given, request: Request, key: Key, all: bool = False) -> Response:
    """Ask which names mean schools and partners that are there; where there is nothing to ask, go on."""
    staged = staged_of(given, key)
    if staged.unchecked is not None:
        return _go(given, key, f"?sheet={staged.unchecked}")
    before = district_of(given)
    near = staged.near(before) if all else staged.unanswered(before)
    if not near:
        return _go(given, key, "/preview")
    known = known_of(before).names
    asked = [
        {
            "field": f"{each.table}:{each.name}",
            "table": each.table,
            "name": each.name,
            "near": [(near_id, known[each.table][near_id]) for near_id in each.near],
            "chosen": staged.names.get(each.table, {}).get(each.name, each.near[0] if each.is_same else NEW),
        }
        for each in near[:MOST_NAMES]
    ]
    return show(given, "import_names.html", staged=staged, asked=asked, num_more=len(near) - len(asked))


@router.post("/{key}/names")
@allow(Role.COORDINATOR)
def say_names(given: Given, request: Request, key: Key, form: SentForm) -> Response:
    """Keep which names mean the same."""
    staged = staged_of(given, key)
    names = {table: dict(said) for table, said in staged.names.items()}
    known = known_of(district_of(given)).names
    for field, chosen in form.multi_items():
        table, _, name = field.partition(":")
        if table in names and isinstance(chosen, str) and (chosen == NEW or chosen in known[table]):
            names[table][name] = chosen
    staged = replace(staged, names=names)
    save(given, staged)
    remember(given, staged)
    return _go(given, key, "/names")


def _go(given: Context, key: str, path: str) -> RedirectResponse:
    return go_to(given, f"/import/files/{key}{path}")


def _place(staged: Staged, sheet: int) -> int:
    if not 0 <= sheet < len(staged.grids):
        raise NotFoundError(f"Sheet {sheet}: expected 0 to {len(staged.grids) - 1}.")
    return sheet


def _kept(given: Context, key: str, form: FormData) -> Response:
    staged = staged_of(given, key)
    text = str(form.get("sheet", "0"))
    place = _place(staged, int(text) if text.isdecimal() else -1)
    grid, old = staged.grids[place], staged.plans[place].reading
    table = str(form.get("table", ""))
    table = table if table in TABLES else ""
    if table != old.table or "again" in form:
        staged = staged.with_plan(place, _plan_as(given, staged, place, table))
        save(given, staged)
        return _go(given, key, f"?sheet={place}") if table else _next(given, staged)
    targets = targets_of(table) if table else {}
    columns = [str(form.get(f"column-{at}", EXTRA)) for at in range(len(grid.headers))]
    columns = [name if name in targets or name == LEFT else EXTRA for name in columns]
    constants = {
        name: str(form.get(f"all-{name}", "")).strip()[:_LONGEST_CONSTANT]
        for name in _constants(table, targets)
    }
    reading = SheetReading(table, tuple(columns), {name: text for name, text in constants.items() if text})
    staged = staged.with_plan(place, SheetPlan(reading, staged.plans[place].confidence, True))
    twice = [name for name, count in Counter(columns).items() if count > 1 and name not in (EXTRA, LEFT)]
    missing = missing_of(reading)
    if twice or missing:
        return _page(given, staged, place, twice=twice, missing=missing)
    save(given, staged)
    return _next(given, staged)


def _next(given: Context, staged: Staged) -> Response:
    waiting = staged.unchecked
    if waiting is None:
        remember(given, staged)
    return _go(given, staged.id, "/names" if waiting is None else f"?sheet={waiting}")


def _plan_as(given: Context, staged: Staged, place: int, table: str) -> SheetPlan:
    """Return how a sheet is read by the look of it as one of a table that someone chose."""
    grid = staged.grids[place]
    if not table:
        return SheetPlan(SheetReading("", (LEFT,) * len(grid.headers)), (0.0,) * len(grid.headers), True)
    known = known_of(district_of(given))
    guess = guessed_as(grid, table, known, given.request.app.state.encoder)
    return SheetPlan(guess.reading, guess.confidence, False)


def _constants(table: str, targets: Mapping[str, Column]) -> list[str]:
    """Return the columns that may be said for all rows: those each row must fill, and those of what comes along."""
    if not table:
        return []
    along = [
        name
        for name, column in targets.items()
        if not name.startswith(f"{table}.") and column.is_required and not name.endswith(".name")
    ]
    own = [name for name in required_of(table) if table not in NAMED or not name.endswith(".name")]
    return [*own, *along]


def _page(
    given: Context,
    staged: Staged,
    place: int,
    *,
    twice: list[str] | None = None,
    missing: list[str] | None = None,
) -> Response:
    grid, plan = staged.grids[place], staged.plans[place]
    table = plan.reading.table
    targets = targets_of(table) if table else {}
    is_wrong = bool(twice or missing)
    return show(
        given,
        "import_sheet.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK,
        staged=staged,
        place=place,
        grid=grid,
        plan=plan,
        tables=list(TABLES),
        groups=_groups(table, targets),
        lines=[_line(grid.headers[at], grid.columns[at], plan, at) for at in range(len(grid.headers))],
        constants=[
            {
                "name": name,
                "words": targets[name].words,
                "text": plan.reading.constants.get(name, ""),
                "is_of_new": table in NAMED or not name.startswith(f"{table}."),
            }
            for name in _constants(table, targets)
            if name not in plan.reading.columns or plan.reading.constants.get(name)
        ],
        required=[*required_of(table)] if table else [],
        missing=missing if missing is not None else [],
        twice=twice or [],
        num_rows=len(grid.rows),
    )


def _groups(table: str, targets: Mapping[str, Column]) -> dict[str, list[tuple[str, str]]]:
    """Return what a column may be, by table: the name that is sent and the one that is shown."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in targets:
        owner, _, column = name.partition(".")
        groups.setdefault(owner, []).append((name, column.replace("_", " ")))
    return groups


def _line(
    header: str, cells: tuple[str, ...], plan: SheetPlan, at: int
) -> dict[str, Any]:  # Any: what is shown
    filled = list(dict.fromkeys(cell[:_LONGEST] for cell in cells if cell))[:MOST_CELLS]
    chosen, sure = plan.reading.columns[at], plan.confidence[at]
    return {
        "header": header,
        "cells": filled,
        "chosen": chosen,
        "is_unsure": not plan.is_checked and chosen != LEFT and sure < SURE,
    }
