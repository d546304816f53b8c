"""Two runs side by side: what their levels reach, which matches they share, who wins and who loses, and why."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from matching.comparing import Comparison, MatchChange, compare_plans, slots_by_school
from matching.differences import differences
from matching.district import District
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.pages.frame import PageNumber, go_to, show, standing_of
from service.pages.naming import Names, names_of
from service.pages.policy.words import differences_in_words, policy_of
from service.pages.reader import reader_of
from service.pages.runs.runs import people_of
from service.people.principal import Role
from service.runs import reviews
from service.runs.job import district_of
from service.runs.records import AnyRow, job_of, run_of

router = APIRouter(prefix="/districts/{district}/runs", route_class=Route, include_in_schema=False)

CHANGES_A_PAGE: Final = 60
MOST_GONE_TO: Final = 3
MOST_ROWS: Final = 20
TWO: Final = 2
Shown = dict[str, Any]  # Any: what a template shows


@router.get("/compare")
@allow(Role.COORDINATOR, Role.BOARD)
def choose_two(given: Given, request: Request, run: Annotated[tuple[str, ...], Query()] = ()) -> Response:
    """Go to the comparison of two runs, the earlier one first; without two back to the list, which says so."""
    if len(run) != TWO:
        return go_to(given, "/runs?mark=two#made")
    pair = sorted((run_of(given.connection, given.district_id, one) for one in run), key=_number)
    earlier, later = (quote(one.id, safe="") for one in pair)
    return go_to(given, f"/runs/{earlier}/compare?with={later}")


@router.get("/{run_id}/compare")
@allow(Role.COORDINATOR, Role.BOARD)
def compare(
    given: Given,
    request: Request,
    run_id: str,
    other: Annotated[str, Query(alias="with", max_length=100)],
    page: PageNumber = 1,
    tables: bool = False,
) -> Response:
    """Show what differs between two runs as they were made, the first one being what was before."""
    pair = [reviews.run_with_plans(given.connection, given.district_id, one) for one in (run_id, other)]
    plans = [_plan(given, one) for one in pair]
    found = compare_plans(*(reviews.matches_planned(rows) for rows in plans))
    standing = standing_of(given)
    names = names_of(standing)
    changes = _named(found, names)
    start = (page - 1) * CHANGES_A_PAGE
    return show(
        given,
        "compare.html",
        runs=pair,
        people=people_of(given.connection, pair),
        levels=_levels(*pair),
        lines=[_lines(one, rows) for one, rows in zip(pair, plans, strict=True)],
        settings=_settings(given, pair),
        is_same_input=pair[0].input_sha256 == pair[1].input_sha256,
        tables=_tables(given, pair) if tables else None,
        found=found,
        schools=_schools(found, names, standing.loaded.district),
        changes=changes[start : start + CHANGES_A_PAGE],
        num_changes=len(changes),
        before=page - 1,
        after=page + 1 if start + CHANGES_A_PAGE < len(changes) else 0,
    )


def _number(run: AnyRow) -> int:
    return int(run.number)


def _settings(given: Context, pair: Sequence[AnyRow]) -> list[tuple[str, str, str]]:
    was, now = (policy_of(run) for run in pair)
    return differences_in_words(reader_of(given.request), was, now) if was and now else []


def _plan(given: Context, run: AnyRow) -> Sequence[AnyRow]:
    plan = reviews.plan_of(given.connection, given.district_id, run.id, None)
    return reviews.rows_of_plan(given.connection, run.id, plan)


def _levels(before: AnyRow, after: AnyRow) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:  # Any: JSON
    """Return each level that has slots in either run, in the order of the second one's policy."""
    blank = {"needed": 0, "filled": 0, "bound": 0, "proven": True}
    was = {level["name"]: level for level in before.levels}
    both = [(was.get(level["name"], blank | {"name": level["name"]}), level) for level in after.levels]
    return [pair for pair in both if pair[0]["needed"] or pair[1]["needed"]]


def _lines(run: AnyRow, rows: Sequence[AnyRow]) -> Shown:
    """Return what is told of a plan beside its levels."""
    summary = run.summary
    even, fit = summary.get("even") or {}, summary.get("fit") or {}
    filled = sum(level["filled"] for level in run.levels)
    return {
        "filled": filled,
        "matches": sum(row.planned > 0 for row in rows),
        "worst": even.get("worst_share"),
        "gini": even.get("gini"),
        "fit": fit.get("value", 0) / filled / 1_000_000 if filled and fit else None,
        "proven": {"even": even.get("proven"), "fit": fit.get("proven")},
        "moved": sum(max(row.ran - row.planned, 0) for row in rows),
        "kept": sum(min(row.ran, row.planned) for row in rows),
        "ran": sum(row.ran for row in rows),
    }


def _named(found: Comparison, names: Names) -> list[Shown]:
    """Return the matches that differ with their names, school by school, mentoring first."""
    told = [{"change": change, **names.match(change.need_id, change.offer_id)} for change in found.changes]
    for one in told:
        one["gone_to"] = _gone_to(one["change"], names)
    return sorted(told, key=lambda one: (one["school"], one["level"], one["need_id"], one["partner"]))


def _gone_to(change: MatchChange, names: Names) -> list[Shown]:
    return [
        {"slots": taken.slots, **names.match(taken.need_id, change.offer_id)}
        for taken in change.gone_to[:MOST_GONE_TO]
    ]


def _schools(found: Comparison, names: Names, district: District) -> list[tuple[str, int, int]]:
    """Return the schools whose slots differ with these before and after, the greatest losses first."""
    sums = slots_by_school(district, found.by_need)
    differ = [(names.schools.get(key, key), was, now) for key, (was, now) in sums.items() if was != now]
    return sorted(differ, key=lambda one: (one[2] - one[1], one[0]))


def _tables(given: Context, pair: Sequence[AnyRow]) -> Shown:
    """Return which rows of the district differ between the snapshots of two runs."""
    with TemporaryDirectory(prefix="partnermatch-") as name:
        states = []
        for side, run in zip(("before", "after"), pair, strict=True):
            (Path(name) / side).mkdir()
            states.append(district_of(job_of(given.connection, run), Path(name) / side))
    found = differences(*states)
    counts = {table: counted for table, counted in found.counts.items() if len(found.tables[table])}
    return {"counts": counts, "rows": found.rows(count=MOST_ROWS), "num_rows": len(found)}
