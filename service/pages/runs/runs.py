"""The pages of runs: started, listed, followed while they are under way, and what came of one."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, BackgroundTasks, Form
from pydantic import BaseModel, Field
from sqlalchemy import Connection, func, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.policy import policy_from_toml
from service.api import runs as api
from service.api.access import Context, Given, allow
from service.api.paging import page_of
from service.api.route import Route
from service.api.run_requests import MatchRun, NewRun, RematchRun
from service.errors import ConflictError, NotFoundError
from service.pages.frame import READERS, go_to, show, standing_of
from service.pages.policy.words import differences_in_words, policy_of
from service.pages.reader import reader_of
from service.people.principal import Role
from service.runs.records import PLANS, AnyRow, plans_made, run_of
from service.storage.tables import publications, run_files, run_matches, runs, users

router = APIRouter(prefix="/districts/{district}/runs", route_class=Route, include_in_schema=False)

RUNS_A_PAGE: Final = 25
MOST_MOVES: Final = 2**53
EFFORTS: Final = ("quick", "standard", "thorough")


@router.get("")
@allow(*READERS)
def show_runs(given: Given, request: Request, after: int | None = None, mark: str = "") -> Response:
    """Show the runs, the latest first; to a school leader those that were published."""
    return _list(given, after, asks_for_two=mark == "two")


class Started(BaseModel):
    """What the forms that start a run send."""

    kind: Literal["match", "rematch"] = "match"
    effort: Literal["quick", "standard", "thorough"] = "standard"
    max_moves: str = ""
    policy: Annotated[str, Field(max_length=100_000)] = ""
    csrf: str = ""


@router.post("")
@allow(Role.COORDINATOR)
def start_run(
    given: Given, request: Request, sent: Annotated[Started, Form()], afterwards: BackgroundTasks
) -> Response:
    """Put a run into the queue, with the district's own policy unless one is sent, and go to its page."""
    moves = sent.max_moves.strip()
    if moves and not (moves.isascii() and moves.isdecimal() and int(moves) < MOST_MOVES):
        return _list(given, None, HTTPStatus.UNPROCESSABLE_ENTITY, sent=sent, moves_error=True)
    policy = sent.policy or None
    new: NewRun = MatchRun(kind="match", effort=sent.effort, policy=policy)
    if sent.kind == "rematch":
        most = int(moves) if moves else None
        new = RematchRun(kind="rematch", effort=sent.effort, max_moves=most, policy=policy)
    made = api.create_run(given, new, request, Response(), afterwards)
    return go(given, made.id)


@router.get("/{run_id}")
@allow(*READERS)
def show_run(given: Given, request: Request, run_id: str) -> Response:
    """Show how far a run is and, once it is done, what it reaches and what became of it."""
    return show_one(given, run_id)


@router.post("/{run_id}/cancel")
@allow(Role.COORDINATOR)
def cancel(given: Given, request: Request, run_id: str, afterwards: BackgroundTasks) -> Response:
    """Cancel a run; where it has just ended, its page says how."""
    try:
        api.cancel_run(given, run_id, request, afterwards)
    except ConflictError:
        return show_one(given, run_id, HTTPStatus.CONFLICT)
    return go(given, run_id)


def go(given: Context, run_id: str, then: str = "") -> RedirectResponse:
    """Go to a page of a run."""
    return go_to(given, f"/runs/{quote(run_id, safe='')}{then}")


def show_one(given: Context, run_id: str, status: int = HTTPStatus.OK) -> Response:
    """Return the page of a run; a school leader is told of a published one alone."""
    run = run_of(given.connection, given.district_id, run_id)
    published = publications_of(given.connection, run_id)
    if given.role is Role.LEADER and not published:
        raise NotFoundError(f"Run {run_id}: expected one that was published, found none.")
    return show(
        given,
        "run.html",
        status,
        run=run,
        settings=own_settings(given, run),
        others=_others(given, run),
        levels=_needed(run.levels),
        names=people_of(given.connection, [run, *published]),
        published=published,
        decided=_decided(given.connection, run_id),
        files=_files(given.connection, run_id),
        is_reviewed=run.kind in PLANS and run.state == "done",
    )


def publications_of(connection: Connection, run_id: str) -> Sequence[AnyRow]:
    """Return the publications of a run that stand, the latest first."""
    query = select(publications).where(publications.c.run_id == run_id, publications.c.undone_at.is_(None))
    return connection.execute(query.order_by(publications.c.number.desc())).all()


def people_of(connection: Connection, rows: Iterable[AnyRow]) -> dict[str, str]:
    """Return the names of the people who made runs or publications, by what stands there."""
    actors = {value for row in rows for name, value in row._mapping.items() if name.endswith("_by")}
    ids = [int(actor[5:]) for actor in actors if actor.startswith("user:")]
    found = connection.execute(select(users.c.id, users.c.name).where(users.c.id.in_(ids)))
    return {f"user:{row.id}": row.name for row in found}


def own_settings(given: Context, run: AnyRow) -> list[tuple[str, str, str]]:
    """Return in words what the policy of a run has other than the district's of today: label, theirs, the run's."""
    policy = policy_of(run)
    if policy is None or given.role is Role.LEADER:
        return []
    return differences_in_words(reader_of(given.request), policy_from_toml(standing_of(given).policy), policy)


def _others(given: Context, run: AnyRow) -> Sequence[AnyRow]:
    """Return the latest other runs that a plan can be compared with."""
    if run.state != "done" or run.kind not in PLANS or given.role is Role.LEADER:
        return []
    query = plans_made(given.district_id).where(runs.c.id != run.id)
    return given.connection.execute(query.limit(RUNS_A_PAGE)).all()


def _list(
    given: Context,
    after: int | None,
    status: int = HTTPStatus.OK,
    *,
    sent: Started | None = None,
    moves_error: bool = False,
    asks_for_two: bool = False,
) -> Response:
    query = select(runs).where(runs.c.district_id == given.district_id).order_by(runs.c.number.desc())
    if given.role is Role.LEADER:
        stands = publications.c.undone_at.is_(None)
        query = query.where(runs.c.id.in_(select(publications.c.run_id).where(stands)))
    if after is not None:
        query = query.where(runs.c.number < after)
    found = given.connection.execute(query.limit(RUNS_A_PAGE + 1)).all()
    page = page_of(found, RUNS_A_PAGE, lambda run: str(run.number))
    return show(
        given,
        "runs.html",
        status,
        runs=[(run, _total(run.levels), own_settings(given, run)) for run in page.items],
        asks_for_two=asks_for_two,
        earlier=page.next,
        names=people_of(given.connection, page.items),
        sent=sent or Started(),
        moves_error=moves_error,
        efforts=EFFORTS,
        is_running=bool(standing_of(given).overview.needs["filled"].any()),
    )


def _needed(levels: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:  # Any: JSON
    return [level for level in levels if level["needed"]]


def _total(levels: Sequence[Mapping[str, Any]]) -> dict[str, int]:  # Any: JSON
    return {name: sum(int(level[name]) for level in levels) for name in ("needed", "filled")}


def _decided(connection: Connection, run_id: str) -> dict[str, int]:
    """Return how many matches of the last plan of a run are decided in which way."""
    last = select(func.max(run_matches.c.plan)).where(run_matches.c.run_id == run_id).scalar_subquery()
    query = (
        select(run_matches.c.decision, func.count())
        .where(run_matches.c.run_id == run_id, run_matches.c.plan == last)
        .group_by(run_matches.c.decision)
    )
    return {str(word): int(count) for word, count in connection.execute(query)}


def _files(connection: Connection, run_id: str) -> list[dict[str, Any]]:  # Any: cells
    columns = (run_files.c.name, run_files.c.size)
    query = select(*columns).where(run_files.c.run_id == run_id).order_by(run_files.c.name)
    return [dict(file) for file in connection.execute(query).mappings()]
