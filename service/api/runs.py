"""Runs: asked for, followed and cancelled; what comes of them is in `service.api.results`."""

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import anyio
from fastapi import BackgroundTasks, Body, Header, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy import select
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from service.api import route
from service.api.access import Given, allow
from service.api.paging import After, Limit, Page, check_query, page_of
from service.api.run_requests import EXAMPLES, NewRun, asked_of
from service.people.principal import Role
from service.runs import records
from service.runs.job import Kind
from service.runs.records import AnyRow
from service.storage.tables import runs

router = route.router("runs")

READERS: Final = (Role.COORDINATOR, Role.BOARD)
Status = Literal["queued", "running", "done", "failed", "cancelled"]
_LOOK_SECONDS: Final = 0.5
_PING_SECONDS: Final = 15
_LONGEST_SECONDS: Final = 300.0
"""After this a browser asks again by itself, and it is looked anew whether it may."""
_LONGEST_NUMBER: Final = 18


class LevelNow(BaseModel):
    """What a level reaches; with its bound once the run is done."""

    name: str
    needed: int
    filled: int
    bound: int | None = None
    proven: bool | None = None


class RunState(BaseModel):
    """How far a run is."""

    status: Status
    phase: str
    share: float
    """How much of it is done, 0 to 1."""
    levels: list[LevelNow]
    fault: str
    """Why it failed."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status not in ("queued", "running")


class RunRead(RunState):
    """A run, with all that its result comes from."""

    id: str
    kind: Kind
    attempts: int
    request: dict[str, Any]  # JSON
    """What was asked for: date, effort, seed, policy in TOML, model and so on."""
    base: str | None
    input_sha256: str
    district_version: int
    versions: dict[str, str]
    summary: dict[str, Any]  # JSON
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@router.post("", status_code=202)
@allow(Role.COORDINATOR)
def create_run(
    given: Given,
    new: Annotated[NewRun, Body(openapi_examples=EXAMPLES)],
    request: Request,
    response: Response,
    afterwards: BackgroundTasks,
) -> RunRead:
    """Put a run into the queue; it works on the district as it is now."""
    # The snapshot is taken before the district is locked: nobody waits for it.
    with given.database.reading() as connection:
        asked = asked_of(given, connection, new, request.app.state.settings.model)
    run_id = records.add_run(given.connection, asked)
    given.record("created", "runs", run_id, {"kind": new.kind}, matters=False)
    response.headers["Location"] = f"/api/v1/runs/{run_id}"
    afterwards.add_task(request.app.state.supervisor.wake)
    return _read(records.run_of(given.connection, given.district_id, run_id))


@router.get("")
@allow(*READERS)
def list_runs(
    given: Given,
    status: Annotated[Status | None, Query(description="Only runs of this status.")] = None,
    kind: Annotated[Kind | None, Query(description="Only runs of this kind.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[RunRead]:
    """Return the runs, the latest first."""
    check_query(given.request, "status", "kind")
    query = select(runs).where(runs.c.district_id == given.district_id).order_by(runs.c.number.desc())
    for column, wanted in ((runs.c.state, status), (runs.c.kind, kind)):
        query = query if wanted is None else query.where(column == wanted)
    if after is not None:
        query = query.where(runs.c.number < number_of(after))
    found = given.connection.execute(query.limit(limit + 1)).all()
    page = page_of(found, limit, lambda run: str(run.number))
    return Page(items=[_read(run) for run in page.items], next=page.next)


@router.get("/{run_id}")
@allow(*READERS)
def read_run(given: Given, run_id: str) -> RunRead:
    """Return a run."""
    return _read(records.run_of(given.connection, given.district_id, run_id))


@router.post("/{run_id}/cancel")
@allow(Role.COORDINATOR)
def cancel_run(given: Given, run_id: str, request: Request, afterwards: BackgroundTasks) -> RunRead:
    """Cancel a run that is queued or running; its process is killed within a second."""
    records.cancel(given.connection, records.run_of(given.connection, given.district_id, run_id))
    given.record("cancelled", "runs", run_id, matters=False)
    afterwards.add_task(request.app.state.supervisor.wake)
    return _read(records.run_of(given.connection, given.district_id, run_id))


@router.get(
    "/{run_id}/events",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Events `progress`, and `end` at last."},
        204: {"description": "The run has ended, and its end was told before."},
    },
)
@allow(*READERS)
def follow_run(
    given: Given,
    run_id: str,
    last_event_id: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Tell how far a run is, whenever that changes, until it ends; the data are those of a run's status."""
    run = records.run_of(given.connection, given.district_id, run_id)
    state = _state(run)
    if state.has_ended and last_event_id == _event_id(state):
        # Else a browser would ask again and again.
        return Response(status_code=204)

    def look() -> RunState:
        with given.database.reading() as connection:
            return _state(records.run_of(connection, given.district_id, run_id))

    is_stopping = anyio.Event()
    return EventSourceResponse(
        _events(look, last_event_id, is_stopping),
        ping=_PING_SECONDS,
        sep="\n",
        shutdown_event=is_stopping,
        shutdown_grace_period=2 * _LOOK_SECONDS,
    )


async def _events(
    look: Callable[[], RunState], last: str | None, is_stopping: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    """Yield each new state of a run, the one after ``last`` first, until it or the server ends or time is up."""
    end = anyio.current_time() + _LONGEST_SECONDS
    while anyio.current_time() < end and not is_stopping.is_set():
        state = await run_in_threadpool(look)
        if (event_id := _event_id(state)) != last:
            last = event_id
            name = "end" if state.has_ended else "progress"
            yield ServerSentEvent(state.model_dump_json(), event=name, id=event_id, sep="\n")
        if state.has_ended:
            return
        with anyio.move_on_after(_LOOK_SECONDS):
            await is_stopping.wait()


def _event_id(state: RunState) -> str:
    """Return what tells one state of a run from another."""
    return hashlib.sha256(state.model_dump_json().encode()).hexdigest()[:16]


def number_of(cursor: str) -> int:
    """Return the number that a cursor stands for.

    Raises
    ------
    ValueError
        Where it is none of ours.
    """
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _LONGEST_NUMBER):
        raise ValueError(f"after: expected the `next` of a page, found {cursor[:50]}.")
    return int(cursor)


def _read(run: AnyRow) -> RunRead:
    given = {name: getattr(run, name) for name in RunRead.model_fields if name not in ("status", "base")}
    return RunRead(status=run.state, base=run.base_id, **given)


def _state(run: AnyRow) -> RunState:
    return RunState(status=run.state, phase=run.phase, share=run.share, levels=run.levels, fault=run.fault)
